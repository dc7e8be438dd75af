use leptos::{ev, prelude::*};

/// Whether the browser believes it has a network connection.
#[derive(Clone, Copy)]
pub struct Connection(RwSignal<bool>);

impl Connection {
    pub fn provide() {
        let online = RwSignal::new(window().navigator().on_line());
        window_event_listener(ev::online, move |_| online.set(true));
        window_event_listener(ev::offline, move |_| online.set(false));
        provide_context(Self(online));
    }

    pub fn is_online(&self) -> bool {
        self.0.get()
    }
}

pub fn use_connection() -> Connection {
    expect_context()
}
