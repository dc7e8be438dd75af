use leptos::prelude::*;

/// An icon on a grid of 24 by 24, drawn as one stroke of 1.75.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Icon {
    Alert,
    ArrowDown,
    ArrowRight,
    ArrowUp,
    Bell,
    Building,
    Check,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    Clock,
    Close,
    Copy,
    Download,
    Edit,
    Filter,
    Folder,
    Home,
    Info,
    Key,
    Keyboard,
    List,
    Monitor,
    Moon,
    More,
    Offline,
    Pause,
    Play,
    Plus,
    Refresh,
    Revoke,
    Search,
    Settings,
    SignOut,
    Sort,
    Sun,
    Usage,
    User,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Alert => "M12 4 2.8 20h18.400zM12 10v4.500M12 17.300v.1",
            Self::ArrowDown => "M12 5v14M6 13l6 6 6-6",
            Self::ArrowRight => "M5 12h14M13 6l6 6-6 6",
            Self::ArrowUp => "M12 19V5M6 11l6-6 6 6",
            Self::Bell => "M6 17v-6a6 6 0 0 1 12 0v6l1.500 1.500h-15zM10 21.300h4",
            Self::Building => "M5 21V4h9v17M14 9h5v12M3 21h18M8.5 8h2M8.5 12h2M8.5 16h2",
            Self::Check => "M5 12.500l4.5 4.500L19 7.5",
            Self::ChevronDown => "M7 10l5 5 5-5",
            Self::ChevronLeft => "M14 7l-5 5 5 5",
            Self::ChevronRight => "M10 7l5 5-5 5",
            Self::Clock => "M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.500V12l3 2",
            Self::Close => "M6 6l12 12M18 6 6 18",
            Self::Copy => "M9 9h11v11H9zM15 9V4H4v11h5",
            Self::Download => "M12 4v11M7 10.500l5 5 5-5M5 20h14",
            Self::Edit => "M4.5 19.500l.8-3.800L16 5l3 3L8.3 18.700zM13.5 7.500l3 3",
            Self::Filter => "M4 6h16M7 12h10M10 18h4",
            Self::Folder => "M3 6h7l2 2.500h9V19H3z",
            Self::Home => "M4 11l8-7 8 7v9h-5.500v-6h-5v6H4z",
            Self::Info => "M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5M12 7.900v.1",
            Self::Key => "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12l8.5-8.500M16 7l3 3",
            Self::Keyboard => "M3 6.500h18v11H3zM7 10.500v.1M10.3 10.500v.1M13.7 10.500v.1M17 10.500v.1M8 14h8",
            Self::List => "M4 6.500h16M4 12h16M4 17.500h10",
            Self::Monitor => "M3.5 4.500h17v11.500h-17zM9 20h6M12 16v4",
            Self::Moon => "M20 14.500A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.500z",
            Self::More => {
                "M4.8 12a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0zM11.3 12a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0zM17.8 12a.7.7 0 1 0 1.4 0 .7.7 0 1 0-1.4 0z"
            }
            Self::Offline => {
                "M3 3l18 18M5 12.500a10 10 0 0 1 4-2.400M2 8.800a14 14 0 0 1 4-2.500M12 5c3.8 0 7.3 1.4 10 3.800M15.5 10.400a10 10 0 0 1 3.5 2.100M8.5 16a5 5 0 0 1 7 0M12 19.500v.1"
            }
            Self::Pause => "M9 6v12M15 6v12",
            Self::Play => "M8 5.500l10 6.500-10 6.500z",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Refresh => "M20 12a8 8 0 1 1-2.4-5.700L20 8.500M20 3.500v5h-5",
            Self::Revoke => "M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM6 6l12 12",
            Self::Search => "M11 4.500a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM20 20l-4.3-4.3",
            Self::Settings => {
                "M4 7.500h9M17.5 7.500H20M4 16.500h2.500M11 16.500h9M15.3 5.300a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.400zM8.7 14.300a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.400z"
            }
            Self::SignOut => "M14 4H5v16h9M10 12h10M16.5 8l4 4-4 4",
            Self::Sort => "M8 10l4-4 4 4M8 14l4 4 4-4",
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4"
            }
            Self::Usage => "M5 20v-8M12 20V4M19 20v-6",
            Self::User => "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.500c.9-3.7 3.8-5.5 7.5-5.500s6.6 1.8 7.5 5.5",
        }
    }
}

/// Draws an icon in the color of the text around it. A label beside it has to give its meaning.
#[component]
pub fn IconView(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=icon.path()></path>
        </svg>
    }
}

/// The logo: a house with its gate.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 24 24" aria-hidden="true">
            <path class="logo-house" d="M4.5 21V10.300L12 4l7.5 6.300V21"></path>
            <path class="logo-gate" d="M2 15.500h20"></path>
        </svg>
    }
}
