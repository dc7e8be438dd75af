use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::usage::StatusFilter;

fn names() -> SearchNames {
    let key = |number: u128, name: &str| ApiKeyRef {
        id: ApiKeyId::new(Uuid::from_u128(number)),
        name: name.to_owned(),
        masked: String::new(),
    };
    SearchNames {
        projects: vec![ProjectRef { id: ProjectId::new(Uuid::from_u128(1)), name: "Ticket Desk".to_owned() }],
        api_keys: vec![key(1, "web"), key(2, "twin"), key(3, "twin")],
        members: vec![CallMember { id: UserId::new(Uuid::from_u128(1)), name: "Mira".to_owned() }],
    }
}

fn error(text: &str) -> (String, String) {
    let error = SearchText::parse(text, &names()).unwrap_err();
    (text[error.start..error.end].to_owned(), error.message)
}

#[test]
fn every_qualifier_survives_a_round_trip() {
    let text = "status:4xx status:429 status:errors model:gpt-x model:\"two words\" key:web project:\"Ticket Desk\" \
                member:Mira service:chat endpoint:/v1/chat/completions provider:openai tag.customer:acme \
                tag.customer:\"big corp\" tag.plan:pro cost:>0.01 cost:<=5.00 latency:>2s tokens:>1000 \
                id:req_01h2xcejqtf2nbrexx3vqjhp41 text:\"no such file\"";
    let search = SearchText::parse(text, &names()).unwrap();
    assert_eq!(search.print(&names()), text);
    assert_eq!((search.filter.len(), search.filter.api_keys[0].uuid().as_u128()), (14, 1));
    assert_eq!(search.bounds.tokens, Bounds { min: Some(1_001), max: None });
    assert_eq!(search.text.as_deref(), Some("no such file"));
    // Without names there are IDs, which say the same.
    let unnamed = search.print(&SearchNames::default());
    assert!(unnamed.contains("key:key_00000000000000000000000001"), "{unnamed}");
    assert_eq!(SearchText::parse(&unnamed, &SearchNames::default()), Ok(search));
}

#[test]
fn a_query_has_the_search_of_its_text() {
    let search = SearchText::parse("model:gpt-x cost:>1 text:x", &names()).unwrap();
    let query = search.clone().narrow(CallQuery::default());
    assert_eq!(SearchText::of(&query), search);
}

#[test]
fn a_call_may_be_named_without_a_qualifier() {
    let id = "req_01h2xcejqtf2nbrexx3vqjhp41";
    let search = SearchText::parse(id, &names()).unwrap();
    assert_eq!(search.print(&names()), format!("id:{id}"));
}

#[test]
fn the_wrong_part_is_named() {
    for (text, part, message) in [
        ("model:a modle:b", "modle", "isn't a filter. Use status, model"),
        ("status:nope model:a", "nope", "isn't a status"),
        ("-model:a", "-model", "isn't a filter"),
        ("cost:cheap", "cheap", "isn't an amount"),
        ("cost:>1 cost:>2", ">2", "twice"),
        ("service:talk", "talk", "isn't a service"),
        ("tag.Big:x", "tag.Big", "isn't a tag's name"),
        ("tag:x", "tag", "or a tag such as tag.customer"),
        ("model:", "", "Write a value after the colon"),
        ("model:\"", "\"", "closing quotation mark"),
        ("status:4xx hello", "hello", "Say what hello is: model:hello"),
        ("key:nobody", "nobody", "There is no key named"),
        ("key:twin", "twin", "several keys"),
        ("id:1", "1", "isn't the ID of a call"),
        ("text:a text:b", "b", "one text only"),
    ] {
        let (wrong, error) = error(text);
        assert_eq!(wrong, part, "{text}");
        assert!(error.contains(message), "{text}: {error}");
    }
    let long = format!("tag.customer:{}", "顧".repeat(128));
    assert_eq!(SearchText::parse(&long, &names()).unwrap().print(&names()), long);
    let many: String = (0..=Filter::MAX_VALUES).map(|number| format!("model:m{number} ")).collect();
    assert_eq!(error(&many), ("m50".to_owned(), "A filter has at most 50 values.".to_owned()));
    let repeated = SearchText::parse(&"model:a ".repeat(99), &names()).unwrap();
    assert_eq!(repeated.filter.models, ["a"]);
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::hash_set("[^\\p{Cc}]{1,20}", 0..4).prop_map(|texts| texts.into_iter().collect())
}

fn bounds() -> impl Strategy<Value = Bounds<i64>> {
    (prop::option::of(0..=i64::MAX), prop::option::of(0..=i64::MAX))
        .prop_map(|(min, more)| Bounds { min, max: more.map(|more: i64| min.unwrap_or(0).saturating_add(more)) })
}

proptest! {
    #[test]
    fn any_text_is_a_search_or_an_error_within_it(text: String) {
        if let Err(error) = SearchText::parse(&text, &names()) {
            prop_assert!(text.get(error.start..error.end).is_some());
        }
    }

    #[test]
    fn any_search_survives_a_round_trip(
        models in texts(), endpoints in texts(), tags in texts(), text in prop::option::of("[^\\p{Cc}]{1,20}"),
        (tokens, duration_us, cost) in (bounds(), bounds(), bounds()),
        keys in prop::collection::hash_set(0u128..6, 0..4), codes in prop::collection::hash_set(100u16..600, 0..4),
    ) {
        let money = |nanos: Option<i64>| nanos.map(Money::from_nanos);
        let search = SearchText {
            filter: Filter {
                models,
                endpoints,
                api_keys: keys.into_iter().map(|number| ApiKeyId::new(Uuid::from_u128(number))).collect(),
                statuses: codes.into_iter().map(StatusFilter::Code).collect(),
                tags: tags.into_iter().map(|value| TagFilter { name: "customer".parse().unwrap(), value }).collect(),
                ..Filter::default()
            },
            bounds: CallBounds { tokens, duration_us, cost: Bounds { min: money(cost.min), max: money(cost.max) } },
            text,
            call: None,
        };
        let printed = search.print(&names());
        prop_assert_eq!(SearchText::parse(&printed, &names()), Ok(search), "{}", printed);
    }
}
