//! The company's people.

use domain::{
    ids::{ProjectId, UserId},
    permissions::Role,
    time::Timestamp,
};
use sea_orm::{ActiveModelTrait, ConnectionTrait, IntoActiveModel};

use crate::{
    Organization, ServiceResult, Services,
    accounts::{self, NewUser},
    entities::project_members,
    random,
};

/// Name, role, and the projects assigned, by index.
const PEOPLE: [(&str, Role, &[usize]); 6] = [
    ("Mira Sorel", Role::Owner, &[]),
    ("Jonas Weber", Role::Admin, &[]),
    ("Aiko Tanaka", Role::Developer, &[0, 2]),
    ("Sam Okafor", Role::Developer, &[1, 4]),
    ("Lena Brandt", Role::Developer, &[3]),
    ("Tomás Rey", Role::Viewer, &[]),
];

/// The address of the first person with this role.
pub(super) fn email(role: Role) -> String {
    let name = PEOPLE.iter().find(|(_, has, _)| *has == role).map_or("", |(name, ..)| name);
    address(name)
}

fn address(name: &str) -> String {
    let first = name.split(' ').next().unwrap_or_default().to_lowercase().replace('á', "a");
    format!("{first}@fernweh.example")
}

/// Makes everybody, all with one random password.
pub(super) async fn hire(services: &Services, organization: &Organization) -> ServiceResult<(Vec<UserId>, String)> {
    let password = random::hex(&random::bytes::<9>()?);
    let mut people = Vec::new();
    for (name, role, _) in PEOPLE {
        let user = NewUser { email: address(name), name: name.to_owned(), role, password: password.clone() };
        people.push(accounts::create_user(services, organization, user).await?);
    }
    Ok((people, password))
}

/// Assigns the developers' projects to them.
pub(super) async fn assign(
    txn: &impl ConnectionTrait,
    organization: &Organization,
    people: &[UserId],
    projects: &[ProjectId],
    at: Timestamp,
) -> ServiceResult<()> {
    for ((_, _, assigned), person) in PEOPLE.iter().zip(people) {
        for project in assigned.iter().filter_map(|index| projects.get(*index)) {
            project_members::Model {
                organization_id: organization.id.uuid(),
                project_id: project.uuid(),
                user_id: person.uuid(),
                role: "member".to_owned(),
                created_at: at.millis(),
            }
            .into_active_model()
            .insert(txn)
            .await?;
        }
    }
    Ok(())
}
