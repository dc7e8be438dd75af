//! The company: its projects, keys, models and what they cost.

use std::sync::Arc;

use domain::{
    api_keys::{Level, Secret},
    ids::{ApiKeyId, PriceId, ProjectId, SecretId, UserId},
    models::Service,
    money::{Money, Price},
    permissions::Role,
    time::Timestamp,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, IntoActiveModel};
use sha2::{Digest, Sha256};

use super::{Demo, people};
use crate::{
    Organization, ServiceResult, Services,
    entities::{api_keys, key_directory, key_secrets, prices, projects},
    random,
};

const NAME: &str = "Fernweh Travel";
const TIME_ZONE: &str = "Europe/Berlin";

/// What traffic is made of.
pub(super) struct Company {
    pub(super) organization: Organization,
    pub(super) keys: Vec<Key>,
    pub(super) models: Vec<Model>,
}

pub(super) struct Key {
    pub(super) id: ApiKeyId,
    pub(super) secret: SecretId,
    pub(super) project: ProjectId,
    pub(super) creator: UserId,
    /// Share of all calls.
    pub(super) weight: u32,
    /// Indices of models, and how often each is called.
    pub(super) models: &'static [(usize, u32)],
    /// The share of the company's time, in percent, after which the key was made.
    pub(super) since: u32,
    /// Whether it is called by people, who sleep and have weekends, or by jobs, which don't.
    pub(super) by_people: bool,
}

pub(super) struct Model {
    pub(super) name: Arc<str>,
    pub(super) provider: Arc<str>,
    pub(super) service: Service,
    /// Usual tokens in and out.
    pub(super) tokens: (u32, u32),
    /// Usual milliseconds to the first byte, and for each token after.
    pub(super) latency_ms: (u32, u32),
    /// Prices with the moments from which they hold, ascending.
    pub(super) prices: Vec<(Timestamp, PriceId, Price)>,
}

impl Model {
    /// The price of a call that started at `moment`.
    pub(super) fn price_at(&self, moment: Timestamp) -> Option<(PriceId, Price)> {
        self.prices.iter().rev().find(|(from, ..)| *from <= moment).map(|(_, id, price)| (*id, *price))
    }
}

struct Offer {
    name: &'static str,
    provider: &'static str,
    service: Service,
    tokens: (u32, u32),
    latency_ms: (u32, u32),
    /// Nano-dollars for a million tokens: input, cached input, output.
    price: [i64; 3],
    /// From this share of the time on, in percent, it costs that share of its price.
    change: Option<(u32, u32)>,
}

const CENT: i64 = 10_000_000;

const OFFERS: [Offer; 5] = [
    Offer {
        name: "gpt-5-mini",
        provider: "openai",
        service: Service::Chat,
        tokens: (1_900, 420),
        latency_ms: (360, 4),
        price: [25 * CENT, CENT * 5 / 2, 200 * CENT],
        change: Some((70, 80)),
    },
    Offer {
        name: "gpt-5",
        provider: "openai",
        service: Service::Chat,
        tokens: (3_200, 760),
        latency_ms: (820, 9),
        price: [125 * CENT, CENT * 25 / 2, 1_000 * CENT],
        change: None,
    },
    Offer {
        name: "claude-haiku-4.5",
        provider: "anthropic",
        service: Service::Chat,
        tokens: (2_300, 510),
        latency_ms: (310, 4),
        price: [100 * CENT, 10 * CENT, 500 * CENT],
        change: None,
    },
    Offer {
        name: "claude-sonnet-4.5",
        provider: "anthropic",
        service: Service::Chat,
        tokens: (5_400, 1_150),
        latency_ms: (640, 8),
        price: [300 * CENT, 30 * CENT, 1_500 * CENT],
        change: None,
    },
    Offer {
        name: "text-embedding-3-small",
        provider: "openai",
        service: Service::Embeddings,
        tokens: (740, 0),
        latency_ms: (90, 0),
        price: [2 * CENT, 2 * CENT, 0],
        change: None,
    },
];

/// Name, description, cost center.
const PROJECTS: [(&str, &str, &str); 5] = [
    ("Assistant", "The trip planner in app and web", "Product"),
    ("Support", "Answers and triages tickets", "Operations"),
    ("Search", "Embeds places and queries", "Product"),
    ("Research", "Evaluations and experiments", "R&D"),
    ("Back office", "Invoices and contracts, read by machine", "Finance"),
];

/// Name, project, who made it, weight, models, since (percent), by people.
type KeyPlan = (&'static str, usize, usize, u32, &'static [(usize, u32)], u32, bool);

const KEYS: [KeyPlan; 11] = [
    ("web", 0, 1, 300, &[(0, 70), (2, 25), (1, 5)], 0, true),
    ("ios-app", 0, 2, 190, &[(0, 80), (2, 20)], 12, true),
    ("android-app", 0, 2, 150, &[(0, 80), (2, 20)], 20, true),
    ("support-bot", 1, 3, 140, &[(2, 85), (3, 15)], 8, true),
    ("ticket-triage", 1, 3, 60, &[(0, 100)], 30, false),
    ("place-indexer", 2, 1, 90, &[(4, 100)], 0, false),
    ("query-embedder", 2, 2, 210, &[(4, 100)], 5, true),
    ("batch-eval", 3, 4, 25, &[(1, 40), (3, 40), (2, 20)], 25, false),
    ("notebooks", 3, 4, 12, &[(1, 50), (3, 50)], 0, true),
    ("invoice-reader", 4, 1, 30, &[(0, 60), (1, 40)], 45, false),
    ("contract-review", 4, 3, 8, &[(3, 100)], 60, true),
];

/// Makes the organization with its people, projects, keys and prices.
pub(super) async fn found(services: &Services, begin: Timestamp) -> ServiceResult<(Company, Demo)> {
    let organization = crate::organizations::create(services, NAME, TIME_ZONE).await?;
    let (people, password) = people::hire(services, &organization).await?;
    let span = services.now().millis() - begin.millis();
    let at = |percent: u32| begin.plus_millis(span / 100 * i64::from(percent));
    let txn = services.database().begin().await?;
    let mut projects = Vec::new();
    for (name, description, cost_center) in PROJECTS {
        projects.push(project(&txn, &organization, name, description, cost_center, people[0], begin).await?);
    }
    let mut keys = Vec::new();
    for (name, project, creator, weight, models, since, by_people) in KEYS {
        let (project, creator) = (projects[project], people[creator]);
        let (id, secret) = key(&txn, &organization, name, project, creator, at(since)).await?;
        keys.push(Key { id, secret, project, creator, weight, models, since, by_people });
    }
    let mut models = Vec::new();
    for offer in OFFERS {
        models.push(model(&txn, &offer, begin, at).await?);
    }
    people::assign(&txn, &organization, &people, &projects, begin).await?;
    txn.commit().await?;
    let demo = Demo {
        organization: organization.name.clone(),
        slug: organization.slug.clone(),
        email: people::email(Role::Owner),
        password,
        calls: 0,
    };
    Ok((Company { organization, keys, models }, demo))
}

async fn project(
    txn: &impl ConnectionTrait,
    organization: &Organization,
    name: &str,
    description: &str,
    cost_center: &str,
    creator: UserId,
    at: Timestamp,
) -> ServiceResult<ProjectId> {
    let id = random::uuid(at)?;
    projects::Model {
        organization_id: organization.id.uuid(),
        id,
        slug: domain::validation::slug(name),
        name: name.to_owned(),
        description: description.to_owned(),
        cost_center: cost_center.to_owned(),
        created_by: Some(creator.uuid()),
        created_at: at.millis(),
        archived_at: None,
    }
    .into_active_model()
    .insert(txn)
    .await?;
    Ok(ProjectId::new(id))
}

/// A key whose secret nobody has: its calls lie in the past.
async fn key(
    txn: &impl ConnectionTrait,
    organization: &Organization,
    name: &str,
    project: ProjectId,
    creator: UserId,
    at: Timestamp,
) -> ServiceResult<(ApiKeyId, SecretId)> {
    let secret = Secret::from_digits(Level::Standard, random::base62_digits()?);
    let (id, secret_id) = (random::uuid(at)?, random::uuid(at)?);
    let organization_id = organization.id.uuid();
    api_keys::Model {
        organization_id,
        id,
        project_id: Some(project.uuid()),
        name: name.to_owned(),
        description: String::new(),
        level: Level::Standard.name().to_owned(),
        models: serde_json::json!([]),
        created_by: Some(creator.uuid()),
        created_at: at.millis(),
        expires_at: None,
        revoked_at: None,
        revoked_by: None,
        disabled_at: None,
    }
    .into_active_model()
    .insert(txn)
    .await?;
    key_secrets::Model {
        organization_id,
        id: secret_id,
        api_key_id: id,
        last_four: secret.last_four().to_owned(),
        created_at: at.millis(),
        expires_at: None,
    }
    .into_active_model()
    .insert(txn)
    .await?;
    key_directory::Model { hash: Sha256::digest(secret.reveal()).to_vec(), organization_id, api_key_id: id, secret_id }
        .into_active_model()
        .insert(txn)
        .await?;
    Ok((ApiKeyId::new(id), SecretId::new(secret_id)))
}

async fn model(
    txn: &impl ConnectionTrait,
    offer: &Offer,
    begin: Timestamp,
    at: impl Fn(u32) -> Timestamp,
) -> ServiceResult<Model> {
    let versions =
        std::iter::once((begin, 100)).chain(offer.change.map(|(since, share)| (at(since), i64::from(share))));
    let mut prices = Vec::new();
    for (from, share) in versions {
        let part = |index: usize| Money::from_nanos(offer.price[index] * share / 100);
        let price = Price {
            input_per_million: Some(part(0)),
            cached_input_per_million: Some(part(1)),
            output_per_million: Some(part(2)),
            ..Price::default()
        };
        prices.push((from, price_version(txn, offer.name, from, &price).await?, price));
    }
    let Offer { name, provider, service, tokens, latency_ms, .. } = *offer;
    Ok(Model { name: Arc::from(name), provider: Arc::from(provider), service, tokens, latency_ms, prices })
}

async fn price_version(
    txn: &impl ConnectionTrait,
    model: &str,
    from: Timestamp,
    price: &Price,
) -> ServiceResult<PriceId> {
    let id = random::uuid(from)?;
    let nanos = |part: Option<Money>| Set(part.map(Money::nanos));
    prices::ActiveModel {
        id: Set(id),
        model: Set(model.to_owned()),
        effective_from: Set(from.millis()),
        input_per_million: nanos(price.input_per_million),
        cached_input_per_million: nanos(price.cached_input_per_million),
        output_per_million: nanos(price.output_per_million),
        per_call: Set(None),
        per_image: Set(None),
        per_minute: Set(None),
        per_gb_month: Set(None),
    }
    .insert(txn)
    .await?;
    Ok(PriceId::new(id))
}
