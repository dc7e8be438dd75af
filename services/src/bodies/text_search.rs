//! Searches for a text in stored bodies.
//!
//! Bodies are compressed and have no index, so they are read, few at a time, over some days at most.

use std::collections::HashMap;

use domain::{
    calls::{Call, CallQuery, MAX_TEXT_SEARCH_DAYS, SearchText},
    errors::FieldErrors,
    ids::OrganizationId,
    permissions::Permission,
    time::{DAY_MILLIS, Timestamp},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{packed::PackedBodies, store::expires_day};
use crate::{
    Actor, ServiceError, ServiceResult, Services,
    entities::{bodies, organizations},
    organizations::body_settings,
    projects::{self, ProjectScope},
    usage::bounds,
};

/// Maximum number of calls whose bodies are in memory at once.
const BATCH_SIZE: usize = 16;
/// Room in the longest range for days of 25 hours, in milliseconds.
const CHANGED_CLOCKS_MILLIS: i64 = 2 * 60 * 60_000;

/// A text to be found in the bodies that an actor may read.
#[derive(Clone, Debug)]
pub(crate) struct TextSearch {
    organization: OrganizationId,
    scope: ProjectScope,
    /// Days for which the organization keeps bodies now.
    days: u32,
    /// The text in lower case, in each form in which JSON may contain it.
    forms: Vec<String>,
}

impl TextSearch {
    /// The search for the text of `query`; `None` without one.
    ///
    /// # Errors
    /// The actor may read no bodies, none are stored, or the query's range is longer than [`MAX_TEXT_SEARCH_DAYS`].
    pub(crate) async fn new(services: &Services, actor: &Actor, query: &CallQuery) -> ServiceResult<Option<Self>> {
        let Some(text) = query.text.as_deref() else { return Ok(None) };
        let (database, organization) = (services.database.read(), &actor.organization);
        let scope = projects::scope(database, actor, Permission::ViewBodies).await?;
        let error = |message: String| ServiceError::from(FieldErrors::of("text", message));
        if text.trim().is_empty() || text.len() > SearchText::MAX_TEXT_LENGTH {
            return Err(error(format!("Search for a text of at most {} letters.", SearchText::MAX_TEXT_LENGTH)));
        }
        let now = services.now();
        let days = query.range.map(|range| bounds(organization, range, query.time_zone.as_deref(), now)).transpose()?;
        let (first, after) = days.unzip();
        let end = [query.to, after].into_iter().flatten().min().map_or(now, |end| end.min(now));
        let max_length = MAX_TEXT_SEARCH_DAYS * DAY_MILLIS + CHANGED_CLOCKS_MILLIS;
        if query.from.max(first).is_none_or(|first| end.millis().saturating_sub(first.millis()) > max_length) {
            return Err(error(format!("Choose a range of at most {MAX_TEXT_SEARCH_DAYS} days to search for a text.")));
        }
        let row = organizations::Entity::find_by_id(organization.id.uuid()).one(database).await?;
        let row = row.ok_or(ServiceError::NotFound)?;
        let days = body_settings(row.body_days, row.body_limit, &row.body_redact)?.days;
        let days = days.ok_or_else(|| error("This organization stores no bodies.".to_owned()))?;
        Ok(Some(Self { organization: organization.id, scope, days, forms: forms(text) }))
    }

    /// Keeps those calls in whose bodies the text is.
    pub(crate) async fn keep(&self, services: &Services, calls: Vec<Call>) -> ServiceResult<Vec<Call>> {
        let mut kept = Vec::new();
        let mut calls = calls.into_iter().filter(|call| self.may_read(call));
        loop {
            let batch: Vec<Call> = calls.by_ref().take(BATCH_SIZE).collect();
            if batch.is_empty() {
                return Ok(kept);
            }
            let found = self.find(services, &batch).await?;
            kept.extend(batch.into_iter().zip(found).filter(|(_, is_found)| *is_found).map(|(call, _)| call));
        }
    }

    fn may_read(&self, call: &Call) -> bool {
        match &call.project {
            Some(project) => self.scope.contains(project.id),
            None => self.scope == ProjectScope::All,
        }
    }

    /// Whether the text is in the bodies of each of these calls.
    async fn find(&self, services: &Services, calls: &[Call]) -> ServiceResult<Vec<bool>> {
        let today = services.now().millis().div_euclid(DAY_MILLIS);
        let rows = bodies::Entity::find()
            .filter(bodies::Column::OrganizationId.eq(self.organization.uuid()))
            .filter(bodies::Column::CallId.is_in(calls.iter().map(|call| call.id.uuid())))
            .all(services.database.read())
            .await?;
        let mut stored: HashMap<Uuid, bodies::Model> = rows.into_iter().map(|row| (row.call_id, row)).collect();
        // As in `get`, the time for which bodies are kept now applies to older ones too.
        let is_kept = |row: &bodies::Model, started_at: Timestamp| {
            i64::from(row.expires_day.min(expires_day(started_at, self.days))) > today
        };
        let packed: Vec<Option<Vec<u8>>> = calls
            .iter()
            .map(|call| {
                let row = stored.remove(&call.id.uuid()).filter(|row| is_kept(row, call.started_at));
                row.map(|row| row.packed)
            })
            .collect();
        let forms = self.forms.clone();
        let search = move || {
            let found = packed.into_iter().map(|packed| contains(packed.as_deref(), &forms));
            found.collect::<ServiceResult<Vec<bool>>>()
        };
        tokio::task::spawn_blocking(search).await.map_err(|error| ServiceError::Internal(error.to_string()))?
    }
}

/// Whether one of the forms is in these bodies.
fn contains(packed: Option<&[u8]>, forms: &[String]) -> ServiceResult<bool> {
    let Some(packed) = packed else { return Ok(false) };
    let PackedBodies { request, response } = PackedBodies::unpack(packed)?;
    let texts = [request.text, response.text].into_iter().flatten();
    Ok(texts.map(|text| text.to_lowercase()).any(|text| forms.iter().any(|form| text.contains(form))))
}

/// The forms in which JSON may contain a text, in lower case: as it is, with escaped quotation marks and line breaks, and
/// with all but ASCII escaped, as Python's default is. Escapes have no case of their own, so there are those of small letters
/// and those of capital ones; a text with both isn't found by them.
fn forms(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let escaped = escape(&lower);
    let [small, capital] = [&escaped, &escape(&text.to_uppercase())].map(|text| escape_unicode(text).to_lowercase());
    let mut forms = vec![lower, escaped, small, capital];
    forms.dedup();
    forms.retain(|form| !form.is_empty());
    forms
}

/// Escapes a text as JSON does, without the quotation marks around it.
fn escape(text: &str) -> String {
    let escaped = serde_json::Value::from(text).to_string();
    escaped.get(1..escaped.len() - 1).unwrap_or_default().to_owned()
}

/// Escapes all letters but those of ASCII.
fn escape_unicode(text: &str) -> String {
    let mut ascii = String::new();
    for letter in text.chars() {
        match letter.is_ascii() {
            true => ascii.push(letter),
            false => {
                let mut units = [0; 2];
                letter.encode_utf16(&mut units).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use domain::bodies::StoredBody;

    use super::*;

    #[test]
    fn a_text_is_found_however_json_writes_it() {
        assert_eq!(forms("Plain"), ["plain"]);
        let escapes = ["a \\\"\\u00fc\\\"", "a \\\"\\u00dc\\\""];
        assert_eq!(forms("a \"Ü\""), ["a \"ü\"", "a \\\"ü\\\"", escapes[0], escapes[1]]);
        let body = |text: &str| StoredBody { text: Some(text.to_owned()), ..StoredBody::default() };
        let packed = PackedBodies {
            request: body("{\"q\":\"Gr\\u00fc\\u00dfe, \\u00dcber\"}"),
            response: body("{\"a\":\"Say \\\"NO\\\"\"}"),
        };
        let packed = packed.pack().unwrap();
        for (text, expected) in [("grüße", true), ("über", true), ("say \"no\"", true), ("NO", true), ("grusse", false)]
        {
            assert_eq!(contains(Some(&packed), &forms(text)).unwrap(), expected, "{text}");
        }
        assert!(!contains(None, &forms("a")).unwrap());
    }
}
