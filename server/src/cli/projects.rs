//! `tollhouse project`.

use domain::projects::Project;
use services::Services;

use super::{CliError, args::ProjectCommand, limits, output, start};

pub(super) async fn run(services: &Services, command: ProjectCommand, json: bool) -> Result<(), CliError> {
    match command {
        ProjectCommand::Create { cap: Some(_), .. } => {
            Err(CliError::Refused("--cap isn't available: this version doesn't enforce spending caps".to_owned()))
        }
        ProjectCommand::Create { org, name, cap: None } => {
            let actor = start::actor(services, &org).await?;
            let project = services::projects::create(services, &actor, &name, "").await?;
            output::data(json, &project, line)
        }
        ProjectCommand::List { org } => {
            let actor = start::actor(services, &org).await?;
            let projects = services::projects::list(services, &actor).await?;
            output::data(json, &projects, |all| all.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        ProjectCommand::Limits { org, project, limits: edits } => {
            let actor = start::actor(services, &org).await?;
            let project = services::projects::find(services, &actor, &project).await?;
            limits::run(services, &actor, Some(project.id), edits, json).await
        }
        ProjectCommand::Assign { org, project, user } => {
            let actor = start::actor(services, &org).await?;
            let project = services::projects::find(services, &actor, &project).await?;
            services::projects::assign(services, &actor, project.id, &user).await?;
            output::done(json, &format!("{} is assigned to {user}.", project.name))
        }
    }
}

fn line(project: &Project) -> String {
    let archived = if project.archived { "  archived" } else { "" };
    format!("{}  {}  {}{archived}", project.id, project.slug, project.name)
}
