//! The dialog with the saved views of a page.

use domain::{
    ids::SavedViewId,
    permissions::Reach,
    saved_views::{NewSavedView, SHARE_VIEWS, SavedView, SavedViewChanges},
};
use leptos::{ev, prelude::*};

use super::ViewsContext;
use crate::{
    addresses::saved_view_href,
    api,
    components::{
        Badge, Button, ButtonStyle, Confirm, Dialog, ErrorView, Field, FormError, Icon, focus_if_removed, use_toasts,
    },
    lean::{CollectAny, When, watch},
    state::{Submission, load_when, submission, use_go, use_organization},
};

/// The field of the dialog that stays, for the focus of what is removed.
const NAME_FIELD: &str = "dialog[open] [name=name]";

/// A change of a view.
#[derive(Clone)]
struct ViewEdit {
    id: SavedViewId,
    changes: SavedViewChanges,
}

/// What can be done with the listed views.
#[derive(Clone, Copy)]
struct ViewActions {
    may_share: bool,
    edit: Submission<ViewEdit>,
    delete: Submission<SavedViewId>,
    /// The view that was deleted last.
    deleted: RwSignal<Option<SavedViewId>>,
    /// The shared view whose deletion has to be confirmed.
    questioned: RwSignal<Option<SavedView>>,
    /// The view whose name is being edited.
    renamed: RwSignal<Option<SavedViewId>>,
}

impl ViewActions {
    fn delete(self, id: SavedViewId) {
        if !self.delete.pending().get_untracked() {
            self.deleted.set(Some(id));
            self.delete.send(id);
        }
    }
}

/// The dialog, for the [`ViewsContext`] in the context.
#[component]
pub fn SavedViewsDialog() -> impl IntoView {
    let ViewsContext { open, .. } = expect_context();
    view! {
        <Dialog open title="Views" on_close=move || open.set(false)>
            <Content/>
        </Dialog>
    }
}

#[component]
fn Content() -> impl IntoView {
    let ViewsContext { page, query, open } = expect_context();
    let organization = use_organization();
    let toasts = use_toasts();
    let may_share = organization.reach(SHARE_VIEWS).is_some_and(Reach::is_organization_wide);
    let views = load_when(move || open.get().then(|| api::saved_views::List { organization: organization.slug() }));
    let renamed = RwSignal::new(None::<SavedViewId>);
    let edit = submission(
        move |edit: &ViewEdit| api::saved_views::Edit {
            organization: organization.slug(),
            id: edit.id,
            changes: edit.changes.clone(),
        },
        move |_, ()| {
            renamed.set(None);
            views.refresh();
            focus_if_removed(NAME_FIELD);
        },
    );
    let delete = submission(
        move |id: &SavedViewId| api::saved_views::Delete { organization: organization.slug(), id: *id },
        move |_, ()| views.refresh(),
    );
    let (name, shared) = (RwSignal::new(String::new()), RwSignal::new(false));
    let save = submission(
        move |new: &NewSavedView| api::saved_views::Create { organization: organization.slug(), new: new.clone() },
        move |_, saved: SavedView| {
            name.set(String::new());
            shared.set(false);
            views.refresh();
            toasts.show_success(format!("View “{}” saved.", saved.name));
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (name, query) = (name.get_untracked(), query.get_untracked());
        let new = NewSavedView { page, name, query, shared: shared.get_untracked() };
        save.send_validated(new.validated());
    };
    let (deleted, questioned) = (RwSignal::new(None), RwSignal::new(None::<SavedView>));
    let actions = ViewActions { may_share, edit, delete, deleted, questioned, renamed };
    let question = move || {
        let name = questioned.with(|view| view.as_ref().map(|view| view.name.clone()).unwrap_or_default());
        format!("Delete “{name}”?")
    };
    let confirm = move || {
        if let Some(view) = questioned.get_untracked() {
            questioned.set(None);
            actions.delete(view.id);
        }
    };
    let of_page = Memo::new(move |_| {
        views.with(|views| views.into_iter().flatten().filter(|view| view.page == page).cloned().collect::<Vec<_>>())
    });
    watch(move || {
        // A view that was deleted takes the focus of its button with it.
        of_page.with(Vec::len);
        focus_if_removed(NAME_FIELD);
    });
    let rows = move || of_page.get().into_iter().map(|view| view! { <ViewRow view actions/> }).collect_any();
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <When when=move || of_page.with(|views| !views.is_empty())>
                    <ul class="saved-views" role="list">{rows}</ul>
                </When>
                {move || {
                    let error = views.progress().error()?;
                    Some(view! { <ErrorView error on_retry=move || views.retry()/> }.into_any())
                }}
                <FormError error=edit.error() fields=&["name"]/>
                <FormError error=delete.error() fields=&[]/>
                <Field
                    name="name"
                    label="Save the current view as"
                    value=name
                    hint="Filters, range and grouping, as in the page's address."
                    error=save.field("name")
                />
                <When when=move || may_share>
                    <label class="check">
                        <input
                            type="checkbox"
                            prop:checked=move || shared.get()
                            on:change=move |event| shared.set(event_target_checked(&event))
                        />
                        <span>"Share with all members who see this page"</span>
                    </label>
                </When>
                <FormError error=save.error() fields=&["name"]/>
            </div>
            <footer>
                <Button on_press=move || open.set(false)>"Close"</Button>
                <Button style=ButtonStyle::Primary submit=true pending=save.pending()>"Save view"</Button>
            </footer>
        </form>
        <Confirm
            open=Signal::derive(move || questioned.with(Option::is_some))
            title=Signal::derive(question)
            action="Delete view"
            on_confirm=confirm
            on_close=move || questioned.set(None)
        >
            <p>"All members who see this page lose it. This can’t be undone."</p>
        </Confirm>
    }
}

/// A view: its link, and its actions for those who may change it.
#[component]
fn ViewRow(view: SavedView, actions: ViewActions) -> impl IntoView {
    let ViewsContext { open, .. } = expect_context();
    let ViewActions { may_share, edit, delete, deleted, questioned, renamed } = actions;
    let organization = use_organization();
    let (id, is_shared) = (view.id, view.shared);
    let may_change = if is_shared { may_share } else { view.own };
    let href = saved_view_href(&organization.slug(), &view);
    let go = use_go();
    let show = {
        let href = href.clone();
        move |event: ev::MouseEvent| {
            // A click with a modifier opens another tab or window.
            if event.button() == 0 && !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
                event.prevent_default();
                open.set(false);
                go.to(href.clone());
            }
        }
    };
    let name = RwSignal::new(view.name.clone());
    let rename = move || {
        let changes = SavedViewChanges { name: Some(name.get_untracked()), shared: None };
        edit.send_validated(changes.validated().map(|changes| ViewEdit { id, changes }));
    };
    // Enter would save the current view, whose form is around this field.
    let on_keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            rename();
        }
    };
    let share = move || {
        let changes = SavedViewChanges { name: None, shared: Some(!is_shared) };
        edit.send(ViewEdit { id, changes });
    };
    let is_deleting = Signal::derive(move || delete.pending().get() && deleted.get() == Some(id));
    let shared_view = is_shared.then(|| view.clone());
    let press_delete = move || match &shared_view {
        Some(view) => questioned.set(Some(view.clone())),
        None => actions.delete(id),
    };
    let is_renamed = Memo::new(move |_| renamed.get() == Some(id));
    let label = |verb: &str| format!("{verb} “{}”", view.name);
    let (rename_label, share_label, delete_label) =
        (label("Rename"), label(if is_shared { "Stop sharing" } else { "Share" }), label("Delete"));
    let share_text = if is_shared { "Stop sharing" } else { "Share" };
    view! {
        <li class="saved-view">
            <a href=href on:click=show>{view.name.clone()}</a>
            {is_shared.then(|| view! { <Badge>"Shared"</Badge> })}
            {may_change
                .then(move || view! {
                    <span class="saved-view-acts">
                        <Button
                            style=ButtonStyle::Quiet
                            icon=Icon::Edit
                            label=rename_label
                            on_press=move || renamed.update(|renamed| *renamed = (*renamed != Some(id)).then_some(id))
                        />
                        {may_share
                            .then(|| view! {
                                <button
                                    type="button"
                                    class="button quiet"
                                    aria-label=share_label
                                    on:click=move |_| share()
                                >
                                    {share_text}
                                </button>
                            })}
                        <Button
                            style=ButtonStyle::Quiet
                            icon=Icon::Close
                            label=delete_label
                            pending=is_deleting
                            on_press=press_delete
                        />
                    </span>
                })}
            <When when=move || is_renamed.get()>
                <div class="saved-view-name" on:keydown=on_keydown>
                    <Field name="new-name" label="New name" value=name error=edit.field("name") autofocus=true/>
                    <Button pending=edit.pending() on_press=rename>"Rename"</Button>
                </div>
            </When>
        </li>
    }
}
