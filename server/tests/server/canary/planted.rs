use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use sha2::{Digest, Sha256};

/// A planted secret, in all forms in which it might be found.
pub(super) struct Canary {
    pub(super) secret: String,
    pub(super) forms: Vec<String>,
    pub(super) hash: [u8; 32],
}

impl Canary {
    pub(super) fn new(secret: &str) -> Self {
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        // The random part; the rest may be shown.
        let random = secret.rsplit('_').next().unwrap()[..32].to_owned();
        let decimal = format!("{hash:?}");
        let forms = vec![
            random,
            BASE64_STANDARD.encode(secret)[..40].to_owned(),
            hex.to_uppercase(),
            hex,
            BASE64_STANDARD.encode(hash),
            BASE64_URL_SAFE_NO_PAD.encode(hash),
            decimal[1..decimal.len() - 1].to_owned(),
        ];
        Self { secret: secret.to_owned(), forms, hash }
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form))
    }
}
