use domain::{bodies::BodySide, ids::CallId};

use super::query::Query;

/// The address of a file with a stored body, or with data in one: `organization, call, side, pointer`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BodyFileAddress {
    pub call: CallId,
    pub side: BodySide,
    /// JSON pointer of data within the body; `None` for the whole body.
    pub pointer: Option<String>,
}

impl BodyFileAddress {
    /// Path of whole bodies.
    pub const TEXT_PATH: &str = "/api/bodies/raw";
    /// Path of data in bodies.
    pub const MEDIA_PATH: &str = "/api/bodies/media";
    /// Maximum length of a pointer, in bytes.
    const MAX_POINTER_LENGTH: usize = 2_000;

    /// Reads the address from a query; `None` if it names no body.
    pub fn from_query(query: &Query) -> Option<Self> {
        let pointer = query.text("pointer").filter(|pointer| pointer.len() <= Self::MAX_POINTER_LENGTH);
        Some(Self { call: query.get("call")?, side: query.get("side")?, pointer: pointer.map(str::to_owned) })
    }

    /// The file's full address in the organization with this slug.
    pub fn href(&self, organization: &str) -> String {
        let path = if self.pointer.is_some() { Self::MEDIA_PATH } else { Self::TEXT_PATH };
        Query::default()
            .with("organization", Some(organization))
            .with("call", Some(self.call))
            .with("side", Some(self.side))
            .with("pointer", self.pointer.as_ref())
            .append_to(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_address() {
        for (search, path) in [
            ("?organization=acme&call=req_01h2xcejqtf2nbrexx3vqjhp41&side=response", BodyFileAddress::TEXT_PATH),
            (
                "?organization=acme&call=req_01h2xcejqtf2nbrexx3vqjhp41&side=request&pointer=/messages/0/a%7E1b",
                BodyFileAddress::MEDIA_PATH,
            ),
        ] {
            let address = BodyFileAddress::from_query(&Query::parse(search)).unwrap();
            assert_eq!(address.href("acme"), format!("{path}{search}"));
        }
        for wrong in ["?side=request", "?call=1&side=request", "?call=req_01h2xcejqtf2nbrexx3vqjhp41&side=both"] {
            assert_eq!(BodyFileAddress::from_query(&Query::parse(wrong)), None);
        }
    }
}
