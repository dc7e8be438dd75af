//! Exchanges things in requests.

use super::{
    asking::{Answer, Credentials, RequestTemplate},
    things::Things,
};
use crate::world::World;

/// Sends a request with all mixes of own and others' things; each must be answered as if the others' things
/// didn't exist, and none may contain their mark.
pub(super) async fn others_are_as_if_they_did_not_exist(
    world: &World,
    template: &RequestTemplate,
    credentials: Credentials<'_>,
    (own, others): (&Things, &Things),
    mark: &str,
) {
    let nonexistent = others.nonexistent();
    let mut names = template.names(own);
    names.retain(|name| own[name] != others[name]);
    for names in subsets(&names) {
        let description = format!("{} {} about {names:?} of others", template.method, template.path);
        let ask = async || -> [Answer; 2] {
            let answer = template.send(world, &own.with_replaced(&names, others), credentials).await;
            [answer, template.send(world, &own.with_replaced(&names, &nonexistent), credentials).await]
        };
        let [mut answer, mut expected] = ask().await;
        if answer != expected {
            // A second may have begun between the two, which activity shows; hardly twice.
            [answer, expected] = ask().await;
        }
        assert_eq!(answer, expected, "{description}");
        assert!(!answer.body.contains(mark), "{description} tells {}", answer.body);
    }
}

/// All nonempty subsets.
pub(super) fn subsets(names: &[&'static str]) -> Vec<Vec<&'static str>> {
    let chosen = |mask: usize| -> Vec<&'static str> {
        names.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1).map(|(_, name)| *name).collect()
    };
    (1..1 << names.len()).map(chosen).collect()
}

#[test]
fn each_mix_is_there_once() {
    assert_eq!(subsets(&[]), Vec::<Vec<&str>>::new());
    assert_eq!(subsets(&["a", "b"]), [vec!["a"], vec!["b"], vec!["a", "b"]]);
}
