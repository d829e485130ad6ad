//! Random pairs of documents, attacked by random requests.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p iamctl-policy --test access` attacks more of them.

use iamctl_policy::difference::Access;
use proptest::prelude::*;

use crate::attack::{Pair, read, request};
use crate::documents::{Dice, numbers};

/// Each is attacked by [`REQUESTS`] requests.
const USUAL_CASES: u32 = 500;

const REQUESTS: u64 = 60;

fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    // What the environment asks for is in the default configuration already.
    let cases = if usual.cases == 256 { USUAL_CASES } else { usual.cases };
    ProptestConfig { cases, max_shrink_iters: 20_000, ..usual }
}

fn pair(seed: u64, count: usize, trust: bool) -> Pair {
    let numbers = numbers(seed, count);
    let (before, after) = Dice::new(&numbers).pair(trust);
    Pair::new(&before, &after, trust)
}

fn attack(seed: u64, count: usize, trust: bool) -> Result<(), TestCaseError> {
    let pair = pair(seed, count, trust);
    let found = pair.difference();
    pair.witnesses_hold(&found).map_err(TestCaseError::fail)?;
    for at in 0..REQUESTS {
        let numbers = numbers(seed ^ at.wrapping_mul(0x9e37_79b9_7f4a_7c15), 60);
        let request = read(&request(&mut Dice::new(&numbers), trust));
        pair.holds(&found, &request).map_err(TestCaseError::fail)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_request_proves_an_answer_about_identity_policies_wrong(seed in any::<u64>(), count in 0..100_usize) {
        attack(seed, count, false)?;
    }

    #[test]
    fn no_request_proves_an_answer_about_trust_policies_wrong(seed in any::<u64>(), count in 0..100_usize) {
        attack(seed, count, true)?;
    }
}

#[test]
fn the_random_pairs_have_all_answers_and_few_are_unknown() {
    for trust in [false, true] {
        let (mut yes, mut no, mut unknown) = (0, 0, 0);
        for seed in 0..1_000 {
            let found = pair(seed, 100, trust).difference();
            for access in [&found.added, &found.removed] {
                match access {
                    Access::Yes(_) => yes += 1,
                    Access::No => no += 1,
                    Access::Unknown(_) => unknown += 1,
                }
            }
        }
        assert!(yes > 400 && no > 400 && unknown < 40, "{yes} {no} {unknown}");
    }
}
