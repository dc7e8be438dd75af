//! The device that a request comes from.

use std::net::IpAddr;

use domain::{api_keys::Secret, validation::canonical::is_hidden};

/// Maximum length of a stored user agent, in bytes.
const MAX_USER_AGENT_BYTES: usize = 400;

/// The address and browser of a request.
#[derive(Clone, Debug, Default)]
pub struct Device {
    pub ip: Option<IpAddr>,
    pub user_agent: String,
}

impl Device {
    pub(super) fn ip_text(&self) -> String {
        self.ip.map(|ip| ip.to_string()).unwrap_or_default()
    }

    /// The user agent without secrets, cut to the stored length.
    pub(super) fn short_user_agent(&self) -> String {
        let visible: String = self.user_agent.chars().filter(|c| !is_hidden(*c)).collect();
        // Masked before it is cut, since half a secret isn't recognized.
        let mut agent = Secret::redact_cut(&visible);
        agent.truncate(agent.floor_char_boundary(MAX_USER_AGENT_BYTES));
        agent
    }
}

/// Describes the browser and system of a user agent: `Firefox on Linux`.
pub(super) fn describe(user_agent: &str) -> String {
    // The order matters: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari.
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    // Android calls itself Linux too, and an iPhone claims to be "like Mac OS X".
    const SYSTEMS: [(&str, &str); 7] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_told_apart() {
        for (user_agent, device) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile Safari/604.1",
                "Chrome on iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("", "Unknown device"),
        ] {
            assert_eq!(describe(user_agent), device);
        }
    }

    #[test]
    fn a_long_user_agent_is_cut_between_characters() {
        let device = Device { user_agent: "ü".repeat(1_000), ip: None };
        assert_eq!(device.short_user_agent().chars().count(), 200);
    }
}
