use leptos::{ev, html::Div, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    data::ChartData, draw, legend::Legend, links::Links, pointer::Reading, scene::Scene, size::observe_size,
    table::ChartTable, tooltip::Tooltip,
};

/// Stacked bars over time. Each bar is a link; `label` names the chart, such as `Spend by model and day`.
#[component]
pub fn Chart(data: Memo<ChartData>, #[prop(into)] label: Signal<String>) -> impl IntoView {
    let plot = NodeRef::<Div>::new();
    let size = observe_size(plot);
    let scene = Memo::new(move |_| size.get().map(|size| data.with(|data| Scene::new(data, size))).unwrap_or_default());
    let drawing = move || {
        scene.with(
            |scene| if scene.width > 0 { draw::svg(scene, &label.get()).unwrap_or_default() } else { String::new() },
        )
    };
    let reading = Reading::new(data);
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
                <Links data scene reading/>
                <Tooltip data scene reading/>
            </div>
            <Legend data/>
            <ChartTable data label/>
        </figure>
    }
}
