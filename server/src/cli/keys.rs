//! `tollhouse key`.

mod leaks;
mod list;
mod shown;

use domain::{
    api_keys::{ApiKeyChanges, Expiration, NewApiKey, RotatedApiKey, Rotation},
    ids::{ApiKeyId, ProjectId},
    rate_limits::RateLimits,
};
use services::{Actor, Services, api_keys};

use super::{
    CliError,
    args::{CreateKeyArgs, EditKeyArgs, GracePeriod, KeyCommand, LimitEdits},
    output, start,
};

pub(super) async fn run(services: &Services, command: KeyCommand, json: bool) -> Result<(), CliError> {
    match command {
        KeyCommand::Create(new) => create(services, new, json).await,
        KeyCommand::List { org } => list::run(services, &org, json).await,
        KeyCommand::Edit { id, edits } => edit(services, id, edits, json).await,
        KeyCommand::Rotate { id, grace, request } => rotate(services, id, grace, request, json).await,
        KeyCommand::Grace { id, grace } => set_grace(services, id, grace, json).await,
        KeyCommand::EndRotation { id } => set_grace(services, id, GracePeriod(0), json).await,
        KeyCommand::Revoke { ids, descendants } => revoke(services, &ids, descendants, json).await,
        KeyCommand::ReportLeak { place, arguments } if arguments.is_empty() => leaks::run(services, &place, json).await,
        KeyCommand::ReportLeak { .. } => Err(CliError::Usage(
            "write secrets to standard input, one per line: every user of this machine can see arguments".to_owned(),
        )),
    }
}

async fn create(services: &Services, new: CreateKeyArgs, json: bool) -> Result<(), CliError> {
    let actor = start::actor(services, &new.org).await?;
    let new_key = NewApiKey {
        name: new.name,
        description: new.description,
        project_id: project(services, &actor, new.project).await?,
        level: new.level,
        scopes: new.scopes,
        models: new.models,
        ip_allowlist: new.networks,
        life: new.expires_in_days.map_or(Expiration::Never, Expiration::Days),
        rotate_every_days: new.rotate_every_days,
        rate_limits: new.limits.applied(RateLimits::NONE),
        metadata_only: new.metadata_only,
    };
    let created = api_keys::create(services, &actor, new_key).await?;
    let key = &created.api_key;
    output::data(json, &shown::with_secret(key, Some(&created.secret)), |_| {
        format!("{}  {}\n{}\nCopy the secret now. It won't be shown again.", key.id, key.name, created.secret)
    })
}

async fn edit(services: &Services, id: ApiKeyId, edits: EditKeyArgs, json: bool) -> Result<(), CliError> {
    let actor = key_actor(services, id).await?;
    let EditKeyArgs { calls_per_minute, tokens_per_minute, .. } = edits;
    let rate_limits = match (LimitEdits { calls_per_minute, tokens_per_minute }) {
        limits if limits.is_none() => None,
        limits => Some(limits.applied(api_keys::get(services, &actor, id).await?.rate_limits)),
    };
    // A list that isn't given stays; one that is lifted becomes empty.
    let changes = ApiKeyChanges {
        name: edits.name,
        description: edits.description,
        project_id: project(services, &actor, edits.project).await?,
        scopes: (edits.all_scopes || !edits.scopes.is_empty()).then_some(edits.scopes),
        models: (edits.all_models || !edits.models.is_empty()).then_some(edits.models),
        ip_allowlist: (edits.allow_all_ips || !edits.networks.is_empty()).then_some(edits.networks),
        rotate_every_days: edits.rotate_every_days,
        rate_limits,
        metadata_only: edits.metadata_only,
    };
    let key = api_keys::edit(services, &actor, id, changes).await?;
    output::data(json, &shown::key(&key), |_| format!("{id} was updated."))
}

async fn rotate(
    services: &Services,
    id: ApiKeyId,
    GracePeriod(grace_seconds): GracePeriod,
    request: Option<String>,
    json: bool,
) -> Result<(), CliError> {
    let actor = key_actor(services, id).await?;
    let rotated = api_keys::rotate(services, &actor, id, Rotation { grace_seconds, request }).await?;
    let RotatedApiKey { api_key, secret } = &rotated;
    let old = shown::old_secret(api_key);
    output::data(json, &shown::with_secret(api_key, secret.as_deref()), |_| match secret {
        Some(secret) => {
            format!("{id}  {}\n{secret}\nCopy the secret now. It won't be shown again.\n{old}", api_key.name)
        }
        None => format!(
            "This request already rotated the key. The new secret was shown then and can't be shown again.\n{old}"
        ),
    })
}

async fn set_grace(
    services: &Services,
    id: ApiKeyId,
    GracePeriod(seconds): GracePeriod,
    json: bool,
) -> Result<(), CliError> {
    let key = api_keys::set_grace(services, &key_actor(services, id).await?, id, seconds).await?;
    output::data(json, &shown::key(&key), |_| shown::old_secret(&key))
}

async fn revoke(services: &Services, ids: &[ApiKeyId], with_descendants: bool, json: bool) -> Result<(), CliError> {
    let mut organizations = Vec::with_capacity(ids.len());
    for id in ids {
        organizations.push(api_keys::find_organization_of(services, *id).await?);
    }
    organizations.dedup();
    let [organization] = &organizations[..] else {
        return Err(CliError::Refused(
            "these keys belong to several organizations; revoke those of each organization separately".to_owned(),
        ));
    };
    let actor = start::command_line(organization.clone());
    let mut revoked = ids.to_vec();
    let mut rest = None;
    if with_descendants {
        revoked.extend(api_keys::revoke_with_descendants(services, &actor, ids).await?);
    } else {
        api_keys::revoke(services, &actor, ids).await?;
        let descendants = api_keys::descendants(services, &actor, ids).await?;
        rest = (descendants.count > 0).then(|| {
            let names: Vec<String> = descendants.keys.iter().map(|key| format!("{}  {}", key.id, key.name)).collect();
            format!("{} keys that they created or rotated still work:\n{}", descendants.count, names.join("\n"))
        });
    }
    let lines = revoked.iter().map(|id| format!("{id} was revoked.")).chain(rest);
    output::done(json, &lines.collect::<Vec<_>>().join("\n"))
}

/// The command line as an actor in the key's organization.
async fn key_actor(services: &Services, id: ApiKeyId) -> Result<Actor, CliError> {
    Ok(start::command_line(api_keys::find_organization_of(services, id).await?))
}

async fn project(
    services: &Services,
    actor: &Actor,
    id_or_slug: Option<String>,
) -> Result<Option<ProjectId>, CliError> {
    match id_or_slug {
        Some(project) => Ok(Some(services::projects::find(services, actor, &project).await?.id)),
        None => Ok(None),
    }
}
