use leptos::{ev, html::Div, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    data::ChartData,
    draw,
    legend::Legend,
    links::Links,
    pointer::Reading,
    scene::Scene,
    selection::{BarSelection, SelectionBand},
    size::observe_size,
    tooltip::Tooltip,
};

/// Values over time. Each bucket is a link; `label` names the chart, such as `Spend by model and day`.
#[component]
pub fn Chart(
    data: Memo<ChartData>,
    #[prop(into)] label: Signal<String>,
    /// Keys of the series that the reader has hidden, for pages that show them elsewhere too.
    #[prop(optional)]
    hidden: Option<RwSignal<Vec<String>>>,
    /// Called with the first and the last bucket that the reader wants to see closer.
    #[prop(optional, into)]
    on_zoom: Option<Callback<(usize, usize)>>,
    /// The values as a table, below the legend.
    #[prop(into)]
    table: ViewFn,
) -> impl IntoView {
    let plot = NodeRef::<Div>::new();
    let size = observe_size(plot);
    let hidden = hidden.unwrap_or_else(|| RwSignal::new(Vec::new()));
    let shown = Memo::new(move |_| hidden.with(|hidden| data.get().with_hidden(hidden)));
    let scene =
        Memo::new(move |_| size.get().map(|size| shown.with(|data| Scene::new(data, size))).unwrap_or_default());
    let drawing = move || {
        scene.with(
            |scene| if scene.width > 0 { draw::svg(scene, &label.get()).unwrap_or_default() } else { String::new() },
        )
    };
    let reading = Reading::new(shown);
    let selection = BarSelection::new(on_zoom);
    // A touch elsewhere closes a pinned tooltip.
    let listener = window_event_listener(ev::pointerdown, move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        if !plot.get_untracked().is_some_and(|plot| plot.contains(target.as_ref())) {
            reading.close();
        }
    });
    on_cleanup(move || listener.remove());
    view! {
        <figure class="chart" aria-label=label>
            <div class="chart-plot" node_ref=plot>
                <div class="chart-drawing" inner_html=drawing></div>
                <Links data=shown scene reading selection/>
                <SelectionBand data=shown scene selection/>
                <Tooltip data=shown scene reading/>
            </div>
            <Legend data hidden/>
            {table.run()}
        </figure>
    }
}
