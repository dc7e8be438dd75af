//! The members of the company's organization.

use std::net::{IpAddr, Ipv4Addr};

use domain::{
    ids::{ProjectId, UserId},
    permissions::Role,
    time::Timestamp,
};
use sea_orm::{ActiveModelTrait, ConnectionTrait, IntoActiveModel};

use crate::{
    Actor, ActorKind, Organization, ServiceResult, Services,
    accounts::{self, NewUser},
    entities::project_members,
    random,
};

/// Address of the company's office (reserved for documentation, RFC 5737).
const OFFICE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));

/// Name, role, and the projects assigned, by index.
const PEOPLE: [(&str, Role, &[usize]); 6] = [
    ("Mira Sorel", Role::Owner, &[]),
    ("Jonas Weber", Role::Admin, &[]),
    ("Aiko Tanaka", Role::Developer, &[0, 2]),
    ("Sam Okafor", Role::Developer, &[1, 4]),
    ("Lena Brandt", Role::Developer, &[3]),
    ("Tomás Rey", Role::Viewer, &[]),
];

/// A member of the company's organization.
pub(super) struct Person {
    pub(super) id: UserId,
    name: &'static str,
    role: Role,
}

impl Person {
    /// The person as an actor, in the company's office.
    pub(super) fn actor(&self, organization: &Organization) -> Actor {
        let kind = ActorKind::Member { id: self.id, name: self.name.to_owned(), role: self.role, session: None };
        Actor { organization: organization.clone(), kind, ip: Some(OFFICE) }
    }
}

/// The email address of the first person with this role.
pub(super) fn email(role: Role) -> String {
    let name = PEOPLE.iter().find(|(_, own, _)| *own == role).map_or("", |(name, ..)| name);
    address(name)
}

fn address(name: &str) -> String {
    let first = name.split(' ').next().unwrap_or_default().to_lowercase().replace('á', "a");
    format!("{first}@fernweh.example")
}

/// Creates all people, with one random password.
pub(super) async fn create_all(
    services: &Services,
    organization: &Organization,
) -> ServiceResult<(Vec<Person>, String)> {
    let password = random::hex(&random::bytes::<9>()?);
    let mut people = Vec::new();
    for (name, role, _) in PEOPLE {
        let user = NewUser { email: address(name), name: name.to_owned(), role, password: password.clone() };
        people.push(Person { id: accounts::create_user(services, organization, user).await?, name, role });
    }
    Ok((people, password))
}

/// Assigns the developers to their projects.
pub(super) async fn assign_projects(
    txn: &impl ConnectionTrait,
    organization: &Organization,
    people: &[Person],
    projects: &[ProjectId],
    at: Timestamp,
) -> ServiceResult<()> {
    for ((_, _, assigned), person) in PEOPLE.iter().zip(people) {
        for project in assigned.iter().filter_map(|index| projects.get(*index)) {
            project_members::Model {
                organization_id: organization.id.uuid(),
                project_id: project.uuid(),
                user_id: person.id.uuid(),
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
