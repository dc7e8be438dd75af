//! Sizes in bytes as people read them.

/// A tenth of each unit, in bytes, up to the largest.
const TENTHS: [(u64, &str); 3] = [(100, "kB"), (100_000, "MB"), (100_000_000, "GB")];
const LARGEST_TENTH: (u64, &str) = (100_000_000_000, "TB");

/// Formats a size in decimal units, with a narrow no-break space before the unit: `812 B`, `1.2 MB`.
pub fn format_bytes(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes}\u{202f}B");
    }
    let rounded = |tenth: u64| bytes.saturating_add(tenth / 2) / tenth;
    // Rounded before the unit is chosen: 999,950 bytes are 1.0 MB.
    let found = TENTHS.into_iter().find(|(tenth, _)| rounded(*tenth) < 10_000);
    let (tenth, unit) = found.unwrap_or(LARGEST_TENTH);
    format!("{}.{}\u{202f}{unit}", rounded(tenth) / 10, rounded(tenth) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_before_their_unit_is_chosen() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_234, "1.2 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (12_345_678, "12.3 MB"),
            (2_000_000_000, "2.0 GB"),
            (1_500_000_000_000_000, "1500.0 TB"),
        ] {
            assert_eq!(format_bytes(bytes).replace('\u{202f}', " "), text);
        }
    }
}
