//! Rejected passwords, kind by kind, and accepted ones.

use super::*;

fn personal_words() -> Vec<String> {
    ["Mira Lang", "mira@acme.example", "Acme Robotics"].map(str::to_owned).to_vec()
}

#[track_caller]
fn assert_rejected(passwords: &[&str]) {
    let passed: Vec<_> = passwords.iter().filter(|password| check(password, &personal_words()).is_ok()).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn what_is_easily_guessed_is_refused_with_advice() {
    for password in
        ["password1234", "qwertyuiop", "12345678", "Mira2026!", "acme-robotics", "tollhouse1", "admin@123456"]
    {
        assert!(check(password, &personal_words()).unwrap_err().ends_with('.'), "{password}");
    }
}

#[test]
fn common_words_with_numbers_and_signs_are_refused() {
    assert_rejected(&[
        "admin@123456",
        "letmein2026!!",
        "welcome2026!!",
        "Summer@2026!!",
        "summer2026winter!",
        "!!Password2026!!",
        "changeme_2026#1",
        "qwerty123456!",
        "iloveyou123456!",
        "hello.world.2026",
        "football#1985#",
        "Monday-2026-11",
        "test@test.2026",
        "root:toor:1234",
        "2026admin2026!",
        "password 01/01/1990",
    ]);
}

#[test]
fn what_is_put_for_letters_hides_no_word() {
    assert_rejected(&[
        "P@ssw0rd@2026!!",
        "p4$$w0rd_2026!",
        "Adm1n1str4t0r!!",
        "l3tm31n@2026",
        "1l0v3y0u!2026",
        "Qu33n+Pr1nc3ss",
        "w3lc0m3#h0m3",
        "5un5h1n3!2026",
    ]);
}

#[test]
fn common_words_in_a_row_are_refused() {
    assert_rejected(&[
        "dragonmonkeymaster",
        "dragon-monkey-master",
        "sunshine princess football",
        "passwordpassword",
        "password password 1",
        "letmeinletmein2026",
        "admin admin admin 1!",
        "AdminAdmin123!!",
        "trustno1trustno1!",
        "monkey.dragon.99",
        "loveloveloveyou!",
        "SummerWinter2026",
        "hellohello-hello",
        "ilovemydog2026",
        "iamthebest2026!",
        "passwordispassword",
        "superman&batman1",
        "gameofthrones1!",
    ]);
}

#[test]
fn sentences_that_everybody_knows_are_refused() {
    assert_rejected(&[
        "correct horse battery staple",
        "correcthorsebatterystaple",
        "Correct-Horse-Battery-Staple!",
        "c0rrect h0rse b4ttery st4ple",
        "staple battery horse correct 1",
        "CorrectHorseBatteryStaple2026",
        "to be or not to be",
        "the quick brown fox jumps",
        "may the force be with you!",
        "one two three four five",
        "alpha bravo charlie delta",
        "red green blue yellow",
        "один два три четыре",
    ]);
}

#[test]
fn keys_that_lie_side_by_side_are_refused() {
    assert_rejected(&[
        "1qaz2wsx3edc4rfv",
        "!QAZ2wsx#EDC",
        "qwertyuiopasdfgh",
        "asdfghjkl;'2026",
        "zaq12wsxcde3!",
        "1q2w3e4r5t6y7u",
        "qazwsxedcrfv2026",
        "йцукенгшщз2026",
        "фывапролдж!!",
        "ячсмитьбю.123",
        "12345!qwert@",
    ]);
}

#[test]
fn other_scripts_and_their_transliterations_are_refused() {
    assert_rejected(&[
        "пароль123456",
        "Пароль@2026!",
        "мойпароль2026",
        "привет-привет1",
        "parol123456!",
        "ghbdtn2026!!",
        "gfhjkm123456!",
        "зфыыцщкв2026",
        "сщккусе2026!",
        "contraseña2026!",
        "Contrasena@2026",
        "motdepasse1234!",
        "Passwort@2026!",
        "hasło123456!!",
        "şifre123456!!",
        "κωδικός2026!!",
        "סיסמה123456!!",
        "كلمةالسر123456",
        "密码123456!!2026",
        "mima123456!!",
        "我爱你5201314!!",
        "パスワード2026!!",
        "비밀번호1234!!",
        "qlalfqjsgh1234!",
        "पासवर्ड123456!!",
        "ｐａｓｓｗｏｒｄ２０２６！",
        "раѕѕwоrd2026!!",
        "pass\u{200b}word\u{200b}2026!!",
        "p\u{430}ssw\u{43e}rd@123456",
        "pässwörd2026!!",
        "yatebyalyublyu1",
        "moyparol2026!!",
        "Tr0ub4dor&3",
    ]);
}

#[test]
fn the_name_of_somebody_or_their_organization_is_no_secret() {
    assert_rejected(&[
        "AcmeRobotics2026!",
        "acme-robotics-mira",
        "Mira.Lang.1985!",
        "mira@acme2026!",
        "M1r4L4ng2026!!",
        "tollhouse@2026!",
        "Lang+Mira+Acme1",
        "мираланг2026!!",
    ]);
    let others = ["Jörg Müller", "joerg@bär.example", "Москва Сталь"].map(str::to_owned);
    for password in ["jorgmuller2026!", "JoergMueller1985!", "moskvastal2026!", "МоскваСталь2026!"] {
        assert!(check(password, &others).is_err(), "{password}");
    }
}

#[test]
fn signs_between_the_letters_hide_no_word() {
    assert_rejected(&["p.a.s.s.w.o.r.d.1.2", "a-d-m-i-n-1-2-3-4", "1_2_3_4_5_6_7_8_9", "q w e r t y 1 2 3 4"]);
}

#[test]
fn unrelated_words_and_random_characters_are_accepted() {
    for password in [
        "a horse of another colour",
        "copper lantern drifts north",
        "a lantern by the harbor 41",
        "another lantern, 42 steps on",
        "violet harbour counts seven",
        "xK9#mQ2$vL",
        "T7!vw9Qz-pLk",
        "bmvm3e46gtr drifts",
        "8f3a1c9d02b7e6f451",
        "quilt marmot gusset fjord",
        "медный фонарь плывет на север",
        "kupferne Laterne treibt nordwärts",
        "la lanterne de cuivre dérive",
        "銅の灯籠が北へ流れていく",
    ] {
        assert_eq!(check(password, &personal_words()), Ok(()), "{password}");
    }
}

#[test]
fn a_long_password_is_as_strong_as_it_begins() {
    let long: String = "copper lantern drifts north, ".repeat(5).chars().take(128).collect();
    assert_eq!(check(&long, &[]), Ok(()));
    assert!(check(&"a".repeat(128), &[]).is_err());
    assert!(check(&"a".repeat(129), &[]).unwrap_err().contains("128"));
}

#[test]
fn what_was_in_a_breach_is_refused_though_it_looks_random() {
    for password in ["bmvm3e46gtr", "BMVM3e46GTR", "141312190296q"] {
        assert_eq!(check(password, &[]), Err(BREACHED_MESSAGE.to_owned()), "{password}");
    }
    assert!(BREACHED_PASSWORDS.lines().is_sorted_by(|one, next| one < next));
}

#[test]
fn a_text_falls_into_runs() {
    assert_eq!(runs("Ab12!!ü 3").collect::<Vec<_>>(), ["Ab", "12", "!!", "ü", " ", "3"]);
}

#[test]
fn no_reading_is_longer_than_what_is_looked_at() {
    for reading in forms::readings_of(&"щ".repeat(MAX_ANALYZED_LENGTH)) {
        assert!(reading.text.chars().count() <= MAX_ANALYZED_LENGTH, "{}", reading.text);
    }
}
