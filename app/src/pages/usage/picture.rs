//! Draws the chart as a picture of its own, in the page's colors, and saves it.

use js_sys::encode_uri_component;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, HtmlElement, HtmlImageElement};

use super::download::{PictureContext, PictureFormat};
use crate::{
    components::{
        chart::{PICTURE_SIZE, PictureColors, draw_picture},
        use_toasts,
    },
    lean::watch,
};

/// Pixels of a PNG for each of the drawing's.
const SCALE: u32 = 2;

/// Saves the chart of the [`PictureContext`] in the context whenever a format is asked for. It shows nothing.
#[component]
pub fn ChartPicture() -> impl IntoView {
    let PictureContext { wanted, data, hidden, title } = expect_context();
    let toasts = use_toasts();
    let fail = move || toasts.show_failure("The chart couldn't be saved as a picture.".to_owned());
    watch(move || {
        let Some(format) = wanted.get() else { return };
        let title = title.get_untracked();
        let data = hidden.with_untracked(|hidden| data.get_untracked().with_hidden(hidden));
        let svg = page_colors().and_then(|colors| draw_picture(&data, &title, &colors).ok());
        if svg.and_then(|svg| save(&svg, format, &file_name(&title), fail)).is_none() {
            fail();
        }
        wanted.set(None);
    });
}

/// The colors of the page's theme, as the browser resolves them.
fn page_colors() -> Option<PictureColors> {
    let body = document().body()?;
    let probe: HtmlElement = document().create_element("span").ok()?.dyn_into().ok()?;
    body.append_child(&probe).ok()?;
    let style = window().get_computed_style(&probe).ok().flatten();
    let resolve = |name: &str| {
        probe.style().set_property("color", &format!("var({name})")).ok()?;
        style.as_ref()?.get_property_value("color").ok()
    };
    let series: Option<Vec<String>> = (1..=8).map(|number| resolve(&format!("--s{number}"))).collect();
    let colors = series.and_then(|series| {
        Some(PictureColors {
            background: resolve("--surface")?,
            text: resolve("--text")?,
            faint: resolve("--text-3")?,
            line: resolve("--line")?,
            strong_line: resolve("--line-strong")?,
            series,
        })
    });
    probe.remove();
    colors
}

/// A file's name without its ending: `spend-by-model-daily`.
fn file_name(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Saves the picture; returns `None` if that isn't possible, and calls `fail` if it turns out later.
fn save(svg: &str, format: PictureFormat, name: &str, fail: impl Fn() + Copy + 'static) -> Option<()> {
    let address = format!("data:image/svg+xml;charset=utf-8,{}", String::from(encode_uri_component(svg)));
    match format {
        PictureFormat::Svg => download(&address, &format!("{name}.svg"))?,
        PictureFormat::Png => {
            let image = HtmlImageElement::new().ok()?;
            let (loaded, name) = (image.clone(), format!("{name}.png"));
            let on_load = Closure::once_into_js(move || {
                if rasterize(&loaded).and_then(|address| download(&address, &name)).is_none() {
                    fail();
                }
            });
            image.set_onload(Some(on_load.unchecked_ref()));
            let on_error = Closure::once_into_js(move || {
                fail();
            });
            image.set_onerror(Some(on_error.unchecked_ref()));
            image.set_src(&address);
        }
    }
    Some(())
}

/// The picture in pixels, as a PNG in an address.
fn rasterize(image: &HtmlImageElement) -> Option<String> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    let (width, height) = (PICTURE_SIZE.width * SCALE, PICTURE_SIZE.height * SCALE);
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context
        .draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, f64::from(width), f64::from(height))
        .ok()?;
    canvas.to_data_url().ok()
}

fn download(address: &str, name: &str) -> Option<()> {
    let link = document().create_element("a").ok()?.dyn_into::<HtmlAnchorElement>().ok()?;
    link.set_href(address);
    link.set_download(name);
    link.click();
    Some(())
}
