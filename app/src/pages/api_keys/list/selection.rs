use domain::{
    api_keys::{ApiKey, KeyPage, KeyQuery},
    ids::ApiKeyId,
};
use leptos::{ev, prelude::*};

use crate::{
    addresses::KeysAddress,
    pages::api_keys::{is_revocable, may_manage},
    state::{CurrentOrganization, use_organization},
};

/// The chosen keys of the page. Another page or filter clears the choice: only visible keys are revoked.
#[derive(Clone, Copy)]
pub(super) struct KeySelection {
    organization: CurrentOrganization,
    page: ReadSignal<KeyPage>,
    query: Memo<KeyQuery>,
    selected: RwSignal<SelectedKeys>,
    /// The key at which a range begins.
    anchor: StoredValue<Option<ApiKeyId>>,
}

/// The chosen keys and the query of their page; they don't count on any other page.
#[derive(Default)]
struct SelectedKeys {
    query: KeyQuery,
    ids: Vec<ApiKeyId>,
}

impl KeySelection {
    pub(super) fn new(page: ReadSignal<KeyPage>, address: Memo<KeysAddress>) -> Self {
        Self {
            organization: use_organization(),
            page,
            query: Memo::new(move |_| address.with(|address| address.query.clone())),
            selected: RwSignal::default(),
            anchor: StoredValue::new(None),
        }
    }

    /// Whether the member may revoke this key, the only action on chosen keys.
    pub(super) fn may_choose(&self, key: &ApiKey) -> bool {
        is_revocable(key) && may_manage(self.organization, key.level)
    }

    pub(super) fn contains(&self, id: ApiKeyId) -> bool {
        self.query.with(|query| self.selected.with(|selected| selected.query == *query && selected.ids.contains(&id)))
    }

    /// The chosen keys that still exist.
    pub(super) fn keys(&self) -> Vec<ApiKey> {
        let is_chosen = |key: &&ApiKey| self.contains(key.id) && self.may_choose(key);
        self.page.with(|page| page.keys.iter().filter(is_chosen).cloned().collect())
    }

    pub(super) fn count(&self) -> usize {
        self.page.with(|page| page.keys.iter().filter(|key| self.contains(key.id) && self.may_choose(key)).count())
    }

    /// The keys of the page that can be chosen.
    fn selectable(&self) -> Vec<ApiKeyId> {
        self.page.with(|page| page.keys.iter().filter(|key| self.may_choose(key)).map(|key| key.id).collect())
    }

    /// Whether all selectable keys are chosen; `None` if only some are.
    pub(super) fn all_chosen(&self) -> Option<bool> {
        let selectable = self.selectable();
        match selectable.iter().filter(|id| self.contains(**id)).count() {
            0 => Some(false),
            count if count == selectable.len() => Some(true),
            _ => None,
        }
    }

    pub(super) fn has_selectable(&self) -> bool {
        !self.selectable().is_empty()
    }

    pub(super) fn choose_all(&self, on: bool) {
        let ids = if on { untrack(|| self.selectable()) } else { Vec::new() };
        self.selected.set(SelectedKeys { query: self.query.get_untracked(), ids });
        self.anchor.set_value(None);
    }

    pub(super) fn clear(&self) {
        self.choose_all(false);
    }

    /// Toggles one key; with Shift, all from the last toggled one on.
    pub(super) fn toggle(&self, id: ApiKeyId, event: &ev::MouseEvent) {
        let on = !untrack(|| self.contains(id));
        let selectable = untrack(|| self.selectable());
        let position = |wanted: ApiKeyId| selectable.iter().position(|id| *id == wanted);
        let from = self.anchor.get_value().filter(|_| event.shift_key()).and_then(position);
        let range = match (from, position(id)) {
            (Some(from), Some(to)) => &selectable[from.min(to)..=from.max(to)],
            _ => &[id][..],
        };
        let mut ids = selectable.clone();
        ids.retain(|id| if range.contains(id) { on } else { untrack(|| self.contains(*id)) });
        self.selected.set(SelectedKeys { query: self.query.get_untracked(), ids });
        self.anchor.set_value(Some(id));
    }
}
