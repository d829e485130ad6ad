//! Refusing answers that break off.
//!
//! The SDK's XML reader takes a document that ends in the middle for one that ends there: half a list
//! becomes a shorter list. HTTP says how long an answer is, but something on the way that shortens an
//! answer says it anew.

use aws_sdk_iam::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_iam::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_iam::error::BoxError;

/// Turns a successful answer that is not whole into an error.
#[derive(Debug)]
pub(crate) struct WholeAnswers;

impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "WholeAnswers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_error = context.output_or_error().is_err();
        match context.response().body().bytes() {
            Some(body) if !is_error && !is_whole(body) => Err("the answer breaks off".into()),
            _ => Ok(()),
        }
    }
}

/// Whether an XML document ends with what it began with. Anything else than XML is none of our business.
fn is_whole(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let mut text = text.trim_start_matches('\u{feff}').trim();
    let is_xml = text.starts_with('<');
    while let Some(prologue) = text.strip_prefix("<?") {
        let Some((_, rest)) = prologue.split_once("?>") else { return false };
        text = rest.trim_start();
    }
    let Some(rest) = text.strip_prefix('<') else { return !is_xml };
    let end_of_name = |c: char| c.is_whitespace() || c == '>' || c == '/';
    let root = rest.split(end_of_name).next().unwrap_or_default();
    let is_empty_element =
        rest.split_once('>').is_some_and(|(tag, rest)| tag.ends_with('/') && rest.is_empty());
    is_empty_element
        || text.strip_suffix('>').is_some_and(|text| text.trim_end().ends_with(&format!("</{root}")))
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn a_document_is_whole_only_with_its_last_tag() {
        let whole = "<?xml version=\"1.0\"?>\n<Answer xmlns=\"x\"><A><B/></A><A/></Answer>\n";
        assert!(is_whole(whole.as_bytes()));
        let end = whole.trim_end().len();
        for cut in 1..end {
            assert!(!is_whole(&whole.as_bytes()[..cut]), "cut at {cut}");
        }
        for other in ["", "{}", "plain", "<Empty/>", "<Empty a=\"b\" />"] {
            assert!(is_whole(other.as_bytes()), "{other}");
        }
    }
}
