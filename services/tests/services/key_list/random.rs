//! Random keys and queries, determined by a seed.

use domain::{
    api_keys::{HintKind, KeyQuery, KeySort, Level, Scope, Status},
    ids::{ApiKeyId, ProjectId, SecretId},
    time::Timestamp,
};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_pcg::Pcg64;
use uuid::Uuid;

use super::model::Fact;
use crate::support::{StoredKey, StoredSecret};

pub(super) const MODELS: [&str; 4] = ["gpt-x", "gpt-y", "embed-1", "image \"1\""];
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Texts in different cases, with characters that are special in databases.
const WORDS: [&str; 14] =
    ["web", "Web", "WEB", "App", "übersicht", "ÜBERSICHT", "50%", "a_b", "*", "[x]", "?", "\\", "o'neill", "Ωmega σ"];

pub(super) struct Random {
    random: Pcg64,
    now: Timestamp,
}

impl Random {
    pub(super) fn new(seed: u64, now: Timestamp) -> Self {
        Self { random: Pcg64::seed_from_u64(seed), now }
    }

    pub(super) fn one_in(&mut self, many: u32) -> bool {
        self.random.random_ratio(1, many)
    }

    pub(super) fn number(&mut self, below: usize) -> usize {
        self.random.random_range(0..below)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        *choices.choose(&mut self.random).unwrap()
    }

    fn some_of<T: Copy>(&mut self, choices: &[T]) -> Vec<T> {
        let mut some: Vec<T> = choices.to_vec();
        some.retain(|_| self.one_in(3));
        some
    }

    fn text(&mut self) -> String {
        let words = self.number(4);
        (0..words).map(|_| self.of(&WORDS)).collect::<Vec<_>>().join(" ")
    }

    /// A moment just before, at, or just after one of the relevant days.
    pub(super) fn moment(&mut self, days: &[i64]) -> Timestamp {
        let (days, millis) = (self.of(days), self.of(&[-1, 0, 0, 1]));
        self.now.plus_millis(days * DAY + millis)
    }

    pub(super) fn key(&mut self, projects: &[ProjectId]) -> StoredKey {
        let level = self.of(&[Level::Standard, Level::Standard, Level::Standard, Level::Read, Level::Admin]);
        let created_at = self.moment(&[-400, -90, -60, -30, -30, -1, 0]).min(self.now);
        let mut secrets = Vec::new();
        for newest in [false, true] {
            if newest || self.one_in(3) {
                secrets.push(self.secret(created_at, newest));
            }
        }
        let project = self.of(projects);
        let mut key = StoredKey {
            id: ApiKeyId::new(Uuid::from_u128(self.random.random())),
            description: self.text(),
            level,
            project: level.needs_project().then_some(project),
            scopes: self.some_of(Scope::of(level)),
            models: self.some_of(&MODELS).into_iter().map(str::to_owned).collect(),
            rotate_every_days: self.one_in(3).then_some(30),
            expires_at: self.one_in(2).then(|| self.moment(&[-30, 0, 1, 14, 30, 400])),
            revoked_at: self.one_in(8).then_some(self.now),
            disabled_at: self.one_in(8).then_some(self.now),
            secrets,
            ..StoredKey::new(&self.text(), project, created_at)
        };
        if self.one_in(2) {
            // No scopes, with a list of models or none: the usual cases.
            key.scopes = Vec::new();
        }
        key
    }

    fn secret(&mut self, key_created_at: Timestamp, newest: bool) -> StoredSecret {
        let created_at = if newest { self.moment(&[-30, -30, 0]).max(key_created_at) } else { key_created_at };
        let last_four: String = (0..4).map(|_| self.of(&['a', 'A', 'b', '7'])).collect();
        let uses = self.number(3);
        let mut secret = StoredSecret {
            id: SecretId::new(Uuid::from_u128(self.random.random())),
            expires_at: (!newest).then(|| self.moment(&[-1, 0, 1])),
            ..StoredSecret::new(&last_four, created_at)
        };
        for client in 0..uses {
            let at = self.moment(&[-90, -30, -30, -1, 0]).min(self.now);
            secret.uses.push((format!("192.0.2.{client}"), self.text(), at));
        }
        secret
    }

    pub(super) fn query(&mut self, facts: &[Fact], projects: &[ProjectId]) -> KeyQuery {
        KeyQuery {
            search: if self.one_in(2) { self.search(facts) } else { String::new() },
            status: self.one_in(4).then(|| self.of(&Status::ALL)),
            level: self.one_in(4).then(|| self.of(&Level::ALL)),
            project: self.one_in(4).then(|| self.of(projects)),
            creator: None,
            hint: self.one_in(3).then(|| self.of(&HintKind::ALL)),
            sort: self.of(&KeySort::ALL),
            reversed: self.one_in(2),
            page: if self.one_in(3) { self.of(&[1, 2, 3, u32::MAX]) } else { 0 },
        }
    }

    /// A part of a key's text, in another case.
    fn search(&mut self, facts: &[Fact]) -> String {
        let key = &facts[self.number(facts.len())].key;
        let masked = domain::api_keys::Secret::masked(key.level, &key.secrets[0].last_four);
        let texts = [key.name.clone(), key.description.clone(), masked, key.id.to_string(), "nowhere".to_owned()];
        let text: Vec<char> = texts[self.number(texts.len())].chars().collect();
        let (start, length) = (self.number(text.len() + 1), self.number(8));
        let part: String = match self.one_in(3) {
            true => text.into_iter().collect(),
            false => text.into_iter().skip(start).take(length).collect(),
        };
        match self.number(3) {
            0 => part.to_uppercase(),
            1 => part.to_lowercase(),
            _ => part,
        }
    }
}
