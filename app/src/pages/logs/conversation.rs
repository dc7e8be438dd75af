//! A call's request and response as a conversation, whose code is loaded when one is first shown.

use domain::{
    bodies::{BodySide, Conversation, ConversationTurn, TurnPart, indent_json},
    ids::CallId,
};
use leptos::prelude::*;

use super::{body_view::MediaItem, open_call::PanelCall};
use crate::{
    api,
    components::{AsyncView, Skeleton},
    lean::{CollectAny, upper_case},
    state::{load_when, use_organization},
};

/// The conversation of the [`PanelCall`] in the context.
#[component]
pub fn CallConversation() -> impl IntoView {
    let PanelCall { details, .. } = expect_context();
    let call = Memo::new(move |_| details.with(|details| details.map(|details| details.call.id)));
    let slug = use_organization().slug();
    let conversation =
        load_when(move || Some(api::bodies::ConversationRequest { organization: slug.clone(), id: call.get()? }));
    view! {
        <AsyncView answer=conversation skeleton=|| view! { <Skeleton lines=6/> } let:conversation>
            {move || match (conversation.get(), call.get_untracked()) {
                (Some(conversation), Some(call)) => turns_view(conversation, call),
                _ => view! { <p class="faint">"This request can't be shown as a conversation."</p> }.into_any(),
            }}
        </AsyncView>
    }
}

fn turns_view(conversation: Conversation, call: CallId) -> AnyView {
    let Conversation { turns, tools, shortened } = conversation;
    let tools = (!tools.is_empty()).then(|| {
        let names = tools.join(", ");
        view! { <p class="faint">"Tools: " <code>{names}</code></p> }.into_any()
    });
    let turns = turns.into_iter().map(|turn| turn_view(turn, call)).collect_any();
    let end = shortened.then(|| view! { <p class="faint">"The rest is left out here: download the body."</p> });
    view! {
        {tools}
        <ol class="conversation" role="list" aria-label="Conversation">{turns}</ol>
        {end}
    }
    .into_any()
}

fn turn_view(turn: ConversationTurn, call: CallId) -> impl IntoView {
    let ConversationTurn { role, side, parts } = turn;
    let answer = (side == BodySide::Response).then(|| view! { <span class="faint">"response"</span> }.into_any());
    let parts = parts.into_iter().map(|part| part_view(part, call, side)).collect_any();
    let role_name = role.split_at_checked(1).map_or_else(String::new, |(first, rest)| upper_case(first) + rest);
    view! {
        <li class="turn" data-role=role>
            <h3>{role_name} " " {answer}</h3>
            {parts}
        </li>
    }
}

fn part_view(part: TurnPart, call: CallId, side: BodySide) -> AnyView {
    match part {
        TurnPart::Text { text } => view! { <p class="turn-text">{text}</p> }.into_any(),
        TurnPart::Reasoning { text } => view! {
            <details>
                <summary>"Reasoning"</summary>
                <p class="turn-text">{text}</p>
            </details>
        }
        .into_any(),
        TurnPart::Refusal { text } => view! { <p class="turn-text"><b>"Refusal: "</b> {text}</p> }.into_any(),
        TurnPart::Media { media } => view! { <MediaItem call side media/> }.into_any(),
        TurnPart::Link { url } => view! {
            <p class="turn-text"><span class="faint">"Not loaded: "</span> <code>{url}</code></p>
        }
        .into_any(),
        TurnPart::ToolCall { id, name, arguments } => view! {
            <div class="turn-tool">
                <p>"Calls " <code>{name}</code> " " <span class="faint mono">{id}</span></p>
                <pre tabindex="0" aria-label="Arguments">{indent_json(&arguments)}</pre>
            </div>
        }
        .into_any(),
        TurnPart::ToolResult { id, text } => view! {
            <div class="turn-tool">
                <p>"Result " <span class="faint mono">{id}</span></p>
                <pre tabindex="0" aria-label="Result">{indent_json(&text)}</pre>
            </div>
        }
        .into_any(),
        TurnPart::Other { text } => view! { <pre tabindex="0" aria-label="JSON">{indent_json(&text)}</pre> }.into_any(),
    }
}
