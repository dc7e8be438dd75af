//! Makes `src/accounts/breached.txt` of a list of passwords, the most common first, on standard input:
//! `cargo run --release -p services --example breached < LIST | LC_ALL=C sort -u`.
//!
//! What is too short or easily guessed is left out, since it is refused without being on a list.
#![allow(clippy::print_stdout)]

use std::io::{self, BufRead};

use domain::validation::PASSWORD_LENGTH;

/// How many are looked at. Rarer ones are no likelier to be tried than any other.
const MOST_COMMON: usize = 300_000;

fn main() -> io::Result<()> {
    for line in io::stdin().lock().split(b'\n').take(MOST_COMMON) {
        let Ok(password) = String::from_utf8(line?) else { continue };
        let usable = PASSWORD_LENGTH.contains(&password.chars().count());
        if usable && zxcvbn::zxcvbn(&password, &[]).score() >= zxcvbn::Score::Three {
            println!("{}", password.to_ascii_lowercase());
        }
    }
    Ok(())
}
