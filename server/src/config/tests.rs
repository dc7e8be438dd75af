//! Tests of what a configuration may contain, and of the message for each mistake.

use std::{fs, path::Path};

use super::*;

const FULL: &str = r#"
[[provider]]
name = "upstream"
kind = "openai"
base_url = "http://127.0.0.1:9000/v1/"
api_key_env = "UPSTREAM_KEY"

[[provider]]
name = "box"
kind = "sandbox"

[[model]]
name = "gpt-x"
providers = ["upstream", "box"]
upstream_name = "gpt-x-2026"
service = "chat"
max_output_tokens = 4096
[model.price]
input_per_million = "0.25"
cached_input_per_million = "0.025"
output_per_million = "2.00"

[[model]]
name = "free"
providers = ["box"]
service = "embeddings"

[sign_up]
open = false

[quotas]
accounts_per_hour = 5

[server]
trusted_proxies = ["10.0.0.0/8", "fd00::1"]
allow_insecure_http = true

[gateway]
max_body_bytes = 2048
connect_timeout = "250ms"
"#;

fn env(name: &str) -> Option<String> {
    (name == "UPSTREAM_KEY").then(|| "sk-planted-secret".to_owned())
}

fn options(folder: &Path) -> ProcessOptions {
    ProcessOptions { data: folder.to_owned(), ..ProcessOptions::default() }
}

fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tollhouse.toml"), text).unwrap();
    Config::load_with(&options(folder.path()), &env).map_err(|error| error.to_string())
}

#[test]
fn without_a_file_the_sandbox_is_offered() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::load_with(&options(folder.path()), &env).unwrap();
    assert!(matches!(config.providers[..], [ProviderConfig { kind: ProviderKind::Sandbox, .. }]));
    assert_eq!(&*config.models[0].name, "sandbox-1");
    let price = config.models[0].price.unwrap();
    assert_eq!(price.input_per_million.unwrap().to_string(), "1.00");
    assert_eq!(price.output_per_million.unwrap().to_string(), "2.00");
    assert!(config.sign_up_open && !config.allow_insecure_http && config.file.is_none());
    assert!(config.database_url.reveal().ends_with("/tollhouse.db?mode=rwc"));
}

#[test]
fn everything_that_is_written_counts() {
    let config = load(FULL).unwrap();
    let ProviderKind::OpenAi { base_url, api_key } = &config.providers[0].kind else { panic!("not openai") };
    assert_eq!(base_url, "http://127.0.0.1:9000/v1");
    assert_eq!(api_key.as_ref().unwrap().reveal(), "sk-planted-secret");
    let model = &config.models[0];
    assert_eq!((model.upstream_name.as_str(), model.max_output_tokens), ("gpt-x-2026", Some(4096)));
    assert_eq!(model.price.unwrap().cached_input_per_million.unwrap().to_string(), "0.025");
    assert_eq!((config.models[1].upstream_name.as_str(), config.models[1].price), ("free", None));
    assert!(!config.sign_up_open && config.allow_insecure_http);
    assert_eq!(config.quotas.accounts_per_hour, 5);
    assert_eq!(config.trusted_proxies[1].to_string(), "fd00::1/128");
    assert_eq!((config.gateway.max_body_bytes, config.gateway.connect_timeout.as_millis()), (2048, 250));
    assert_eq!(config.gateway.idle_timeout, GatewayConfig::default().idle_timeout);
}

#[test]
fn sign_up_is_closed_where_calls_cost_something_unless_it_is_opened() {
    let without_sign_up = FULL.replace("[sign_up]\nopen = false\n", "");
    assert!(!load(&without_sign_up).unwrap().sign_up_open);
    assert!(!load(&without_sign_up.replace("\"openai\"", "\"anthropic\"")).unwrap().sign_up_open);
    assert!(load(&FULL.replace("open = false", "open = true")).unwrap().sign_up_open);
    let sandbox = without_sign_up.replace(
        "kind = \"openai\"\nbase_url = \"http://127.0.0.1:9000/v1/\"\napi_key_env = \"UPSTREAM_KEY\"",
        "kind = \"sandbox\"",
    );
    assert!(load(&sandbox).unwrap().sign_up_open);
}

#[test]
fn providers_may_have_weights_and_times_of_their_own() {
    let text = FULL
        .replace("\"box\"]\nupstream", "{ name = \"box\", weight = 2 }]\nupstream")
        .replace("kind = \"openai\"", "kind = \"openai\"\nidle_timeout = \"3s\"");
    let config = load(&text).unwrap();
    let providers = config.models[0].providers.iter().map(|provider| (&*provider.name, provider.weight));
    assert_eq!(providers.collect::<Vec<_>>(), [("upstream", None), ("box", Some(2))]);
    let timeouts = config.providers[0].timeouts;
    assert_eq!((timeouts.idle, timeouts.connect), (Duration::from_secs(3), Duration::from_millis(250)));
    assert_eq!(config.providers[1].timeouts, ProviderTimeouts::from(config.gateway));
}

#[test]
fn anthropic_is_asked_in_its_own_way() {
    let config = load(&FULL.replacen("\"openai\"", "\"anthropic\"", 1)).unwrap();
    let ProviderKind::Anthropic { base_url, api_key } = &config.providers[0].kind else { panic!("not anthropic") };
    assert_eq!(base_url, "http://127.0.0.1:9000/v1");
    assert_eq!(api_key.as_ref().unwrap().reveal(), "sk-planted-secret");
    // Anthropic stores no files for `files_provider`.
    let text = FULL.replacen("\"openai\"", "\"anthropic\"", 1).replace("2048", "2048\nfiles_provider = \"upstream\"");
    assert!(load(&text).unwrap_err().contains("gateway.files_provider"));
}

#[test]
fn secrets_are_not_shown_by_debug() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tollhouse.toml"), FULL).unwrap();
    let url = "postgres://tollhouse:planted-password@localhost/tollhouse".to_owned();
    let options = ProcessOptions { database_url: Some(url), ..options(folder.path()) };
    let text = format!("{:?}", Config::load_with(&options, &env).unwrap());
    assert!(!text.contains("planted"), "{text}");
}

#[test]
fn each_mistake_is_named_with_file_key_and_advice() {
    let replace = |from: &str, to: &str| {
        assert!(FULL.contains(from), "{from:?}");
        FULL.replacen(from, to, 1)
    };
    for (text, named) in [
        ("[[provider]\n".to_owned(), "line 1"),
        (replace("kind = \"openai\"", "kind = \"openai\"\nkeys = 1"), "unknown field `keys`"),
        (replace("[sign_up]", "[signup]"), "unknown field `signup`"),
        (replace("kind = \"openai\"\n", ""), "missing field `kind`"),
        (replace("\"openai\"", "\"oepnai\""), "use \"openai\", \"anthropic\" or \"sandbox\""),
        (replace("http://127.0.0.1:9000/v1/", "127.0.0.1:9000"), "provider \"upstream\": base_url"),
        (replace("http://127", "http://user:planted@127"), "provider \"upstream\": base_url"),
        (replace("UPSTREAM_KEY", "OTHER_KEY"), "the environment variable OTHER_KEY isn't set"),
        (replace("api_key_env = \"UPSTREAM_KEY\"", "api_key_file = \"/nowhere/key\""), "/nowhere/key can't be read"),
        (replace("kind = \"sandbox\"", "kind = \"sandbox\"\napi_key_env = \"X\""), "a sandbox calls no upstream"),
        (replace("name = \"box\"", "name = \"upstream\""), "provider \"upstream\": name: is used twice"),
        (replace("name = \"free\"", "name = \"gpt-x\""), "model \"gpt-x\": name: is used twice"),
        (replace("name = \"free\"", "name = \"a b\""), "model \"a b\": name"),
        (replace("[\"box\"]", "[]"), "model \"free\": providers: list at least one"),
        (replace("[\"box\"]", "[\"bix\"]"), "unknown provider \"bix\"; configured providers: upstream, box"),
        (replace("\"0.25\"", "\"-1\""), "model \"gpt-x\": price.input_per_million"),
        (replace("\"0.25\"", "0.25"), "invalid type"),
        (replace("\"embeddings\"", "\"chatting\""), "unknown variant"),
        (replace("4096", "0"), "max_output_tokens"),
        (replace("10.0.0.0/8", "10.0.0.0/80"), "server.trusted_proxies"),
        (replace("250ms", "250"), "isn't a duration"),
        (replace("2048", "3"), "gateway.max_body_bytes"),
        (replace("max_body_bytes = 2048", "journal_max_bytes = 2048"), "gateway.journal_max_bytes"),
        (replace("2048", "2048\nmax_upload_bytes = 3"), "gateway.max_upload_bytes"),
        (replace("2048", "2048\nfiles_provider = \"bix\""), "gateway.files_provider"),
        (replace("2048", "2048\nattempts = 0"), "gateway.attempts: set 1 to 10"),
        (replace("[\"box\"]", "[{ name = \"box\", weight = 0 }]"), "\"box\": set a weight of 1 to 1000"),
        (replace("\"sandbox\"", "\"sandbox\"\nrequest_headers = [\"cookie\"]"), "provider \"box\": request_headers"),
        (replace("\"sandbox\"", "\"sandbox\"\nanswer_headers = [\"set-cookie\"]"), "provider \"box\": answer_headers"),
        (replace("[\"box\"]", "[{ name = \"box\", wieght = 2 }]"), "a provider's name, or { name ="),
        (replace("4096", "4096\ncontext_window = 0"), "context_window"),
        (replace("4096", "4096\ndefault_for = [\"images\"]"), "a model for chat can't be the default for images"),
        (replace("4096", "4096\ndefault_for = [\"speech\"]"), "unknown variant"),
        (replace("\"openai\"", "\"openai\"\nstream_options = 1"), "invalid type"),
        (replace("[sign_up]", "[cors]\norigins = [\"*\"]\n[sign_up]"), "cors.origins"),
    ] {
        let message = load(&text).unwrap_err();
        assert!(message.contains("tollhouse.toml") && message.contains(named), "{named:?} is not in {message:?}");
        assert!(!message.contains("planted"), "{message}");
    }
}

#[test]
fn a_file_that_was_named_must_exist() {
    let folder = tempfile::tempdir().unwrap();
    let options = ProcessOptions { file: Some(folder.path().join("other.toml")), ..options(folder.path()) };
    let message = Config::load_with(&options, &env).unwrap_err().to_string();
    assert!(message.contains("other.toml") && message.contains("TOLLHOUSE_CONFIG"), "{message}");
}

#[test]
fn a_key_file_may_end_in_a_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, "sk-from-file\n").unwrap();
    let named = format!("api_key_file = {:?}", file.to_str().unwrap());
    let config = load(&FULL.replace("api_key_env = \"UPSTREAM_KEY\"", &named)).unwrap();
    let ProviderKind::OpenAi { api_key, .. } = &config.providers[0].kind else { panic!("not openai") };
    assert_eq!(api_key.as_ref().unwrap().reveal(), "sk-from-file");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["hub.example", "ftp://hub.example", "https://hub.example/path", "https://hub.example?x=1"] {
        let options = ProcessOptions { public_url: Some(url.to_owned()), ..options(folder.path()) };
        let message = Config::load_with(&options, &env).unwrap_err().to_string();
        assert!(message.contains("TOLLHOUSE_PUBLIC_URL"), "{message}");
    }
    let options = ProcessOptions { database_url: Some("mysql://root:planted@db".to_owned()), ..options(folder.path()) };
    let message = Config::load_with(&options, &env).unwrap_err().to_string();
    assert!(message.contains("DATABASE_URL") && !message.contains("planted"), "{message}");
}

#[test]
fn limits_are_configured_like_those_that_people_set() {
    let limits = "[limits.key]\ncalls_per_minute = 60\n[limits.organization]\ntokens_per_minute = 9000\n";
    let config = load(&format!("{limits}{FULL}")).unwrap();
    assert_eq!(config.rate_limits.api_key.calls_per_minute, Some(60));
    assert_eq!(config.rate_limits.organization.tokens_per_minute, Some(9_000));
    assert!(config.rate_limits.project.is_none());
    let message = load(&limits.replace("60", "0")).unwrap_err();
    assert!(message.contains("limits.key.calls_per_minute"), "{message}");
    assert!(load(&limits.replace("calls_per", "cals_per")).is_err());
}

#[test]
fn headers_that_may_pass_are_written_in_any_case() {
    let added = "\"openai\"\nrequest_headers = [\"X-Title\", \"x-acme-*\"]\nanswer_headers = [\"X-Region\"]";
    let provider = load(&FULL.replacen("\"openai\"", added, 1)).unwrap().providers.remove(0);
    assert_eq!(provider.request_headers, ["x-title", "x-acme-*"]);
    assert_eq!(provider.answer_headers, ["x-region"]);
}

#[test]
fn a_model_is_called_for_what_no_other_is() {
    let model = |name: &str| {
        format!(
            "[[model]]\nname = {name:?}\nproviders = [\"box\"]\nservice = \"chat\"\ndefault_for = [\"moderations\"]\n"
        )
    };
    let text = FULL.replacen("[sign_up]", &(model("judge") + "[sign_up]"), 1);
    assert_eq!(load(&text).unwrap().models[2].default_for, [DefaultFor::Moderations]);
    let twice = text.replacen("[sign_up]", &(model("other") + "[sign_up]"), 1);
    assert!(load(&twice).unwrap_err().contains("model \"other\": default_for"));
}

#[test]
fn origins_are_named_as_browsers_name_them() {
    let origins =
        |named: &str| load(&format!("{FULL}[cors]\norigins = [{named:?}]\n")).map(|config| config.cors_origins);
    for right in ["https://app.example", "http://localhost:5173", "http://[::1]:8080", "app://obsidian.md"] {
        assert_eq!(&*origins(right).unwrap()[0], right);
    }
    for wrong in [
        "",
        "*",
        "null",
        "app.example",
        "https://",
        "https://app.example/",
        "https://*.example",
        "https://App.example",
        "https://app.example:443",
        "https://user@app.example",
    ] {
        assert!(origins(wrong).unwrap_err().contains("cors.origins"), "{wrong}");
    }
    assert!(load(FULL).unwrap().cors_origins.is_empty());
}

#[test]
fn every_secret_is_known_as_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tollhouse.toml"), format!("{FULL}[metrics]\ntoken_env = \"UPSTREAM_KEY\"\n"))
        .unwrap();
    let database_url = Some("postgres://hub:planted-password@db/x".to_owned());
    let config = Config::load_with(&ProcessOptions { database_url, ..options(folder.path()) }, &env).unwrap();
    let mut secrets = config.secrets();
    secrets.dedup();
    assert_eq!(secrets, ["sk-planted-secret", "planted-password"]);
}
