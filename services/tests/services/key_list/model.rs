//! A plain reference implementation of lists of keys.

use std::{cmp::Reverse, collections::BTreeSet};

use domain::{
    api_keys::{HintKind, KeyPolicy, KeyQuery, KeySort, Level, PAGE_SIZE, Scope, Secret, Status},
    ids::ApiKeyId,
    models::Service,
    time::Timestamp,
};

use crate::support::StoredKey;

/// A key and its use.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) key: StoredKey,
    /// Spend of this month, in nano-dollars.
    pub(super) spend_this_month: i64,
    /// Models and services of its calls of the last 30 days.
    pub(super) lately: BTreeSet<(String, &'static str)>,
}

pub(super) struct Model {
    pub(super) facts: Vec<Fact>,
    pub(super) now: Timestamp,
    pub(super) policy: KeyPolicy,
    pub(super) offered: Vec<String>,
}

impl Model {
    /// Returns the page's keys, and the number of matching keys on all pages.
    pub(super) fn list(&self, query: &KeyQuery) -> (Vec<ApiKeyId>, usize) {
        let mut found: Vec<&Fact> = self.facts.iter().filter(|fact| self.matches(fact, query)).collect();
        found.sort_by_key(|fact| Reverse(fact.key.id));
        let mut flip = |compare: &dyn Fn(&&Fact, &&Fact) -> std::cmp::Ordering| {
            found.sort_by(|a, b| if query.reversed { compare(b, a) } else { compare(a, b) });
        };
        match query.sort {
            KeySort::Created => flip(&|a, b| b.key.created_at.cmp(&a.key.created_at)),
            KeySort::Name => flip(&|a, b| a.key.name.to_ascii_lowercase().cmp(&b.key.name.to_ascii_lowercase())),
            KeySort::Spend => flip(&|a, b| b.spend_this_month.cmp(&a.spend_this_month)),
            KeySort::LastUsed if query.reversed => {
                found.sort_by_key(|fact| (last_use(&fact.key).is_none(), last_use(&fact.key)))
            }
            KeySort::LastUsed => found.sort_by_key(|fact| Reverse(last_use(&fact.key))),
            KeySort::Expires if query.reversed => found.sort_by_key(|fact| Reverse(fact.key.expires_at)),
            KeySort::Expires => found.sort_by_key(|fact| match fact.key.expires_at {
                Some(at) if at > self.now => (0, Some(at)),
                Some(at) => (1, Some(at)),
                None => (2, None),
            }),
        }
        let total = found.len();
        let page = found.into_iter().map(|fact| fact.key.id);
        (page.skip(query.page as usize * PAGE_SIZE as usize).take(PAGE_SIZE as usize).collect(), total)
    }

    /// Returns the number of keys of each status that match the rest of `query`.
    pub(super) fn statuses(&self, query: &KeyQuery) -> Vec<(Status, i64)> {
        let rest = KeyQuery { status: None, ..query.clone() };
        let found: Vec<&Fact> = self.facts.iter().filter(|fact| self.matches(fact, &rest)).collect();
        let count = |status: Status| found.iter().filter(|fact| self.status(&fact.key) == status).count() as i64;
        Status::ALL.into_iter().map(|status| (status, count(status))).filter(|(_, count)| *count > 0).collect()
    }

    fn matches(&self, fact: &Fact, query: &KeyQuery) -> bool {
        let key = &fact.key;
        self.finds(key, query.search.trim())
            && query.status.is_none_or(|status| self.status(key) == status)
            && query.level.is_none_or(|level| key.level == level)
            && query.project.is_none_or(|project| key.project == Some(project))
            && query.hint.is_none_or(|hint| self.hints(fact).contains(&hint))
    }

    fn finds(&self, key: &StoredKey, text: &str) -> bool {
        let id = text.parse::<ApiKeyId>();
        let text = text.to_lowercase();
        let secrets = key.secrets.iter().filter(|secret| secret.expires_at.is_none_or(|end| end > self.now));
        let masked = secrets.map(|secret| Secret::masked(key.level, &secret.last_four));
        let mut texts = [key.name.clone(), key.description.clone()].into_iter().chain(masked);
        match id {
            Ok(id) => key.id == id,
            Err(_) => texts.any(|candidate| candidate.to_lowercase().contains(&text)),
        }
    }

    pub(super) fn status(&self, key: &StoredKey) -> Status {
        if key.revoked_at.is_some() {
            Status::Revoked
        } else if key.disabled_at.is_some() {
            Status::Disabled
        } else if key.expires_at.is_some_and(|end| end <= self.now) {
            Status::Expired
        } else if key.secrets.iter().any(|secret| secret.expires_at.is_some_and(|end| end > self.now)) {
            Status::Rotating
        } else {
            Status::Active
        }
    }

    pub(super) fn hints(&self, fact: &Fact) -> Vec<HintKind> {
        let key = &fact.key;
        if !self.status(key).is_usable() {
            return Vec::new();
        }
        let ago = |days: i64| self.now.plus_days(-days);
        let applies = |kind: &HintKind| match kind {
            HintKind::NeverUsed => key.created_at <= ago(1) && last_use(key).is_none(),
            HintKind::Unused => last_use(key).is_some_and(|at| at <= ago(30)),
            HintKind::ExpiresSoon => key.expires_at.is_some_and(|end| end <= self.now.plus_days(14)),
            HintKind::RotationDue => key
                .rotate_every_days
                .is_some_and(|days| key.secrets.last().unwrap().created_at.plus_days(days.into()) <= self.now),
            HintKind::Wide => self.is_wide(fact),
            HintKind::BreaksPolicy => self.policy.check(key.created_at, key.expires_at).is_err(),
        };
        HintKind::ALL.iter().copied().filter(applies).collect()
    }

    fn is_wide(&self, fact: &Fact) -> bool {
        let key = &fact.key;
        if key.level != Level::Standard || key.created_at > self.now.plus_days(-30) || fact.lately.is_empty() {
            return false;
        }
        let called = |model: &String| fact.lately.iter().any(|(other, _)| other == model);
        let needed = |scope: &Scope| fact.lately.iter().any(|(_, service)| needs(service) == *scope);
        let unrestricted = key.models.is_empty() && key.scopes.is_empty();
        let models: BTreeSet<&String> = fact.lately.iter().map(|(model, _)| model).collect();
        key.models.iter().any(|model| !called(model))
            || key.scopes.iter().any(|scope| *scope != Scope::Models && !needed(scope))
            || (unrestricted && models.len() <= 2 && self.offered.iter().any(|model| !called(model)))
    }
}

pub(super) fn last_use(key: &StoredKey) -> Option<Timestamp> {
    key.secrets.iter().flat_map(|secret| &secret.uses).map(|(.., at)| *at).max()
}

fn needs(service: &str) -> Scope {
    match service.parse().unwrap() {
        Service::Chat => Scope::Chat,
        Service::Embeddings => Scope::Embeddings,
        Service::Image => Scope::Images,
        Service::Audio => Scope::Audio,
        Service::Video => Scope::Video,
        Service::FineTuning => Scope::FineTuning,
        Service::Storage => Scope::Files,
    }
}
