//! Random questions: the crate and the second evaluator give the same answers.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p iamctl-policy --test eval` asks more of them.

use std::collections::HashMap;

use iamctl_policy::eval::Answerer;
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::generate::Dice;
use crate::reference;

/// Enough to meet every pair of rules, few enough for every day.
const USUAL_CASES: u32 = 20_000;

fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    // What the environment asks for is in the default configuration already.
    let cases = if usual.cases == 256 { USUAL_CASES } else { usual.cases };
    ProptestConfig { cases, max_shrink_iters: 20_000, ..usual }
}

fn answered(question: &Json) -> String {
    let answer = Answerer::new().answer(question.to_string().as_bytes());
    let answer: Json = serde_json::from_str(&answer.text).expect("an answer is JSON");
    answer["decision"].as_str().unwrap_or_else(|| panic!("{question:#}\n{answer}")).to_owned()
}

/// Random numbers from a seed: a linear congruential generator's upper bits.
pub(crate) fn numbers(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

proptest! {
    #![proptest_config(config())]

    /// A question that fails shrinks by its count of numbers: beyond them every choice is the simplest.
    #[test]
    fn two_evaluators_agree(seed in any::<u64>(), count in 0..160_usize) {
        let question = Dice::new(&numbers(seed, count)).question();
        let expected = reference::decide(&question);
        prop_assert_eq!(answered(&question), expected, "{:#}", question);
    }
}

#[test]
fn the_random_questions_have_all_answers_often() {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for seed in 0..3_000 {
        *counts.entry(reference::decide(&Dice::new(&numbers(seed, 160)).question())).or_default() += 1;
    }
    for decision in ["Allowed", "ExplicitlyDenied", "ImplicitlyDenied"] {
        assert!(counts[decision] > 300, "{counts:?}");
    }
}
