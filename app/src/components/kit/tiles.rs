use leptos::prelude::*;

use crate::lean::CollectAny;

/// A figure in a page's strip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tile {
    pub label: &'static str,
    pub value: String,
    /// The exact figure, shown on hover.
    pub exact: String,
    /// Text below the figure.
    pub detail: String,
    /// Text below the detail, such as an estimate.
    pub note: String,
    pub trend: Trend,
    /// Address that the tile links to.
    pub href: Option<String>,
}

/// Whether a figure has become better or worse, the only meaning of a tile's color.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Trend {
    #[default]
    Neutral,
    Better,
    Worse,
}

impl Trend {
    const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "tile-detail",
            Self::Better => "tile-detail better",
            Self::Worse => "tile-detail worse",
        }
    }
}

/// A page's figures in one strip. A tile with an address is a link as a whole; with `on_choose`, the tiles are a
/// choice.
#[component]
pub fn Tiles(
    /// Name of the strip, for screen readers.
    #[prop(into)]
    label: String,
    tiles: Memo<Vec<Tile>>,
    /// Called with the index of a tile that is pressed.
    #[prop(optional, into)]
    on_choose: Option<Callback<(usize,)>>,
    /// Index of the chosen tile, where tiles are a choice.
    #[prop(optional, into)]
    chosen: Signal<usize>,
) -> impl IntoView {
    let tile = move |(index, tile): (usize, Tile)| {
        // By which long figures get smaller type.
        let length = tile.value.chars().count().max(1).to_string();
        let note = (!tile.note.is_empty()).then(|| view! { <span class="tile-note">{tile.note}</span> });
        let content = view! {
            <span class="tile-label">{tile.label}</span>
            <span class="tile-value" title=tile.exact style=("--length", length)>{tile.value}</span>
            <span class=tile.trend.class()>{tile.detail}</span>
            {note}
        };
        if let Some(on_choose) = on_choose {
            let pressed = move || (chosen.get() == index).to_string();
            return view! {
                <li>
                    <button type="button" class="tile" aria-pressed=pressed on:click=move |_| on_choose.run((index,))>
                        {content}
                    </button>
                </li>
            }
            .into_any();
        }
        match tile.href {
            Some(href) => view! { <li><a class="tile" href=href>{content}</a></li> }.into_any(),
            None => view! { <li><div class="tile">{content}</div></li> }.into_any(),
        }
    };
    view! {
        <ul class="tiles card" role="list" aria-label=label>
            {move || tiles.get().into_iter().enumerate().map(tile).collect_any()}
        </ul>
    }
}
