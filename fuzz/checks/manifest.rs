//! What must hold for every text that is given as a manifest.

use iamctl_model::{Account, AccountId, Partition};
use iamctl_policy::{Diagnostics, Document, SourceId, Sources, Span};
use iamctl_spec::{FilesInMemory, Manifest, Options, Rejected, parse};

/// Reads a text as a manifest, with other files in it below lines `#### PATH`.
pub(crate) fn check(data: &[u8]) -> Result<Manifest, Box<Rejected>> {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split("#### ");
    let files = FilesInMemory::new().with("m.yaml", parts.next().unwrap_or_default());
    let files = parts.fold(files, |files, part| {
        let (path, text) = part.split_once('\n').unwrap_or((part, ""));
        files.with(path, text)
    });
    let id = AccountId::parse("123456789012").expect("twelve digits");
    let account = Account { id, partition: Partition::aws() };
    let options = Options { account: Some(account), ..Options::default() };
    let result = parse(&files, "m.yaml", &options);
    match &result {
        Ok(manifest) => {
            places_lie_in_their_texts(&manifest.warnings, &manifest.sources);
            assert!(!manifest.warnings.has_errors());
        }
        Err(rejected) => {
            places_lie_in_their_texts(&rejected.diagnostics, &rejected.sources);
            assert!(rejected.diagnostics.has_errors());
        }
    }
    if let Ok(manifest) = &result {
        documents_survive_aws(manifest);
    }
    result
}

fn places_lie_in_their_texts(found: &Diagnostics, sources: &Sources) {
    for one in found.iter() {
        let related = one.related.iter().map(|label| label.span);
        for span in std::iter::once(one.span).chain(related) {
            place_lies_in_its_text(span, sources, &one.message);
        }
    }
}

fn place_lies_in_its_text(span: Span, sources: &Sources, message: &str) {
    if span.source == SourceId::NONE {
        return;
    }
    let text = sources.get(span.source).map(iamctl_policy::Source::text);
    let text = text.unwrap_or_else(|| panic!("{span:?} lies in no text: {message}"));
    let (start, end) = (span.start as usize, span.end as usize);
    assert!(text.get(start..end).is_some(), "{span:?} does not lie in its text: {message}");
}

/// What is sent to AWS and read from it again is the same document.
fn documents_survive_aws(manifest: &Manifest) {
    for (address, managed) in &manifest.desired.managed {
        let value = &managed.value;
        let inline = value.inline_policies().into_iter().flatten().map(|(_, document)| document);
        let own = match value {
            iamctl_model::Resource::Policy(policy) => Some(&policy.document),
            iamctl_model::Resource::Role(role) => Some(&role.trust),
            _ => None,
        };
        for document in own.into_iter().chain(inline) {
            let stored = Document::from_stored(&document.to_compact_string());
            assert!(stored.unreadable().is_none(), "{address}: {document:?}");
            assert_eq!(*document, stored, "{address}");
        }
    }
}
