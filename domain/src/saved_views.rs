//! Views of usage and log that members save under a name: for themselves, or for all members.

use serde::{Deserialize, Serialize};

use crate::{choices, errors::FieldErrors, ids::SavedViewId, permissions::Permission, validation};

/// Most views that a member can save in an organization, the shared ones included.
pub const MAX_SAVED_VIEWS: usize = 100;
/// Longest query of a saved view, in bytes.
pub const MAX_VIEW_QUERY: usize = 16 * 1024;

choices! {
    /// A page whose views can be saved.
    ViewedPage, "page" {
        Usage = "usage", "Usage";
        Logs = "logs", "Logs";
    }
}

impl ViewedPage {
    /// The permission that the page requires. Whoever has it saves views for themselves, and sees those that are shared.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Usage => Permission::ViewUsage,
            Self::Logs => Permission::ViewLogs,
        }
    }
}

/// The permission to share views, and to change and delete those that others shared. Shared views are in the menus of all members,
/// like settings of the organization.
pub const SHARE_VIEWS: Permission = Permission::ManageSettings;

/// A saved view, as one member sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SavedView {
    pub id: SavedViewId,
    pub page: ViewedPage,
    pub name: String,
    /// The query of the page's address, without its question mark.
    pub query: String,
    /// Whether all members see it who see the page.
    pub shared: bool,
    /// Whether the member saved it.
    pub own: bool,
}

/// A view to save.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewSavedView {
    pub page: ViewedPage,
    pub name: String,
    pub query: String,
    pub shared: bool,
}

impl NewSavedView {
    /// Cleans the name, and checks it and the query.
    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.check("name", validation::name(&self.name)).unwrap_or_default();
        if !is_query(&self.query) {
            errors.add("query", "Save the query of the page's address.");
        }
        errors.into_result().map(|()| Self { name, ..self })
    }
}

/// Changes of a saved view. `None` leaves a value as it is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SavedViewChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
}

impl SavedViewChanges {
    /// Cleans and checks the name.
    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = self.name.map(|name| errors.check("name", validation::name(&name)).unwrap_or_default());
        errors.into_result().map(|()| Self { name, ..self })
    }
}

/// Whether a text is a query of an address, percent-encoded and without its question mark. It can then lead nowhere else: a link
/// begins with the page's path, which it doesn't end.
fn is_query(text: &str) -> bool {
    text.len() <= MAX_VIEW_QUERY && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(name: &str, query: &str) -> NewSavedView {
        NewSavedView { page: ViewedPage::Logs, name: name.to_owned(), query: query.to_owned(), shared: false }
    }

    #[test]
    fn a_view_has_a_name_and_a_query() {
        let valid = view(" Errors ", "status=errors&tag=customer:acme&text=a%20b").validated().unwrap();
        assert_eq!(valid.name, "Errors");
        assert!(view("All", "").validated().is_ok());
        for query in ["a b", "a#b", "a\nb", "ä", &"a".repeat(MAX_VIEW_QUERY + 1)] {
            assert!(view("x", query).validated().unwrap_err().get("query").is_some(), "{query:?}");
        }
        assert!(view(" ", "").validated().unwrap_err().get("name").is_some());
    }

    #[test]
    fn changes_leave_out_what_stays() {
        let changes = SavedViewChanges { shared: Some(true), ..SavedViewChanges::default() };
        assert_eq!(serde_json::to_string(&changes).unwrap(), r#"{"shared":true}"#);
        assert_eq!(changes.clone().validated().unwrap(), changes);
        let unnamed = SavedViewChanges { name: Some(String::new()), shared: None };
        assert!(unnamed.validated().unwrap_err().get("name").is_some());
    }
}
