//! The forms for creating and for editing a key, made of shared fields.

mod create;
mod draft;
mod edit;
mod errors;
mod expiration;
mod fields;
mod folds;
mod networks;
mod request;
mod summary;

pub(super) use self::{create::CreateSheet, draft::Draft, edit::EditSheet};
