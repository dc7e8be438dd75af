/// Returns `next`, the address to open after signing in, if it is a path of this site.
///
/// Anything that a browser might take for another site (`//evil.example`, `/\evil.example`) is rejected.
pub fn safe_next(next: &str) -> Option<&str> {
    let is_unsafe = |c: char| c.is_control() || c == '\\';
    let is_own_path = next.starts_with('/') && !next.starts_with("//") && !next.contains(is_unsafe);
    (is_own_path && !next.starts_with("/sign-")).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_only_to_this_site() {
        assert_eq!(safe_next("/o/acme/usage?range=7d"), Some("/o/acme/usage?range=7d"));
        for odd in
            ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "usage", "/sign-in"]
        {
            assert_eq!(safe_next(odd), None, "{odd:?}");
        }
    }
}
