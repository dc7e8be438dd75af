//! Masks names of the operator's account in providers' answers: errors name the account that a request was
//! made for, and jobs the one that they belong to.

use bytes::Bytes;
use memchr::memmem;

/// Prefixes of providers' names of organizations, projects and accounts.
const NAME_PREFIXES: [&[u8]; 4] = [b"org-", b"org_", b"proj_", b"acct_"];
/// Minimum length of a name in bytes, or of the letters and digits after a prefix.
const MIN_NAME_LENGTH: usize = 8;

/// Replaces each letter of a name in `body` by an asterisk. Names are those of the answer's headers, and
/// those with a known prefix.
pub(in crate::gateway) fn without_names(body: Bytes, header_names: &[String]) -> Bytes {
    let is_name_byte = |byte: &u8| byte.is_ascii_alphanumeric();
    let prefixed = NAME_PREFIXES.iter().flat_map(|prefix| {
        let found = memmem::find_iter(&body, prefix);
        found.filter_map(|at| {
            let length = body[at + prefix.len()..].iter().take_while(|byte| is_name_byte(byte)).count();
            let is_start = at == 0 || !is_name_byte(&body[at - 1]);
            (is_start && length >= MIN_NAME_LENGTH).then_some(at..at + prefix.len() + length)
        })
    });
    let header_names = header_names.iter().filter(|name| name.len() >= MIN_NAME_LENGTH);
    let named = header_names.flat_map(|name| memmem::find_iter(&body, name.as_bytes()).map(|at| at..at + name.len()));
    let ranges: Vec<_> = prefixed.chain(named).collect();
    if ranges.is_empty() {
        return body;
    }
    let mut masked = body.to_vec();
    ranges.into_iter().for_each(|range| masked[range].fill(b'*'));
    masked.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(body: &str, header_names: &[&str]) -> String {
        let header_names: Vec<String> = header_names.iter().map(|name| (*name).to_owned()).collect();
        let body = without_names(Bytes::copy_from_slice(body.as_bytes()), &header_names);
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
