//! Names with placeholders, such as `aws:RequestTag/${TagKey}`.

/// Whether a text is what a template makes when something is put for each of its placeholders. Letters
/// are compared without regard to case.
pub(crate) fn is_made_by(text: &str, template: &str) -> bool {
    let (start, rest) =
        template.split_once("${").map_or((template, None), |(start, rest)| (start, Some(rest)));
    let Some(after_start) = strip_prefix(text, start) else { return false };
    let Some(rest) = rest else { return after_start.is_empty() };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    // A placeholder stands for one character at least.
    let mut rest = after_start;
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..).unwrap_or("");
        if is_made_by(rest, after) {
            return true;
        }
    }
    false
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

#[cfg(test)]
mod tests {
    use super::is_made_by;

    #[test]
    fn a_placeholder_stands_for_anything_but_nothing() {
        for (text, template, made) in [
            ("aws:SourceIp", "aws:SourceIp", true),
            ("AWS:sourceip", "aws:SourceIp", true),
            ("aws:SourceIpx", "aws:SourceIp", false),
            ("aws:RequestTag/team", "aws:RequestTag/${TagKey}", true),
            ("aws:RequestTag/", "aws:RequestTag/${TagKey}", false),
            ("x:a/1.value", "x:a/${name}.value", true),
            ("x:a/1.type", "x:a/${name}.value", false),
            ("arn:aws:s3:::b/k/l", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", true),
            ("arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", false),
            ("é", "${x}", true),
        ] {
            assert_eq!(is_made_by(text, template), made, "{text} {template}");
        }
    }
}
