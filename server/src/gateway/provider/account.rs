//! Takes the names of the operator's account out of what providers say: errors tell in whose name they were asked, and jobs
//! whose they are.

use bytes::Bytes;
use memchr::memmem;

/// How names of organizations, projects and accounts begin at providers.
const NAMES: [&[u8]; 4] = [b"org-", b"org_", b"proj_", b"acct_"];
/// Shortest name, in bytes, or in letters and digits behind its beginning.
const SHORTEST: usize = 8;

/// `body` with an asterisk for each letter of a name: of those that its headers told, and of those that are told by their
/// form.
pub(in crate::gateway) fn without_names(body: Bytes, told: &[String]) -> Bytes {
    let is_within = |byte: &u8| byte.is_ascii_alphanumeric();
    let formed = NAMES.iter().flat_map(|begin| {
        let found = memmem::find_iter(&body, begin);
        found.filter_map(|at| {
            let length = body[at + begin.len()..].iter().take_while(|byte| is_within(byte)).count();
            let begins = at == 0 || !is_within(&body[at - 1]);
            (begins && length >= SHORTEST).then_some(at..at + begin.len() + length)
        })
    });
    let told = told.iter().filter(|name| name.len() >= SHORTEST);
    let told = told.flat_map(|name| memmem::find_iter(&body, name.as_bytes()).map(|at| at..at + name.len()));
    let places: Vec<_> = formed.chain(told).collect();
    if places.is_empty() {
        return body;
    }
    let mut masked = body.to_vec();
    places.into_iter().for_each(|place| masked[place].fill(b'*'));
    masked.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(body: &str, told: &[&str]) -> String {
        let told: Vec<String> = told.iter().map(|name| (*name).to_owned()).collect();
        let body = without_names(Bytes::copy_from_slice(body.as_bytes()), &told);
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn names_are_told_by_their_form_and_by_the_headers() {
        let body = r#"{"error":{"message":"Project `proj_AbC123xyz` of org-12345678 (Acme Research) has no access"}}"#;
        let expected =
            r#"{"error":{"message":"Project `**************` of ************ (*************) has no access"}}"#;
        assert_eq!(masked(body, &["Acme Research", "Acme"]), expected);
        let harmless = r#"{"error":{"message":"an org-chart by borg-12345678, see proj_1"}}"#;
        assert_eq!(masked(harmless, &[]), harmless);
    }
}
