//! What a password is read as by somebody who guesses: in Latin letters, on another keyboard, without what was put for
//! letters or between them.

use deunicode::deunicode_with_tofu;

use super::LOOKED_AT;

/// A reading of a password, in lower case.
pub(super) struct Form {
    pub(super) text: String,
    /// How many times as many guesses it takes to come to this reading.
    pub(super) factor: f64,
}

/// What it takes to think of characters that are put for letters.
const FOR_SUBSTITUTES: f64 = 10.0;
/// What it takes to find a sign that is put between letters; the same sign again is nothing new.
const FOR_A_SIGN: f64 = 10.0;

/// All readings of `password`, the plainest first, each once.
pub(super) fn of(password: &str) -> Vec<Form> {
    let plain = password.to_lowercase();
    let scripts = [latin(&plain), latin(&digraphs(&plain)), latin(&lookalikes(&plain)), on_qwerty(&plain)];
    let mut forms = Vec::new();
    for text in std::iter::once(plain).chain(scripts) {
        add(&mut forms, text, 1.0);
    }
    for index in 0..forms.len() {
        let text = forms[index].text.clone();
        // A `1` and its like may stand for either of these.
        for letter in ['i', 'l'] {
            add(&mut forms, without_substitutes(&text, letter), FOR_SUBSTITUTES);
        }
        let (text, factor) = without_signs(&text);
        add(&mut forms, text, factor);
    }
    forms
}

fn add(forms: &mut Vec<Form>, mut text: String, factor: f64) {
    // One letter may be four Latin ones.
    if let Some((end, _)) = text.char_indices().nth(LOOKED_AT) {
        text.truncate(end);
    }
    if !text.is_empty() && forms.iter().all(|form| form.text != text) {
        forms.push(Form { text, factor });
    }
}

/// In Latin letters: `пароль` as `parol`, `密码` as `mima`, `ｐäß` as `pass`. What isn't seen is left out.
pub(super) fn latin(text: &str) -> String {
    // A syllable comes with a space behind it, and a soft sign as an apostrophe, which nobody typed.
    let of_char = |c: char| match c {
        ' '..='~' => c.to_string(),
        other => deunicode_with_tofu(other.encode_utf8(&mut [0; 4]), "").replace([' ', '\''], "").to_lowercase(),
    };
    text.chars().map(of_char).collect()
}

/// With two letters where German and Nordic names are written so: `müller` as `mueller`.
pub(super) fn digraphs(text: &str) -> String {
    text.replace(['ä', 'æ'], "ae").replace(['ö', 'ø', 'œ'], "oe").replace('ü', "ue").replace('å', "aa")
}

/// Cyrillic and Greek letters, and the Latin ones that they look like (Unicode Technical Standard 39, `confusables.txt`).
const LOOKALIKES: [&str; 2] = ["аеорсухкмтвьніѕјԁԛԝӏαεικνορτυχγβηω", "aeopcyxkmtbbhisjdqwlaeikvoptuxybnw"];

/// With the Latin letters that others look like: `раssword`, of which two are Cyrillic.
fn lookalikes(text: &str) -> String {
    replaced(text, LOOKALIKES)
}

/// Keyboards of other scripts, and what is on the same keys of a Latin one.
const KEYBOARDS: [[&str; 2]; 5] = [
    ["йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,."],
    ["іїєґў", "s]'`o"],
    ["ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm"],
    ["קראטוןםפשדגכעיחלךףזסבהנמצתץ", "ertyuiopasdfghjkl;zxcvbnm,."],
    ["ضصثقفغعهخحجدشسيبلاتنمكطئءؤرىةوزظ", "qwertyuiop[]asdfghjkl;'zxcvnm,./"],
];

/// As typed by the same keys with Latin letters on them: `йцукен` as `qwerty`, `зфыыцщкв` as `password`.
pub(super) fn on_qwerty(text: &str) -> String {
    let typed = text.chars().map(hangul_keys).collect::<String>();
    KEYBOARDS.into_iter().fold(typed, |text, keyboard| replaced(&text, keyboard))
}

/// The keys of a Korean syllable on the usual keyboard (KS X 5002): `비` is `ql`. Others stay as they are.
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

fn replaced(text: &str, [from, to]: [&str; 2]) -> String {
    let other = |c: char| from.chars().position(|other| other == c).and_then(|index| to.chars().nth(index));
    text.chars().map(|c| other(c).unwrap_or(c)).collect()
}

/// With letters where digits and signs beside letters are put for them.
fn without_substitutes(text: &str, for_one: char) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_letter = |index: Option<usize>| index.and_then(|index| chars.get(index)).is_some_and(|c| c.is_alphabetic());
    let read = |(index, c): (usize, &char)| {
        // Two signs in a row are seen, too: `p4$$word`.
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

/// Letters and digits only, with what it takes to put the others between them.
fn without_signs(text: &str) -> (String, f64) {
    let (mut signs, mut left) = (Vec::new(), String::new());
    let mut factor = 1.0;
    for c in text.chars() {
        if c.is_alphanumeric() {
            left.push(c);
        } else if !signs.contains(&c) {
            signs.push(c);
            factor *= FOR_A_SIGN;
        }
    }
    (left, factor)
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
            assert_eq!(latin(text), read);
        }
        assert_eq!(digraphs("müller"), "mueller");
        assert_eq!(lookalikes("раѕѕwоrd"), "password");
    }

    #[test]
    fn keys_are_read_on_a_latin_keyboard() {
        for (typed, keys) in
            [("йцукен", "qwerty"), ("зфыыцщкв", "password"), ("비밀번호", "qlalfqjsgh"), ("ασδφ", "asdf")]
        {
            assert_eq!(on_qwerty(typed), keys);
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
