//! Creates the company's keys as its people would have, one action after another, each at its time, through
//! the regular services, so that every key has a history.

use std::sync::Arc;

use domain::{
    api_keys::{ApiKeyChanges, CreatedApiKey, Expiration, KeyPolicy, MAX_LIFE_DAYS, NewApiKey, Rotation},
    ids::{ApiKeyId, ProjectId, SecretId, UserId},
    organizations::SettingsChanges,
    time::Timestamp,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use super::{
    key_plan::{KeyFate, KeyPlan},
    key_plans::PLANS,
    people::Person,
};
use crate::{
    Clock, Organization, ServiceError, ServiceResult, Services,
    api_keys::{self, LeakReport},
    entities::key_secrets,
    organizations,
};

/// The grace period of a replaced secret: a day.
const GRACE_SECONDS: u32 = 24 * 60 * 60;
/// The place where the leaked key was found.
const LEAK_URL: &str = "https://git.example/fernweh/hackathon/blob/main/notebook.ipynb";
/// The company's latest limit on keys' lifetimes; the key for notebooks exceeds it.
const MAX_KEY_LIFE_DAYS: u32 = 730;

/// A key of the demo organization.
pub(super) struct DemoKey {
    pub(super) id: ApiKeyId,
    /// Its secrets, the oldest first; never empty.
    pub(super) secrets: Vec<SecretId>,
    /// When the second secret replaced the first.
    pub(super) rotated_at: Option<Timestamp>,
    /// `None` for an admin key.
    pub(super) project: Option<ProjectId>,
    pub(super) creator: UserId,
    pub(super) plan: &'static KeyPlan,
}

impl DemoKey {
    /// The secret that a call at this moment uses. After a rotation, some calls still use the old one.
    pub(super) fn secret_at(&self, moment: Timestamp) -> SecretId {
        let replaced = self.rotated_at.is_some_and(|rotated| moment >= rotated && moment.millis() % 4 != 0);
        self.secrets[if replaced { self.secrets.len() - 1 } else { 0 }]
    }
}

/// Creates the company's keys.
pub(super) struct KeyMaker<'a> {
    pub(super) organization: &'a Organization,
    pub(super) people: &'a [Person],
    pub(super) projects: &'a [ProjectId],
    pub(super) models: &'a [&'static str],
    pub(super) begin: Timestamp,
    pub(super) now: Timestamp,
}

/// The services with a clock that stands at `moment`.
pub(super) fn services_at(services: &Services, moment: Timestamp) -> Services {
    Services { clock: Arc::new(FixedClock(moment)), ..services.clone() }
}

struct FixedClock(Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl KeyMaker<'_> {
    /// The moment after this share of the company's time, in percent.
    fn after(&self, percent: u32) -> Timestamp {
        self.begin.plus_millis((self.now.millis() - self.begin.millis()) / 100 * i64::from(percent))
    }

    /// Creates all keys and applies their fates, each at its time; `services` offers their models.
    pub(super) async fn create_keys(&self, services: &Services) -> ServiceResult<Vec<DemoKey>> {
        let mut moments: Vec<(Timestamp, &'static KeyPlan)> =
            PLANS.iter().flat_map(|plan| [(self.after(plan.since), plan), (self.fate_at(plan), plan)]).collect();
        moments.sort_by_key(|(moment, _)| *moment);
        let mut created_keys: Vec<(&'static KeyPlan, CreatedApiKey)> = Vec::new();
        for (moment, plan) in moments {
            let then = services_at(services, moment);
            // Each plan comes twice: first to create the key, then to apply its fate.
            if let Some((_, created)) = created_keys.iter().find(|(other, _)| std::ptr::eq(*other, plan)) {
                self.apply_fate(&then, plan, created).await?;
            } else {
                let actor = self.people[plan.creator].actor(self.organization);
                created_keys.push((plan, api_keys::create(&then, &actor, self.new_key(plan, moment)?).await?));
            }
        }
        self.limit_lifetimes(&services_at(services, self.now)).await?;
        let mut keys = Vec::new();
        for (plan, created) in created_keys {
            keys.push(self.load_key(services, plan, created.api_key.id).await?);
        }
        Ok(keys)
    }

    fn new_key(&self, plan: &KeyPlan, moment: Timestamp) -> ServiceResult<NewApiKey> {
        let networks = plan.networks.iter().map(|network| network.parse());
        let expires_at = match plan.fate {
            KeyFate::Expired(at) => Some(self.after(at)),
            _ => plan.expires_in_days.map(|days| self.now.plus_days(days)),
        };
        let latest = moment.plus_days(i64::from(MAX_LIFE_DAYS));
        Ok(NewApiKey {
            description: plan.description.to_owned(),
            scopes: plan.scopes.to_vec(),
            models: if matches!(plan.fate, KeyFate::Narrowed(_)) { Vec::new() } else { self.allowed(plan) },
            ip_allowlist: networks.collect::<Result<_, _>>().map_err(ServiceError::Internal)?,
            life: expires_at.map_or(Expiration::Never, |end| Expiration::At(end.min(latest))),
            rotate_every_days: plan.rotate_every_days,
            ..NewApiKey::plain(plan.name, plan.level, plan.level.needs_project().then(|| self.projects[plan.project]))
        })
    }

    fn allowed(&self, plan: &KeyPlan) -> Vec<String> {
        plan.allowed.iter().map(|model| self.models[*model].to_owned()).collect()
    }

    /// The time of a key's fate.
    fn fate_at(&self, plan: &KeyPlan) -> Timestamp {
        match plan.fate {
            KeyFate::Stays => self.now,
            KeyFate::Rotated(hours_ago) => self.now.plus_minutes(-60 * hours_ago),
            KeyFate::Narrowed(at)
            | KeyFate::Forgotten(at)
            | KeyFate::Revoked(at)
            | KeyFate::Leaked(at)
            | KeyFate::Expired(at) => self.after(at),
        }
    }

    async fn apply_fate(&self, then: &Services, plan: &KeyPlan, created: &CreatedApiKey) -> ServiceResult<()> {
        let actor = self.people[plan.creator].actor(self.organization);
        let id = created.api_key.id;
        match plan.fate {
            KeyFate::Stays | KeyFate::Forgotten(_) | KeyFate::Expired(_) => {}
            KeyFate::Rotated(_) => {
                let rotation = Rotation { grace_seconds: GRACE_SECONDS, request: None };
                api_keys::rotate(then, &actor, id, rotation).await?;
            }
            KeyFate::Narrowed(_) => {
                let changes = ApiKeyChanges { models: Some(self.allowed(plan)), ..ApiKeyChanges::default() };
                api_keys::edit(then, &actor, id, changes).await?;
            }
            KeyFate::Revoked(_) => api_keys::revoke(then, &actor, &[id]).await?,
            KeyFate::Leaked(_) => {
                let report = LeakReport { secret: created.secret.clone(), place: LEAK_URL.to_owned() };
                api_keys::report_leaks(then, &[report]).await?;
            }
        }
        Ok(())
    }

    /// Limits keys' lifetimes, which one existing key exceeds.
    async fn limit_lifetimes(&self, services: &Services) -> ServiceResult<()> {
        let owner = self.people[0].actor(self.organization);
        let key_policy = KeyPolicy { expiry_required: false, longest_life_days: Some(MAX_KEY_LIFE_DAYS) };
        let changes = SettingsChanges { key_policy: Some(key_policy), ..SettingsChanges::default() };
        organizations::update_settings(services, &owner, changes).await
    }

    async fn load_key(&self, services: &Services, plan: &'static KeyPlan, id: ApiKeyId) -> ServiceResult<DemoKey> {
        let secrets = key_secrets::of(self.organization.id)
            .filter(key_secrets::Column::ApiKeyId.eq(id.uuid()))
            .order_by_asc(key_secrets::Column::CreatedAt)
            .all(services.database.read())
            .await?;
        Ok(DemoKey {
            id,
            secrets: secrets.iter().map(|secret| SecretId::new(secret.id)).collect(),
            rotated_at: matches!(plan.fate, KeyFate::Rotated(_)).then(|| self.fate_at(plan)),
            project: plan.level.needs_project().then(|| self.projects[plan.project]),
            creator: self.people[plan.creator].id,
            plan,
        })
    }
}
