//! Mounts the dashboard in a browser. For other targets there is nothing to mount.

fn main() {
    #[cfg(target_arch = "wasm32")]
    app::mount();
}
