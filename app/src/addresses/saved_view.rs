use domain::saved_views::{SavedView, ViewedPage};

use super::page::Page;

/// The address that a view was saved from, in the organization with this slug. The page checks it like any other: a value that it can't
/// use any longer is an error, and never other data under the view's name.
pub fn saved_view_href(organization: &str, view: &SavedView) -> String {
    let page = match view.page {
        ViewedPage::Usage => Page::Usage,
        ViewedPage::Logs => Page::Logs,
    };
    let path = page.path(organization);
    if view.query.is_empty() { path } else { format!("{path}?{}", view.query) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_the_address_that_it_was_saved_from() {
        let view = |page, query: &str| SavedView {
            id: "view_01h2xcejqtf2nbrexx3vqjhp41".parse().unwrap(),
            page,
            name: "Errors".to_owned(),
            query: query.to_owned(),
            shared: false,
            own: true,
        };
        let errors = view(ViewedPage::Logs, "status=errors&tag=customer:acme");
        assert_eq!(saved_view_href("acme", &errors), "/o/acme/logs?status=errors&tag=customer:acme");
        assert_eq!(saved_view_href("acme", &view(ViewedPage::Usage, "")), "/o/acme/usage");
    }
}
