//! Content of files that jobs made: how it is stored, and how it is read back.

use std::{fs::File, sync::Arc};

use domain::{
    exports::{Export, ExportState},
    ids::{ExportId, OrganizationId},
};
use futures::{Stream, stream};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{
    folder::{self, ExportFolder},
    rows, scope,
};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    database::Database,
    entities::{export_chunks, exports},
    projects,
};

/// Bytes that are stored at once, and the most that a chunk has before it is compressed.
pub(super) const CHUNK_BYTES: usize = 1024 * 1024;
/// Bytes that are read from a file at once.
const READ_BYTES: u64 = 256 * 1024;
/// zstd's fastest level: chunks become five to ten times smaller, at several hundred megabytes a second.
const LEVEL: i32 = 1;

/// A file that is ready, and where its content is.
#[derive(Debug)]
pub struct ExportContent {
    pub export: Export,
    organization: OrganizationId,
    place: ContentPlace,
}

#[derive(Debug)]
enum ContentPlace {
    File(Arc<File>),
    Chunks(Database),
}

/// Opens a file that the actor has exported.
///
/// # Errors
/// It isn't theirs, isn't ready or has expired, which are all not found; they may no longer see everything in it.
pub async fn open(
    services: &Services,
    folder: &ExportFolder,
    actor: &Actor,
    id: ExportId,
) -> ServiceResult<ExportContent> {
    let (database, organization) = (services.database.read(), actor.organization.id);
    let row = exports::of(organization, rows::member(actor)?)
        .filter(exports::Column::Id.eq(id.uuid()))
        .filter(exports::Column::ExpiresAt.gt(services.now().millis()))
        .one(database)
        .await?
        .ok_or(ServiceError::NotFound)?;
    let reached = projects::scope(database, actor, rows::source(&row)?.permission()).await?;
    if rows::state(&row)? != ExportState::Ready {
        return Err(ServiceError::NotFound);
    }
    if !scope::is_within(row.scope.as_deref(), &reached)? {
        return Err(ServiceError::Forbidden("You no longer have access to everything in this file.".to_owned()));
    }
    let place = if services.database.is_postgres() {
        ContentPlace::Chunks(services.database.clone())
    } else {
        ContentPlace::File(folder.open(id).await?)
    };
    Ok(ExportContent { export: rows::to_export(row)?, organization, place })
}

impl ExportContent {
    /// Streams the content. It ends with an error if a part is missing, so that the rest isn't taken for the whole.
    pub fn into_stream(self) -> impl Stream<Item = ServiceResult<Vec<u8>>> + Send + use<> {
        let Self { export, organization, place } = self;
        let id = export.id;
        let start = Some((place, 0_i32, export.bytes));
        stream::try_unfold(start, move |state| async move {
            let Some((place, number, rest)) = state.filter(|(_, _, rest)| *rest > 0) else { return Ok(None) };
            let content = match &place {
                ContentPlace::File(file) => folder::read(Arc::clone(file), READ_BYTES).await?,
                ContentPlace::Chunks(database) => chunk(database, organization, id, number).await?,
            };
            let length = content.len() as u64;
            if length == 0 || length > rest {
                return Err(ServiceError::Internal(format!("the file of export {id} isn't whole")));
            }
            Ok(Some((content, Some((place, number + 1, rest - length)))))
        })
    }
}

/// Reads one chunk; it is empty if there is none.
async fn chunk(
    database: &Database,
    organization: OrganizationId,
    export: ExportId,
    number: i32,
) -> ServiceResult<Vec<u8>> {
    let found = export_chunks::Entity::find()
        .filter(export_chunks::Column::OrganizationId.eq(organization.uuid()))
        .filter(export_chunks::Column::ExportId.eq(export.uuid()))
        .filter(export_chunks::Column::Number.eq(number))
        .one(database.read())
        .await?;
    let Some(row) = found else { return Ok(Vec::new()) };
    zstd::bulk::decompress(&row.content, CHUNK_BYTES)
        .map_err(|error| ServiceError::Internal(format!("chunk {number} of export {export}: {error}")))
}

/// Stores the chunk with this number.
pub(super) async fn insert_chunk(
    transaction: &impl ConnectionTrait,
    organization: OrganizationId,
    export: ExportId,
    number: i32,
    content: &[u8],
) -> ServiceResult<()> {
    let content = zstd::bulk::compress(content, LEVEL)
        .map_err(|error| ServiceError::Internal(format!("chunk {number} of export {export}: {error}")))?;
    let row = export_chunks::Model { organization_id: organization.uuid(), export_id: export.uuid(), number, content };
    export_chunks::Entity::insert(export_chunks::ActiveModel::from(row)).exec_without_returning(transaction).await?;
    Ok(())
}

/// Deletes all chunks of an export.
pub(super) async fn delete_chunks(
    transaction: &impl ConnectionTrait,
    organization: OrganizationId,
    export: ExportId,
) -> ServiceResult<()> {
    export_chunks::Entity::delete_many()
        .filter(export_chunks::Column::OrganizationId.eq(organization.uuid()))
        .filter(export_chunks::Column::ExportId.eq(export.uuid()))
        .exec(transaction)
        .await?;
    Ok(())
}
