//! Makes the company's keys as its people would have: one deed after another, at their moments, through the use cases
//! themselves, so that every key has its history.

use std::sync::Arc;

use domain::{
    api_keys::{ApiKeyChanges, CreatedApiKey, KeyPolicy, LONGEST_LIFE_DAYS, Life, NewApiKey, Rotation},
    ids::{ApiKeyId, ProjectId, SecretId, UserId},
    organizations::SettingsChanges,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use super::{
    key_plan::{Fate, Plan},
    key_plans::PLANS,
    people::Person,
};
use crate::{
    Clock, Organization, ServiceError, ServiceResult, Services,
    api_keys::{self, LeakReport},
    entities::key_secrets,
    organizations,
};

/// How long a replaced secret lives on: a day.
const GRACE_SECONDS: u32 = 24 * 60 * 60;
/// Where the leaked key was found.
const LEAK: &str = "https://git.example/fernweh/hackathon/blob/main/notebook.ipynb";
/// What the company decided at last; the key for notebooks lives longer.
const LONGEST_KEY_LIFE_DAYS: u32 = 730;

/// A key that was made.
pub(super) struct Key {
    pub(super) id: ApiKeyId,
    /// The oldest first; never empty.
    pub(super) secrets: Vec<SecretId>,
    /// When the second one replaced the first.
    pub(super) rotated_at: Option<Timestamp>,
    /// `None` for an admin key.
    pub(super) project: Option<ProjectId>,
    pub(super) creator: UserId,
    pub(super) plan: &'static Plan,
}

impl Key {
    /// Which of its secrets a call at this moment was made with: while both work, not everybody has the new one.
    pub(super) fn secret_at(&self, moment: Timestamp) -> SecretId {
        let replaced = self.rotated_at.is_some_and(|rotated| moment >= rotated && moment.millis() % 4 != 0);
        self.secrets[if replaced { self.secrets.len() - 1 } else { 0 }]
    }
}

/// The company as far as its keys need it.
pub(super) struct Makers<'a> {
    pub(super) organization: &'a Organization,
    pub(super) people: &'a [Person],
    pub(super) projects: &'a [ProjectId],
    pub(super) models: &'a [&'static str],
    pub(super) begin: Timestamp,
    pub(super) now: Timestamp,
}

/// The same services at another moment.
pub(super) fn at(services: &Services, moment: Timestamp) -> Services {
    Services { clock: Arc::new(Stopped(moment)), ..services.clone() }
}

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl Makers<'_> {
    /// The moment after this share of the company's time, in percent.
    fn after(&self, percent: u32) -> Timestamp {
        self.begin.plus_millis((self.now.millis() - self.begin.millis()) / 100 * i64::from(percent))
    }

    /// Makes all keys and lets their fates befall them, each at its moment; `services` offers their models.
    pub(super) async fn make(&self, services: &Services) -> ServiceResult<Vec<Key>> {
        let mut moments: Vec<(Timestamp, &'static Plan)> =
            PLANS.iter().flat_map(|plan| [(self.after(plan.since), plan), (self.fate_at(plan), plan)]).collect();
        moments.sort_by_key(|(moment, _)| *moment);
        let mut made: Vec<(&'static Plan, CreatedApiKey)> = Vec::new();
        for (moment, plan) in moments {
            let then = at(services, moment);
            // Each plan comes twice: first the key is made.
            if let Some((_, created)) = made.iter().find(|(other, _)| std::ptr::eq(*other, plan)) {
                self.fulfil(&then, plan, created).await?;
            } else {
                let actor = self.people[plan.creator].actor(self.organization);
                made.push((plan, api_keys::create(&then, &actor, self.asked(plan, moment)?).await?));
            }
        }
        self.limit_lives(&at(services, self.now)).await?;
        let mut keys = Vec::new();
        for (plan, created) in made {
            keys.push(self.key(services, plan, created.api_key.id).await?);
        }
        Ok(keys)
    }

    fn asked(&self, plan: &Plan, moment: Timestamp) -> ServiceResult<NewApiKey> {
        let networks = plan.networks.iter().map(|network| network.parse());
        let expires_at = match plan.fate {
            Fate::Expired(at) => Some(self.after(at)),
            _ => plan.expires_in_days.map(|days| self.now.plus_days(days)),
        };
        let latest = moment.plus_days(i64::from(LONGEST_LIFE_DAYS));
        Ok(NewApiKey {
            description: plan.description.to_owned(),
            scopes: plan.scopes.to_vec(),
            models: if matches!(plan.fate, Fate::Narrowed(_)) { Vec::new() } else { self.allowed(plan) },
            ip_allowlist: networks.collect::<Result<_, _>>().map_err(ServiceError::Internal)?,
            life: expires_at.map_or(Life::Never, |end| Life::At(end.min(latest))),
            rotate_every_days: plan.rotate_every_days,
            ..NewApiKey::plain(plan.name, plan.level, plan.level.needs_project().then(|| self.projects[plan.project]))
        })
    }

    fn allowed(&self, plan: &Plan) -> Vec<String> {
        plan.allowed.iter().map(|model| self.models[*model].to_owned()).collect()
    }

    /// When a key's fate befalls it.
    fn fate_at(&self, plan: &Plan) -> Timestamp {
        match plan.fate {
            Fate::Stays => self.now,
            Fate::Rotated(hours_ago) => self.now.plus_minutes(-60 * hours_ago),
            Fate::Narrowed(at) | Fate::Forgotten(at) | Fate::Revoked(at) | Fate::Leaked(at) | Fate::Expired(at) => {
                self.after(at)
            }
        }
    }

    async fn fulfil(&self, then: &Services, plan: &Plan, created: &CreatedApiKey) -> ServiceResult<()> {
        let actor = self.people[plan.creator].actor(self.organization);
        let id = created.api_key.id;
        match plan.fate {
            Fate::Stays | Fate::Forgotten(_) | Fate::Expired(_) => {}
            Fate::Rotated(_) => {
                let rotation = Rotation { grace_seconds: GRACE_SECONDS, request: None };
                api_keys::rotate(then, &actor, id, rotation).await?;
            }
            Fate::Narrowed(_) => {
                let changes = ApiKeyChanges { models: Some(self.allowed(plan)), ..ApiKeyChanges::default() };
                api_keys::edit(then, &actor, id, changes).await?;
            }
            Fate::Revoked(_) => api_keys::revoke(then, &actor, &[id]).await?,
            Fate::Leaked(_) => {
                let report = LeakReport { secret: created.secret.clone(), place: LEAK.to_owned() };
                api_keys::report_leaks(then, &[report]).await?;
            }
        }
        Ok(())
    }

    /// Limits how long keys may live, now that one is there that lives longer.
    async fn limit_lives(&self, services: &Services) -> ServiceResult<()> {
        let owner = self.people[0].actor(self.organization);
        let key_policy = KeyPolicy { expiry_required: false, longest_life_days: Some(LONGEST_KEY_LIFE_DAYS) };
        let changes = SettingsChanges { key_policy: Some(key_policy), ..SettingsChanges::default() };
        organizations::update_settings(services, &owner, changes).await
    }

    async fn key(&self, services: &Services, plan: &'static Plan, id: ApiKeyId) -> ServiceResult<Key> {
        let secrets = key_secrets::of(self.organization.id)
            .filter(key_secrets::Column::ApiKeyId.eq(id.uuid()))
            .order_by_asc(key_secrets::Column::CreatedAt)
            .all(services.database.read())
            .await?;
        Ok(Key {
            id,
            secrets: secrets.iter().map(|secret| SecretId::new(secret.id)).collect(),
            rotated_at: matches!(plan.fate, Fate::Rotated(_)).then(|| self.fate_at(plan)),
            project: plan.level.needs_project().then(|| self.projects[plan.project]),
            creator: self.people[plan.creator].id,
            plan,
        })
    }
}
