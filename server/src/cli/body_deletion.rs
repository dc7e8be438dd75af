//! `tollhouse org delete-bodies`: deletes the stored requests and responses of calls.

use clap::Args;
use domain::{
    calls::CallQuery,
    ids::{ApiKeyId, UserId},
    time::Timestamp,
    usage::{Filter, TagFilter},
};
use serde::Serialize;
use services::{Actor, Services, bodies, projects};

use super::{CliError, output};

/// The calls that are meant. Options of one kind are alternatives; different kinds must all match.
#[derive(Args, Debug)]
pub struct BodyDeletionArgs {
    /// Only calls that started at or after this time, such as 2026-11-17T14:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only calls that started before this time; now by default
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Project ID or slug; repeatable
    #[arg(long = "project", value_name = "PROJECT")]
    projects: Vec<String>,
    /// Key ID; repeatable
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<ApiKeyId>,
    /// ID of the member who created the key; repeatable
    #[arg(long = "member", value_name = "USER")]
    members: Vec<UserId>,
    /// Model; repeatable
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// Tag of the call, such as customer:acme; repeatable
    #[arg(long = "tag", value_name = "NAME:VALUE")]
    tags: Vec<TagFilter>,
    /// Confirm that the bodies of all calls of the organization are meant, if no other option says which
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct DeletedBodies {
    /// Number of calls whose bodies were deleted.
    calls: u64,
}

impl DeletedBodies {
    fn line(&self) -> String {
        format!("The requests and responses of {} calls were deleted.", self.calls)
    }
}

pub(super) async fn run(
    services: &Services,
    actor: &Actor,
    wanted: BodyDeletionArgs,
    json: bool,
) -> Result<(), CliError> {
    let BodyDeletionArgs { from, to, projects: names, keys, members, models, tags, all } = wanted;
    let mut filter = Filter { api_keys: keys, members, models, tags, ..Filter::default() };
    for name in names {
        filter.projects.push(projects::find(services, actor, &name).await?.id);
    }
    if filter.is_empty() && from.is_none() && to.is_none() && !all {
        return Err(CliError::Usage(
            "say which calls are meant, or --all for those of the whole organization".to_owned(),
        ));
    }
    // Calls that come meanwhile aren't meant.
    let to = Some(to.map_or(services.now(), |to| to.min(services.now())));
    let mut query = CallQuery { from, to, filter, ..CallQuery::default() };
    let mut calls = 0;
    loop {
        let step = bodies::delete(services, actor, &query).await?;
        calls += step.deleted;
        match step.rest {
            Some(rest) => query.before = Some(rest),
            None => break,
        }
    }
    output::data(json, &DeletedBodies { calls }, DeletedBodies::line)
}
