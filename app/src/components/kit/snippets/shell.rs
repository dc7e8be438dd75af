use super::{VARIABLE, quote};

/// A command line in which snippets are pasted.
#[derive(Clone, Copy)]
#[expect(clippy::enum_variant_names, reason = "it is the name of the program")]
pub(super) enum Shell {
    /// bash and zsh.
    Posix,
    PowerShell,
    Fish,
}

impl Shell {
    /// The label of the shell's tab. On `curl`, people look for the shell that most of them have.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Posix => "curl",
            Self::PowerShell => "PowerShell",
            Self::Fish => "fish",
        }
    }

    /// The command that puts `secret` into the environment.
    pub(super) fn set_key(self, secret: &str) -> String {
        let secret = self.quote(secret);
        match self {
            Self::Posix => format!("export {VARIABLE}={secret}"),
            Self::PowerShell => format!("$env:{VARIABLE} = {secret}"),
            Self::Fish => format!("set -gx {VARIABLE} {secret}"),
        }
    }

    /// The command that reads the key, so that it doesn't stay in the shell's history.
    pub(super) fn read_key(self) -> String {
        match self {
            Self::Posix => format!("printf 'Key: '; read -rs {VARIABLE}; export {VARIABLE}"),
            // Windows PowerShell 5.1 hides only what it reads as a secure string.
            Self::PowerShell => format!(
                "$env:{VARIABLE} = [Net.NetworkCredential]::new('', (Read-Host 'Key' -AsSecureString)).Password"
            ),
            Self::Fish => format!("read -s -g -x -P 'Key: ' {VARIABLE}"),
        }
    }

    /// The command for a first call with the key in the environment.
    pub(super) fn call(self, base_url: &str, model: &str) -> String {
        let url = self.quote(&format!("{base_url}/chat/completions"));
        let model = quote(model);
        let body = format!(r#"{{"model": {model}, "messages": [{{"role": "user", "content": "Hello"}}]}}"#);
        let body = self.quote(&body);
        match self {
            Self::Posix | Self::Fish => format!(
                r#"curl {url} \
  -H "Authorization: Bearer ${VARIABLE}" \
  -H "Content-Type: application/json" \
  -d {body}"#
            ),
            // Its `curl` is an alias of another command, or a program that needs quotes escaped.
            Self::PowerShell => format!(
                r#"$call = @{{
  Uri = {url}
  Method = 'Post'
  Headers = @{{ Authorization = "Bearer $env:{VARIABLE}" }}
  ContentType = 'application/json'
  Body = {body}
}}
(Invoke-RestMethod @call).choices[0].message.content"#
            ),
        }
    }

    /// `text` as one argument, in which nothing is expanded.
    fn quote(self, text: &str) -> String {
        let escaped = match self {
            Self::Posix => text.replace('\'', r"'\''"),
            Self::PowerShell => text.replace('\'', "''"),
            Self::Fish => text.replace('\\', r"\\").replace('\'', r"\'"),
        };
        format!("'{escaped}'")
    }
}
