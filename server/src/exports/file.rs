//! A file that is written while it is sent or stored, part by part: memory doesn't limit its length.

use std::{future::ready, pin::pin};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use domain::exports::FileFormat;
use futures::{
    SinkExt, Stream, StreamExt, TryStreamExt,
    channel::mpsc,
    stream::{self, BoxStream},
};
use services::{ServiceError, ServiceResult};

use crate::export_slots::ExportSlot;

/// A part of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilePart {
    pub(crate) bytes: Bytes,
    /// Number of rows in the part; the names of columns are none.
    pub(crate) rows: u64,
}

/// A file, beginning with its first rows.
pub(crate) struct ExportFile {
    /// The name without its ending.
    name: String,
    format: FileFormat,
    parts: BoxStream<'static, ServiceResult<FilePart>>,
}

impl ExportFile {
    /// A file that begins with `head`, and continues with `parts`. The first of them is read now: a file that can't begin is an error
    /// instead of an empty file.
    pub(super) async fn new(
        name: String,
        format: FileFormat,
        head: Bytes,
        parts: impl Stream<Item = ServiceResult<FilePart>> + Send + 'static,
    ) -> ServiceResult<Self> {
        let mut parts = parts.fuse().boxed();
        let first = parts.try_next().await?;
        let head = FilePart { bytes: head, rows: 0 };
        let parts = stream::iter([Some(head), first].into_iter().flatten().map(Ok)).chain(parts).boxed();
        Ok(Self { name, format, parts })
    }

    /// The file, which has its slot until it is sent, or its client is gone.
    pub(super) fn with_slot(self, slot: ExportSlot) -> Self {
        let parts = stream::unfold((self.parts, slot), |(mut parts, slot)| async move {
            let part = parts.next().await?;
            Some((part, (parts, slot)))
        });
        // Encoders of a response ask for more after its end, which an `unfold` answers with a panic.
        Self { parts: parts.fuse().boxed(), ..self }
    }

    /// The parts, for a job that stores them.
    pub(super) fn into_parts(self) -> BoxStream<'static, ServiceResult<FilePart>> {
        self.parts
    }
}

impl IntoResponse for ExportFile {
    /// A failure breaks the connection off, so that a part of the file isn't mistaken for all of it.
    fn into_response(self) -> Response {
        let bytes = self.parts.map(|part| match part {
            Ok(part) => Ok(part.bytes),
            Err(error) => {
                tracing::error!(%error, "a file that is being downloaded breaks off");
                Err(error)
            }
        });
        (headers(&self.name, self.format), Body::from_stream(bytes)).into_response()
    }
}

/// The headers of a file to download.
pub(super) fn headers(name: &str, format: FileFormat) -> [(header::HeaderName, String); 2] {
    let disposition = format!("attachment; filename=\"{name}.{format}\"");
    [(header::CONTENT_TYPE, format.media_type().to_owned()), (header::CONTENT_DISPOSITION, disposition)]
}

/// Reads the next page while the current one is written: one is ready and one is being read, never more.
pub(super) fn read_ahead<T: Send + 'static>(
    pages: impl Stream<Item = ServiceResult<T>> + Send + 'static,
) -> impl Stream<Item = ServiceResult<T>> + Send {
    let (mut sender, receiver) = mpsc::channel(0);
    let reader = tokio::spawn(async move {
        let mut pages = pin!(pages);
        while let Some(page) = pages.next().await {
            // It can't be sent once the file is no longer wanted.
            if sender.send(page).await.is_err() {
                return;
            }
        }
    });
    // Without this, a reader that panicked would look like the end of the file.
    let failure = stream::once(reader).filter_map(|ended| {
        ready(ended.err().map(|error| Err(ServiceError::Internal(format!("reader of a file: {error}")))))
    });
    receiver.chain(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_come_in_order_and_a_panic_is_an_error() {
        let pages: Vec<u32> = read_ahead(stream::iter((0..50).map(Ok))).try_collect().await.unwrap();
        assert_eq!(pages, (0..50).collect::<Vec<_>>());
        let failing = stream::iter([1, 2, 3]).map(|page| {
            assert!(page < 3, "the third page");
            Ok(page)
        });
        let pages: Vec<ServiceResult<u32>> = read_ahead(failing).collect().await;
        assert!(matches!(pages[..], [Ok(1), Ok(2), Err(_)]), "{pages:?}");
    }

    #[tokio::test]
    async fn a_file_that_can_not_begin_is_an_error() {
        let broken = || stream::iter([Err(ServiceError::NotFound)]);
        let file = |parts| ExportFile::new("a".to_owned(), FileFormat::Csv, Bytes::new(), parts);
        assert!(file(broken().boxed()).await.is_err());
        let late = stream::iter([Ok(FilePart::default())]).chain(broken()).boxed();
        let parts: Vec<_> = file(late).await.unwrap().into_parts().collect().await;
        assert!(matches!(parts[..], [Ok(_), Ok(_), Err(_)]));
    }
}
