//! Small universes, in which every request is asked for: the answers are those.

use serde_json::{Value as Json, json};

use crate::attack::{Pair, read};

/// All texts of these characters with at most this length.
fn texts(of: &str, longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last.iter().flat_map(|text| of.chars().map(move |c| format!("{text}{c}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Holds the answer about two documents against all requests.
fn agree(before: &Json, after: &Json, requests: &[iamctl_policy::eval::Request]) -> [bool; 2] {
    let pair = Pair::new(before, after, false);
    let found = pair.difference();
    let mut expected = [false; 2];
    for request in requests {
        let [was, is] = pair.allow(request);
        expected[0] |= is && !was;
        expected[1] |= was && !is;
    }
    let word = |is_there: bool| if is_there { "yes" } else { "no" };
    assert_eq!([found.added.as_str(), found.removed.as_str()], expected.map(word), "{before}\n{after}");
    expected
}

#[test]
fn answers_about_resources_are_those_of_all_requests() {
    let patterns: Vec<String> =
        texts("ab*", 2).into_iter().filter(|text| !text.is_empty()).chain(["?".into()]).collect();
    let request = |resource: &String| {
        read(
            &json!({"principal": "arn:aws:iam::111122223333:user/u", "action": "s3:A", "resource": resource}),
        )
    };
    let requests: Vec<_> = texts("abx", 4).iter().filter(|text| !text.is_empty()).map(request).collect();
    let statement =
        |effect: &str, element: &str, text: &str| json!({"Effect": effect, "Action": "s3:A", element: text});
    let mut counts = [0; 2];
    for (at, allowed) in patterns.iter().enumerate() {
        for denied in &patterns {
            // Each against some of the others, another choice every time.
            for other in patterns.iter().skip(at % 3).step_by(3) {
                let element = if at.is_multiple_of(4) { "NotResource" } else { "Resource" };
                let before = json!({"Statement": [
                    statement("Allow", element, allowed),
                    statement("Deny", "Resource", denied),
                ]});
                let after = json!({"Statement": statement("Allow", "Resource", other)});
                for is_there in agree(&before, &after, &requests) {
                    counts[usize::from(is_there)] += 1;
                }
            }
        }
    }
    assert!(counts[0] > 100 && counts[1] > 100, "{counts:?}");
}

#[test]
fn answers_about_conditions_are_those_of_all_values() {
    let mut conditions = vec![json!({}), json!({"Null": {"k:s": "true"}}), json!({"Null": {"k:s": "false"}})];
    for set in ["", "ForAllValues:", "ForAnyValue:"] {
        for operator in ["StringEquals", "StringNotLike", "StringLikeIfExists", "StringNotEqualsIgnoreCase"] {
            for values in [json!("a"), json!(["a*", "B"]), json!("?")] {
                conditions.push(json!({format!("{set}{operator}"): {"k:s": values}}));
            }
        }
    }
    let single = ["", "a", "b", "A", "B", "aa", "bb", "a*", "?"];
    let mut values = vec![None, Some(json!([]))];
    values.extend(single.iter().map(|text| Some(json!(text))));
    for first in single {
        for second in single {
            values.extend(single.iter().map(|third| Some(json!([first, second, third]))));
        }
    }
    let request = |value: &Option<Json>| {
        let context = value.as_ref().map_or_else(|| json!({}), |value| json!({"k:s": value}));
        read(
            &json!({"principal": "arn:aws:iam::111122223333:user/u", "action": "s3:A", "resource": "r", "context": context}),
        )
    };
    let requests: Vec<_> = values.iter().map(request).collect();
    let document = |condition: &Json| json!({"Statement": {"Effect": "Allow", "Action": "s3:A", "Resource": "*", "Condition": condition}});
    for before in &conditions {
        for after in conditions.iter().step_by(3) {
            agree(&document(before), &document(after), &requests);
        }
    }
}
