//! Exchanges things in requests.

use super::{
    asking::{Answer, Ask, By},
    things::Things,
};
use crate::world::World;

/// Asks about all mixes of what is one's own and what is another's; each is answered as if the others' didn't exist, and
/// none tells what has the others' mark.
pub(super) async fn others_are_as_if_they_did_not_exist(
    world: &World,
    ask: &Ask,
    by: By<'_>,
    (own, others): (&Things, &Things),
    mark: &str,
) {
    let nobodys = others.nobodys();
    let mut names = ask.names(own);
    names.retain(|name| own[name] != others[name]);
    for names in subsets(&names) {
        let what = format!("{} {} about {names:?} of others", ask.method, ask.path);
        let told: Answer = ask.about(world, &own.exchanged(&names, others), by).await;
        let expected = ask.about(world, &own.exchanged(&names, &nobodys), by).await;
        assert_eq!(told, expected, "{what}");
        assert!(!told.body.contains(mark), "{what} tells {}", told.body);
    }
}

/// All ways to choose some of these, at least one.
pub(super) fn subsets(names: &[&'static str]) -> Vec<Vec<&'static str>> {
    let chosen = |which: usize| -> Vec<&'static str> {
        names.iter().enumerate().filter(|(place, _)| which >> place & 1 == 1).map(|(_, name)| *name).collect()
    };
    (1..1 << names.len()).map(chosen).collect()
}

#[test]
fn each_mix_is_there_once() {
    assert_eq!(subsets(&[]), Vec::<Vec<&str>>::new());
    assert_eq!(subsets(&["a", "b"]), [vec!["a"], vec!["b"], vec!["a", "b"]]);
}
