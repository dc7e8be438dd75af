//! The demo company: its projects, models and their prices.

use std::sync::Arc;

use domain::{
    bodies::{BodySettings, DEFAULT_BODY_DAYS},
    ids::{PriceId, ProjectId, UserId},
    models::Service,
    money::{Money, Price},
    organizations::SettingsChanges,
    permissions::Role,
    time::Timestamp,
};
use sea_orm::{ActiveModelTrait, ConnectionTrait, IntoActiveModel};

use super::{
    Demo,
    keys::{self, DemoKey, KeyMaker},
    people,
};
use crate::{
    Organization, ServiceResult, Services,
    entities::projects,
    models::{Catalog, OfferedModel, prices},
    random,
};

const NAME: &str = "Fernweh Travel";
const TIME_ZONE: &str = "Europe/Berlin";

/// The company as the traffic needs it.
pub(super) struct Company {
    pub(super) organization: Organization,
    pub(super) keys: Vec<DemoKey>,
    pub(super) models: Vec<DemoModel>,
}

/// A model that the company uses.
pub(super) struct DemoModel {
    pub(super) name: Arc<str>,
    pub(super) provider: Arc<str>,
    pub(super) service: Service,
    /// Typical tokens in and out.
    pub(super) tokens: (u32, u32),
    /// Typical milliseconds to the first byte, and for each token after.
    pub(super) latency_ms: (u32, u32),
    /// Prices with the times from which they apply, ascending.
    pub(super) prices: Vec<(Timestamp, PriceId, Price)>,
}

impl DemoModel {
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
    /// The share of the time after which the price changes, and the new price, both in percent.
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

/// Name, description and cost center of each project.
const PROJECTS: [(&str, &str, &str); 5] = [
    ("Assistant", "The trip planner in app and web", "Product"),
    ("Support", "Answers and triages tickets", "Operations"),
    ("Search", "Embeds places and queries", "Product"),
    ("Research", "Evaluations and experiments", "R&D"),
    ("Back office", "Invoices and contracts, read by machine", "Finance"),
];

/// Creates the organization with its people, projects, prices and keys.
pub(super) async fn create(services: &Services, begin: Timestamp) -> ServiceResult<(Company, Demo)> {
    let now = services.now();
    // The company's models are independent of those that this installation offers.
    let then = Services { catalog: Catalog::default(), ..keys::services_at(services, begin) };
    let organization = crate::organizations::create(&then, NAME, TIME_ZONE).await?;
    let (people, password) = people::create_all(&then, &organization).await?;
    let bodies = BodySettings { days: Some(DEFAULT_BODY_DAYS), ..BodySettings::default() };
    let changes = SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() };
    crate::organizations::update_settings(&then, &people[0].actor(&organization), changes).await?;
    let at = |percent: u32| begin.plus_millis((now.millis() - begin.millis()) / 100 * i64::from(percent));
    let transaction = services.database().begin().await?;
    let mut projects = Vec::new();
    for (name, description, cost_center) in PROJECTS {
        projects.push(
            create_project(&transaction, &organization, name, description, cost_center, people[0].id, begin).await?,
        );
    }
    let mut models = Vec::new();
    for offer in OFFERS {
        models.push(create_model(&transaction, &offer, begin, at).await?);
    }
    people::assign_projects(&transaction, &organization, &people, &projects, begin).await?;
    transaction.commit().await?;

    let offered = models.iter().map(|model| OfferedModel {
        name: model.name.to_string(),
        service: model.service,
        price: model.prices.last().map(|(.., price)| *price),
    });
    crate::models::apply(&then, offered.collect()).await?;
    let names = OFFERS.map(|offer| offer.name);
    let maker =
        KeyMaker { organization: &organization, people: &people, projects: &projects, models: &names, begin, now };
    let keys = maker.create_keys(&then).await?;
    let demo = Demo {
        organization: organization.name.clone(),
        slug: organization.slug.clone(),
        email: people::email(Role::Owner),
        password,
        calls: 0,
    };
    Ok((Company { organization, keys, models }, demo))
}

async fn create_project(
    transaction: &impl ConnectionTrait,
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
        slug: domain::validation::slug(name, "project"),
        name: name.to_owned(),
        description: description.to_owned(),
        cost_center: cost_center.to_owned(),
        created_by: Some(creator.uuid()),
        created_at: at.millis(),
        archived_at: None,
        calls_per_minute: None,
        tokens_per_minute: None,
    }
    .into_active_model()
    .insert(transaction)
    .await?;
    Ok(ProjectId::new(id))
}

async fn create_model(
    transaction: &impl ConnectionTrait,
    offer: &Offer,
    begin: Timestamp,
    at: impl Fn(u32) -> Timestamp,
) -> ServiceResult<DemoModel> {
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
        prices.push((from, prices::add_version(transaction, offer.name, from, from, price).await?, price));
    }
    let Offer { name, provider, service, tokens, latency_ms, .. } = *offer;
    Ok(DemoModel { name: Arc::from(name), provider: Arc::from(provider), service, tokens, latency_ms, prices })
}
