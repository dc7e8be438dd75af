use leptos::prelude::*;

use super::CollectAny;

/// A figure of a page's strip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tile {
    pub label: &'static str,
    pub value: String,
    /// The figure to its last digit, on hover.
    pub exact: String,
    /// What is to be said about it.
    pub detail: String,
    pub change: Change,
    /// Where it leads.
    pub href: Option<String>,
}

/// Whether a figure has become better or worse: the only thing that colour says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Change {
    #[default]
    Neutral,
    Better,
    Worse,
}

impl Change {
    const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "tile-detail",
            Self::Better => "tile-detail better",
            Self::Worse => "tile-detail worse",
        }
    }
}

/// A page's figures in one strip. Those that lead somewhere are links as a whole.
#[component]
pub fn Tiles(
    /// What they are of, for screen readers.
    #[prop(into)]
    label: String,
    tiles: Memo<Vec<Tile>>,
) -> impl IntoView {
    let tile = |tile: Tile| {
        let about = view! {
            <span class="tile-label">{tile.label}</span>
            <span class="tile-value" title=tile.exact>{tile.value}</span>
            <span class=tile.change.class()>{tile.detail}</span>
        };
        match tile.href {
            Some(href) => view! { <li><a class="tile" href=href>{about}</a></li> }.into_any(),
            None => view! { <li><div class="tile">{about}</div></li> }.into_any(),
        }
    };
    view! {
        <ul class="tiles card" role="list" aria-label=label>
            {move || tiles.get().into_iter().map(tile).collect_any()}
        </ul>
    }
}
