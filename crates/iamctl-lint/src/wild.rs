//! Patterns with `*` and `?`.

/// Whether a pattern fits a text; letters are compared without regard to case, as in actions.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    glob(pattern.as_bytes(), text.as_bytes(), |wanted, found| wanted.eq_ignore_ascii_case(&found))
}

/// Whether a pattern fits a text, letter by letter.
pub(crate) fn matches_exactly(pattern: &str, text: &str) -> bool {
    glob(pattern.as_bytes(), text.as_bytes(), |wanted, found| wanted == found)
}

/// Whether everything that one pattern fits is fitted by the other, as far as a quick look can tell: `*` of the
/// narrower one is covered by `*` of the wider only.
pub(crate) fn covers(wide: &str, narrow: &str, ignore_case: bool) -> bool {
    glob(wide.as_bytes(), narrow.as_bytes(), |wanted, found| {
        found != b'*' && (wanted == found || (ignore_case && wanted.eq_ignore_ascii_case(&found)))
    })
}

pub(crate) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

fn glob(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut at, mut of) = (0_usize, 0_usize);
    // Where to go on when the latest star has to take one character more.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(at), text.get(of)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                retry = Some((at, of));
                at = at.saturating_add(1);
                continue;
            }
            (Some(b'?'), Some(found)) if *found != b'*' => {
                // A character of several bytes is one.
                let rest = text.get(of.saturating_add(1)..).unwrap_or_default();
                let more = rest.iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
                at = at.saturating_add(1);
                of = of.saturating_add(1).saturating_add(more);
                continue;
            }
            (Some(wanted), Some(found)) if same(*wanted, *found) => {
                at = at.saturating_add(1);
                of = of.saturating_add(1);
                continue;
            }
            _ => {}
        }
        let Some((star, from)) = retry.filter(|(_, from)| *from < text.len()) else { return false };
        of = from.saturating_add(1);
        retry = Some((star, of));
        at = star.saturating_add(1);
    }
}

/// Whether there is a text that two patterns fit. Texts longer than a thousand bytes are taken to have one.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() > 1_000 || other.len() > 1_000 {
        return true;
    }
    // What stands before the first wildcard of either must be the same: most pairs end here.
    for (a, b) in one.iter().zip(other) {
        if is_wild(*a) || is_wild(*b) {
            break;
        }
        if a != b {
            return false;
        }
    }
    // reach[j]: whether what was read of `one` fits what was read of `other`, up to `j`.
    let mut reach = vec![false; other.len().saturating_add(1)];
    if let Some(first) = reach.first_mut() {
        *first = true;
    }
    spread(&mut reach, other);
    for a in one {
        let mut next = vec![false; reach.len()];
        for (j, now) in reach.iter().enumerate().filter(|(_, now)| **now) {
            let mut mark = |at: usize| next.get_mut(at).into_iter().for_each(|cell| *cell = *now);
            let after = j.saturating_add(1);
            if *a == b'*' {
                (j..=other.len()).for_each(&mut mark);
                break;
            }
            match other.get(j) {
                Some(b'*') => mark(j),
                Some(b) if *a == b'?' || *b == b'?' || a == b => mark(after),
                _ => {}
            }
        }
        spread(&mut next, other);
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

fn is_wild(byte: u8) -> bool {
    byte == b'*' || byte == b'?'
}

/// Stars of the other pattern may stand for nothing.
fn spread(reach: &mut [bool], other: &[u8]) {
    for (j, _) in other.iter().enumerate().filter(|(_, byte)| **byte == b'*') {
        let is_reached = reach.get(j).copied().unwrap_or(false);
        if let Some(next) = reach.get_mut(j.saturating_add(1)) {
            *next |= is_reached;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_or_not() {
        for (pattern, text, fits) in [
            ("iam:*", "iam:PassRole", true),
            ("IAM:pass*", "iam:PassRole", true),
            ("*", "iam:PassRole", true),
            ("iam:Pass?ole", "iam:PassRole", true),
            ("iam:Get*", "iam:PassRole", false),
            ("a*b*c", "a-b-b-c", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
        assert!(!matches_exactly("A", "a") && matches_exactly("?", "é"));
    }

    #[test]
    fn a_wider_pattern_covers_a_narrower_one_and_not_the_other_way() {
        for (wide, narrow, yes) in [
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:GetObject*", true),
            ("s3:Get*", "s3:G*", false),
            ("s3:*Object", "s3:Get*", false),
            ("a?c", "a*c", false),
            ("a*c", "a?c", true),
            ("a?", "a?", true),
        ] {
            assert_eq!(covers(wide, narrow, true), yes, "{wide} {narrow}");
        }
    }

    #[test]
    fn two_patterns_overlap_where_some_text_fits_both() {
        for (one, other, yes) in [
            ("role/*", "role/x", true),
            ("*/x", "role/*", true),
            ("a*b", "*c", false),
            ("a*c", "*b*", true),
            ("?", "", false),
            ("*", "", true),
            ("a?c", "ab*", true),
            ("user/*", "role/*", false),
            ("*a*", "*b*", true),
        ] {
            assert_eq!(overlap(one, other), yes, "{one} {other}");
            assert_eq!(overlap(other, one), yes, "{other} {one}");
        }
    }
}
