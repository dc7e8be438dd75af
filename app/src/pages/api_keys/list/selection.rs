use domain::{
    api_keys::{ApiKey, KeyPage, KeyQuery},
    ids::ApiKeyId,
};
use leptos::{ev, prelude::*};

use crate::{
    addresses::KeysAddress,
    pages::api_keys::{is_revocable, may_manage},
    state::{Organization, use_organization},
};

/// The keys of the page that are chosen. Other pages and filters begin anew: nobody ends what isn't in sight.
#[derive(Clone, Copy)]
pub(super) struct Selection {
    organization: Organization,
    page: ReadSignal<KeyPage>,
    query: Memo<KeyQuery>,
    chosen: RwSignal<Chosen>,
    /// From where a range begins.
    anchor: StoredValue<Option<ApiKeyId>>,
}

/// Which keys were chosen on the page of which query: on any other none are.
#[derive(Default)]
struct Chosen {
    query: KeyQuery,
    ids: Vec<ApiKeyId>,
}

impl Selection {
    pub(super) fn new(page: ReadSignal<KeyPage>, address: Memo<KeysAddress>) -> Self {
        Self {
            organization: use_organization(),
            page,
            query: Memo::new(move |_| address.with(|address| address.query.clone())),
            chosen: RwSignal::default(),
            anchor: StoredValue::new(None),
        }
    }

    /// Whether somebody may end this key, which is all that chosen keys are for.
    pub(super) fn may_choose(&self, key: &ApiKey) -> bool {
        is_revocable(key) && may_manage(self.organization, key.level)
    }

    pub(super) fn holds(&self, id: ApiKeyId) -> bool {
        self.query.with(|query| self.chosen.with(|chosen| chosen.query == *query && chosen.ids.contains(&id)))
    }

    /// Those that are chosen and still there.
    pub(super) fn keys(&self) -> Vec<ApiKey> {
        let chosen = |key: &&ApiKey| self.holds(key.id) && self.may_choose(key);
        self.page.with(|page| page.keys.iter().filter(chosen).cloned().collect())
    }

    pub(super) fn count(&self) -> usize {
        self.page.with(|page| page.keys.iter().filter(|key| self.holds(key.id) && self.may_choose(key)).count())
    }

    /// Those of the page that can be chosen.
    fn offered(&self) -> Vec<ApiKeyId> {
        self.page.with(|page| page.keys.iter().filter(|key| self.may_choose(key)).map(|key| key.id).collect())
    }

    /// Whether all that can be chosen are; `None` where only some are.
    pub(super) fn all(&self) -> Option<bool> {
        let offered = self.offered();
        match offered.iter().filter(|id| self.holds(**id)).count() {
            0 => Some(false),
            count if count == offered.len() => Some(true),
            _ => None,
        }
    }

    pub(super) fn offers_any(&self) -> bool {
        !self.offered().is_empty()
    }

    pub(super) fn choose_all(&self, on: bool) {
        let ids = if on { untrack(|| self.offered()) } else { Vec::new() };
        self.chosen.set(Chosen { query: self.query.get_untracked(), ids });
        self.anchor.set_value(None);
    }

    pub(super) fn clear(&self) {
        self.choose_all(false);
    }

    /// Chooses one or leaves it; with Shift all from the last one on.
    pub(super) fn pressed(&self, id: ApiKeyId, event: &ev::MouseEvent) {
        let on = !untrack(|| self.holds(id));
        let offered = untrack(|| self.offered());
        let place = |wanted: ApiKeyId| offered.iter().position(|id| *id == wanted);
        let from = self.anchor.get_value().filter(|_| event.shift_key()).and_then(place);
        let range = match (from, place(id)) {
            (Some(from), Some(to)) => &offered[from.min(to)..=from.max(to)],
            _ => &[id][..],
        };
        let mut ids = offered.clone();
        ids.retain(|id| if range.contains(id) { on } else { untrack(|| self.holds(*id)) });
        self.chosen.set(Chosen { query: self.query.get_untracked(), ids });
        self.anchor.set_value(Some(id));
    }
}
