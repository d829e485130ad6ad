//! "Did you mean": the nearest known word.

/// How many words are compared: looking through hundreds of thousands would take seconds.
const MOST_COMPARED: usize = 5_000;

/// The known word that `typed` was probably meant to be: equal but for case, or within an edit
/// distance of a third of its length. The first of equally near ones, in the order given.
pub fn closest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    let longest_distance = typed.chars().count().div_ceil(3).min(3);
    known
        .into_iter()
        .take(MOST_COMPARED)
        .map(|word| (strsim::osa_distance(&lower, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= longest_distance && *distance < word.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_near_word_is_offered_and_a_far_one_is_not() {
        let known = ["policies", "users", "roles"];
        assert_eq!(closest("policy", known), None);
        assert_eq!(closest("polices", known), Some("policies"));
        assert_eq!(closest("Users", known), Some("users"));
        assert_eq!(closest("rolse", known), Some("roles"));
        assert_eq!(closest("x", known), None);
    }
}
