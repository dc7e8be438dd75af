use leptos::{html::Div, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::ResizeObserver;

use super::geometry::Size;
use crate::lean::watch;

/// Tracks the size of `node`'s content in pixels; `None` until it is known.
///
/// The browser reports it between layout and paint, so that the first painted frame has the drawing already.
pub(super) fn observe_size(node: NodeRef<Div>) -> Memo<Option<Size>> {
    let size = RwSignal::new(None);
    watch(move || {
        let Some(element) = node.get() else { return };
        let measured = element.clone();
        let measure = Closure::<dyn FnMut()>::new(move || {
            let pixels = |length: i32| u32::try_from(length).unwrap_or(0);
            size.set(Some(Size { width: pixels(measured.client_width()), height: pixels(measured.client_height()) }));
        });
        let Ok(observer) = ResizeObserver::new(measure.as_ref().unchecked_ref()) else { return };
        observer.observe(&element);
        let observation = StoredValue::new_local((observer, measure));
        on_cleanup(move || {
            observation.with_value(|(observer, _)| observer.disconnect());
        });
    });
    Memo::new(move |_| size.get().filter(|size| size.width > 0 && size.height > 0))
}
