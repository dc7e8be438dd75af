//! Reads a password as an attacker would: in Latin letters, on another keyboard, without substituted
//! characters or signs between letters.

use deunicode::deunicode_with_tofu;

use super::MAX_ANALYZED_LENGTH;

/// A reading of a password, in lower case.
pub(super) struct PasswordReading {
    pub(super) text: String,
    /// Factor by which the guesses rise to think of this reading.
    pub(super) factor: f64,
}

/// Factor for substituted characters.
const SUBSTITUTES_FACTOR: f64 = 10.0;
/// Factor for a sign between letters; repeating the sign adds nothing.
const SIGN_FACTOR: f64 = 10.0;

/// Returns all distinct readings of `password`, the plainest first.
pub(super) fn readings_of(password: &str) -> Vec<PasswordReading> {
    let plain = password.to_lowercase();
    let scripts =
        [to_latin(&plain), to_latin(&with_digraphs(&plain)), to_latin(&replace_lookalikes(&plain)), to_qwerty(&plain)];
    let mut readings = Vec::new();
    for text in std::iter::once(plain).chain(scripts) {
        add(&mut readings, text, 1.0);
    }
    for index in 0..readings.len() {
        let text = readings[index].text.clone();
        // A `1` and its like may stand for either of these.
        for letter in ['i', 'l'] {
            add(&mut readings, without_substitutes(&text, letter), SUBSTITUTES_FACTOR);
        }
        let (text, factor) = without_signs(&text);
        add(&mut readings, text, factor);
    }
    readings
}

fn add(readings: &mut Vec<PasswordReading>, mut text: String, factor: f64) {
    // One letter may be four Latin ones.
    if let Some((end, _)) = text.char_indices().nth(MAX_ANALYZED_LENGTH) {
        text.truncate(end);
    }
    if !text.is_empty() && readings.iter().all(|reading| reading.text != text) {
        readings.push(PasswordReading { text, factor });
    }
}

/// Transliterates to Latin letters: `пароль` to `parol`, `密码` to `mima`, `ｐäß` to `pass`. Leaves out
/// invisible characters.
pub(super) fn to_latin(text: &str) -> String {
    // deunicode puts a space behind a syllable, and an apostrophe for a soft sign: neither was typed.
    let of_char = |c: char| match c {
        ' '..='~' => c.to_string(),
        other => deunicode_with_tofu(other.encode_utf8(&mut [0; 4]), "").replace([' ', '\''], "").to_lowercase(),
    };
    text.chars().map(of_char).collect()
}

/// Writes German and Nordic letters as two Latin ones, as names often are: `müller` as `mueller`.
pub(super) fn with_digraphs(text: &str) -> String {
    text.replace(['ä', 'æ'], "ae").replace(['ö', 'ø', 'œ'], "oe").replace('ü', "ue").replace('å', "aa")
}

/// Cyrillic and Greek letters, and the Latin ones that they look like (Unicode Technical Standard 39,
/// `confusables.txt`).
const LOOKALIKES: [&str; 2] = ["аеорсухкмтвьніѕјԁԛԝӏαεικνορτυχγβηω", "aeopcyxkmtbbhisjdqwlaeikvoptuxybnw"];

/// Replaces letters by the Latin ones that they look like: `раssword`, of which two are Cyrillic.
fn replace_lookalikes(text: &str) -> String {
    replace_chars(text, LOOKALIKES)
}

/// Keyboards of other scripts, with the characters on the same keys of a Latin one.
const KEYBOARDS: [[&str; 2]; 5] = [
    ["йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,."],
    ["іїєґў", "s]'`o"],
    ["ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm"],
    ["קראטוןםפשדגכעיחלךףזסבהנמצתץ", "ertyuiopasdfghjkl;zxcvbnm,."],
    ["ضصثقفغعهخحجدشسيبلاتنمكطئءؤرىةوزظ", "qwertyuiop[]asdfghjkl;'zxcvnm,./"],
];

/// Types a text on the same keys of a Latin keyboard: `йцукен` as `qwerty`, `зфыыцщкв` as `password`.
pub(super) fn to_qwerty(text: &str) -> String {
    let typed = text.chars().map(hangul_keys).collect::<String>();
    KEYBOARDS.into_iter().fold(typed, |text, keyboard| replace_chars(&text, keyboard))
}

/// Returns the keys of a Korean syllable on the standard keyboard (KS X 5002), `ql` for `비`; other
/// characters stay.
fn hangul_keys(c: char) -> String {
    const FIRST: u32 = '가' as u32;
    const LEADING: &str = "r R s e E f a q Q t T d w W c z x v g";
    const VOWELS: &str = "k o i O j p u P h hk ho hl y n nj np nl b m ml l";
    const TRAILING: &str = " r R rt s sw sg e f fr fa fq ft fx fv fg a q qt t T d w c z x v g";
    let keys: [Vec<&str>; 3] = [LEADING, VOWELS, TRAILING].map(|keys| keys.split(' ').collect());
    let [leading, vowels, trailing] = &keys;
    let syllable = u32::from(c).checked_sub(FIRST).and_then(|syllable| usize::try_from(syllable).ok());
    let typed = syllable.and_then(|syllable| {
        let (rest, end) = (syllable / trailing.len(), trailing.get(syllable % trailing.len())?);
        let (first, vowel) = (leading.get(rest / vowels.len())?, vowels.get(rest % vowels.len())?);
        Some([*first, *vowel, *end].concat().to_lowercase())
    });
    typed.unwrap_or_else(|| c.to_string())
}

fn replace_chars(text: &str, [from, to]: [&str; 2]) -> String {
    let replacement = |c: char| from.chars().position(|other| other == c).and_then(|index| to.chars().nth(index));
    text.chars().map(|c| replacement(c).unwrap_or(c)).collect()
}

/// Replaces digits and signs beside letters by the letters they stand for, and a `1` or `!` by `for_one`.
fn without_substitutes(text: &str, for_one: char) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_letter = |index: Option<usize>| index.and_then(|index| chars.get(index)).is_some_and(|c| c.is_alphabetic());
    let read = |(index, c): (usize, &char)| {
        // Two signs in a row are recognized too: `p4$$word`.
        let beside = [index.checked_sub(2), index.checked_sub(1), Some(index + 1), Some(index + 2)];
        if !beside.into_iter().any(is_letter) {
            return *c;
        }
        match c {
            '0' => 'o',
            '1' | '!' | '|' => for_one,
            '2' => 'z',
            '3' | '€' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '6' | '9' => 'g',
            '7' | '+' => 't',
            '8' => 'b',
            '(' => 'c',
            other => *other,
        }
    };
    chars.iter().enumerate().map(read).collect()
}

/// Keeps letters and digits only. Returns them with the factor for the signs between them.
fn without_signs(text: &str) -> (String, f64) {
    let (mut signs, mut rest) = (Vec::new(), String::new());
    let mut factor = 1.0;
    for c in text.chars() {
        if c.is_alphanumeric() {
            rest.push(c);
        } else if !signs.contains(&c) {
            signs.push(c);
            factor *= SIGN_FACTOR;
        }
    }
    (rest, factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_scripts_are_read_in_latin_letters() {
        for (text, read) in [
            ("пароль", "parol"),
            ("ｐａｓｓ１", "pass1"),
            ("contraseña", "contrasena"),
            ("密码", "mima"),
            ("pass\u{200b}word", "password"),
            ("pässwörd", "password"),
        ] {
            assert_eq!(to_latin(text), read);
        }
        assert_eq!(with_digraphs("müller"), "mueller");
        assert_eq!(replace_lookalikes("раѕѕwоrd"), "password");
    }

    #[test]
    fn keys_are_read_on_a_latin_keyboard() {
        for (typed, keys) in
            [("йцукен", "qwerty"), ("зфыыцщкв", "password"), ("비밀번호", "qlalfqjsgh"), ("ασδφ", "asdf")]
        {
            assert_eq!(to_qwerty(typed), keys);
        }
        for [one, other] in KEYBOARDS.into_iter().chain([LOOKALIKES]) {
            assert_eq!(one.chars().count(), other.chars().count(), "{one}");
        }
    }

    #[test]
    fn what_is_put_for_letters_and_between_them_is_seen_through() {
        assert_eq!(without_substitutes("p4$$w0rd", 'l'), "password");
        assert_eq!(without_substitutes("1etme1n ... 2026", 'l'), "letmeln ... 2026");
        assert_eq!(without_signs("p.a.s.s-1"), ("pass1".to_owned(), 100.0));
    }
}
