//! The plans for the company's keys: purpose, permissions and history.

use domain::api_keys::{Level, Scope};

use super::key_plan::{DEFAULT_PLAN, KeyFate, KeyPlan};

const PYTHON: &str = "OpenAI/Python 2.8.0";
const ASYNC_PYTHON: &str = "AsyncOpenAI/Python 2.8.0";
const NODE: &str = "OpenAI/JS 6.9.1";

pub(super) static PLANS: [KeyPlan; 19] = [
    KeyPlan {
        name: "web",
        description: "The trip planner on fernweh.example",
        scopes: &[Scope::Chat],
        allowed: &[0, 1, 2],
        rotate_every_days: Some(90),
        fate: KeyFate::Rotated(3),
        weight: 300,
        models: &[(0, 70), (2, 25), (1, 5)],
        by_people: true,
        clients: &[("203.0.113.21", NODE), ("203.0.113.22", NODE), ("203.0.113.23", NODE)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "ios-app",
        description: "Through the app's own server, never from phones",
        creator: 2,
        since: 12,
        weight: 190,
        models: &[(0, 80), (2, 20)],
        by_people: true,
        clients: &[("203.0.113.30", "fernweh-mobile/7.2.0"), ("203.0.113.31", "fernweh-mobile/7.2.0")],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "android-app",
        description: "Through the app's own server, never from phones",
        creator: 2,
        allowed: &[0, 2],
        since: 20,
        weight: 150,
        models: &[(0, 80), (2, 20)],
        by_people: true,
        clients: &[("203.0.113.30", "fernweh-mobile/7.2.0"), ("203.0.113.31", "fernweh-mobile/7.1.4")],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "support-bot",
        description: "Answers first, hands over when it can't",
        project: 1,
        creator: 3,
        scopes: &[Scope::Chat, Scope::Models],
        since: 8,
        expires_in_days: Some(9),
        weight: 140,
        models: &[(2, 85), (3, 15)],
        by_people: true,
        has_customers: true,
        clients: &[("198.51.100.7", ASYNC_PYTHON)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "ticket-triage",
        project: 1,
        creator: 3,
        allowed: &[0],
        since: 30,
        fate: KeyFate::Narrowed(62),
        weight: 60,
        models: &[(0, 100)],
        clients: &[("198.51.100.8", PYTHON)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "place-indexer",
        description: "Embeds places anew when they change",
        project: 2,
        scopes: &[Scope::Embeddings, Scope::Files],
        networks: &["203.0.113.64/28", "2001:db8:40::/48"],
        weight: 90,
        models: &[(4, 100)],
        clients: &[("203.0.113.66", PYTHON), ("2001:db8:40::17", PYTHON)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "query-embedder",
        project: 2,
        creator: 2,
        scopes: &[Scope::Embeddings],
        allowed: &[4],
        since: 5,
        weight: 210,
        models: &[(4, 100)],
        by_people: true,
        clients: &[("203.0.113.40", NODE), ("203.0.113.41", NODE)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "batch-eval",
        description: "Nightly, all models against all questions",
        project: 3,
        creator: 4,
        rotate_every_days: Some(90),
        since: 25,
        weight: 25,
        models: &[(1, 40), (3, 40), (2, 20)],
        clients: &[("198.51.100.90", "python-httpx/0.28.1")],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "notebooks",
        description: "For whoever tries something out",
        project: 3,
        creator: 4,
        expires_in_days: Some(700),
        weight: 12,
        models: &[(1, 50), (3, 50)],
        by_people: true,
        clients: &[("198.51.100.130", PYTHON), ("198.51.100.131", PYTHON), ("198.51.100.144", "curl/8.14.1")],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "invoice-reader",
        project: 4,
        networks: &["198.51.100.200"],
        allowed: &[0, 1],
        since: 45,
        expires_in_days: Some(120),
        weight: 30,
        models: &[(0, 60), (1, 40)],
        clients: &[("198.51.100.200", "python-requests/2.32.5")],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "contract-review",
        description: "Drafts only, a lawyer reads them",
        project: 4,
        creator: 3,
        allowed: &[1, 3],
        since: 60,
        weight: 8,
        models: &[(3, 100)],
        by_people: true,
        clients: &[("198.51.100.61", NODE)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "old-website",
        description: "Before the relaunch",
        since: 0,
        fate: KeyFate::Revoked(35),
        weight: 60,
        models: &[(0, 100)],
        by_people: true,
        clients: &[("203.0.113.9", NODE)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "hackathon",
        project: 3,
        creator: 4,
        since: 50,
        fate: KeyFate::Leaked(58),
        weight: 20,
        models: &[(1, 100)],
        by_people: true,
        clients: &[("192.0.2.55", "python-requests/2.31.0"), ("198.51.100.131", PYTHON)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "contractor",
        description: "For the migration, until it is done",
        project: 2,
        creator: 2,
        scopes: &[Scope::Embeddings],
        since: 55,
        fate: KeyFate::Expired(80),
        weight: 15,
        models: &[(4, 100)],
        clients: &[("192.0.2.17", PYTHON)],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "load-test",
        project: 1,
        creator: 3,
        since: 40,
        fate: KeyFate::Forgotten(75),
        weight: 10,
        models: &[(2, 100)],
        clients: &[("198.51.100.99", "k6/1.4.0")],
        ..DEFAULT_PLAN
    },
    KeyPlan { name: "pager-bot", description: "Not wired up yet", project: 1, creator: 3, since: 92, ..DEFAULT_PLAN },
    KeyPlan {
        name: "grafana",
        description: "The usage panel in the office",
        level: Level::Read,
        project: 0,
        since: 50,
        clients: &[("203.0.113.90", "Grafana/12.3.0")],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "terraform",
        description: "Makes the keys of new services",
        level: Level::Admin,
        scopes: &[Scope::ApiKeysRead, Scope::ApiKeysWrite],
        since: 70,
        expires_in_days: Some(60),
        clients: &[("203.0.113.70", "HashiCorp Terraform/1.14.0")],
        ..DEFAULT_PLAN
    },
    KeyPlan {
        name: "break-glass",
        description: "In the safe",
        level: Level::Admin,
        creator: 0,
        since: 10,
        ..DEFAULT_PLAN
    },
];
