//! SAML providers: who is let in where an identity provider vouches for them.

use std::time::Duration;

use fault_proxy::{Call, Fault};
use serde_json::json;

use crate::support::World;

const ROLE: &str = r#"
  staff:
    trust:
      - saml: Okta
        conditions: {StringEquals: {"SAML:aud": "https://signin.aws.amazon.com/saml"}}
    policies: [deny-user-creation]
"#;

const PROVIDER: &str = "
saml_providers:
  Okta:
    metadata_file: saml/okta.xml
";

/// The metadata of an identity provider with these certificates.
pub(crate) fn saml_metadata(certificates: &[String]) -> String {
    let keys: String = certificates
        .iter()
        .map(|certificate| {
            format!(
                "    <md:KeyDescriptor use=\"signing\">\n      <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
                 <ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\n    \
                 </md:KeyDescriptor>\n"
            )
        })
        .collect();
    let formats: String = (0..8)
        .map(|at| format!("    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:example{at}</md:NameIDFormat>\n"))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         entityID=\"https://idp.example.com/saml\">\n  <md:IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n{keys}{formats}    <md:SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.example.com/sso\"/>\n  \
         </md:IDPSSODescriptor>\n</md:EntityDescriptor>\n"
    )
}

fn metadata(certificates: &[&str]) -> String {
    saml_metadata(&Vec::from_iter(certificates.iter().map(|text| (*text).to_owned())))
}

/// The founding case with a provider and a role that trusts it beside it, not yet applied.
fn with_provider() -> World {
    let world = World::founded();
    let manifest = world.read("desired-state.yaml");
    let (before, after) = manifest.split_once("\nroles:\n").unwrap();
    std::fs::create_dir_all(world.path("saml")).unwrap();
    world.write("saml/okta.xml", &metadata(&["AAAA"]));
    world.write("desired-state.yaml", &format!("{before}\nroles:{ROLE}{after}{PROVIDER}"));
    world
}

fn arn(world: &World) -> String {
    format!("arn:aws:iam::{}:saml-provider/Okta", world.account)
}

#[test]
fn a_saml_provider_is_made_changed_and_deleted_by_the_calls_that_it_needs() {
    let world = with_provider();
    world.iamctl(&["validate"]).expect(0).says(&["2 roles, 1 SAML provider"]);
    let plan = world.iamctl(&["plan"]).expect(0);
    plan.says(&["+ saml_provider/Okta", "entity id https://idp.example.com/saml", "certificate sha256"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    // It is there before anybody trusts it.
    let made = ["iam CreateSAMLProvider Okta", "iam CreateRole staff", "iam AttachRolePolicy staff"];
    assert_eq!(world.iam_writes(), made);
    assert_eq!(world.aws().saml_provider("Okta"), json!(metadata(&["AAAA"])));
    world.expect_no_change();

    // Another certificate may let in others: that is told, and can be refused.
    world.write("saml/okta.xml", &metadata(&["AAAA", "BBBB"]));
    let plan = world.iamctl(&["plan"]).expect(0);
    let plan = plan.says(&[
        "~ saml_provider/Okta",
        "+ certificate sha256",
        "sign-in-changed",
        "others may get in than before",
    ]);
    assert!(!plan.out.contains("KeyDescriptor"), "{}", plan.out);
    world.iamctl(&["apply", "--yes", "--deny", "sign-in-changed"]).expect(4);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [format!("iam UpdateSAMLProvider {}", arn(&world))]);
    assert_eq!(world.aws().saml_provider("Okta"), json!(metadata(&["AAAA", "BBBB"])));
    world.expect_no_change();

    // Gone, after the role that trusts it.
    let text = world.read("desired-state.yaml");
    let (rest, _) = text.split_once("\nsaml_providers:\n").unwrap();
    world.write("desired-state.yaml", rest);
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["would be deleted and is still used by role/staff"]);
    world.write("desired-state.yaml", &rest.replace(ROLE.trim_start_matches('\n'), ""));
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(
        world.iam_writes(),
        [
            "iam DetachRolePolicy staff".to_owned(),
            "iam DeleteRole staff".to_owned(),
            format!("iam DeleteSAMLProvider {}", arn(&world))
        ]
    );
    assert_eq!(world.aws().saml_provider("Okta"), json!(null));
    world.expect_no_change();
}

/// Windows writes other line ends, and a mark at the beginning that AWS does not take.
#[test]
fn other_line_ends_are_no_other_metadata_and_the_master_copy_has_the_file_as_it_is() {
    let world = with_provider();
    let text = format!("\u{feff}{}", metadata(&["AAAA"]).replace('\n', "\r\n"));
    world.write("saml/okta.xml", &text);
    world.iamctl(&["apply", "--yes"]).expect(0);
    let sent = world.proxy.calls();
    let sent = sent.iter().find(|call| call.operation == "CreateSAMLProvider").unwrap();
    assert!(sent.param("SAMLMetadataDocument").starts_with("<?xml"));
    let current = format!("{}current/saml/okta.xml", world.root());
    assert_eq!(world.aws().object(&world.bucket(), &current), text.as_bytes());
    world.expect_no_change();
}

#[test]
fn saml_providers_cost_requests_only_where_some_are_managed() {
    let world = World::founded();
    let reads = |world: &World| {
        let mut calls = world.calls(|call: &Call| call.operation.contains("SAML"));
        calls.sort();
        calls
    };
    world.iamctl(&["plan"]).expect(0);
    assert_eq!(reads(&world), [] as [&str; 0]);

    let world = with_provider();
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.aws().make_saml_provider("Theirs", &metadata(&["CCCC"]));
    world.proxy.clear();
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!(plan["unmanaged"]["saml_providers"], json!(1));
    assert_eq!(
        reads(&world),
        [format!("iam GetSAMLProvider {}", arn(&world)), "iam ListSAMLProviders".to_owned()]
    );
    world.iamctl(&["unmanaged", "saml-providers"]).expect(0).says(&["saml_provider/Theirs"]);
    world.iamctl(&["show", "saml_provider/Okta"]).expect(0).says(&["https://idp.example.com/saml"]);
}

#[test]
fn a_certificate_that_somebody_took_away_does_not_come_back_unasked() {
    let world = with_provider();
    world.write("saml/okta.xml", &metadata(&["AAAA", "BBBB"]));
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.aws().change_saml_provider(&arn(&world), &metadata(&["BBBB"]));
    world.iamctl(&["drift"]).expect(2).says(&["metadata"]);
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["the removal of the certificate"]);
    // The manifest follows, in the file that it names.
    world.iamctl(&["import", "--update"]).expect(0).says(&["~ saml_provider/Okta metadata"]);
    assert_eq!(world.read("saml/okta.xml"), metadata(&["BBBB"]));
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
}

#[test]
fn a_saml_provider_whose_making_was_not_told_is_found() {
    let world = with_provider();
    world.proxy.inject(Fault::lose_reply().operation("CreateSAMLProvider").times(1));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.calls(|made: &Call| made.operation == "CreateSAMLProvider").len(), 1);
    world.expect_no_change();
}

#[test]
fn a_saml_provider_that_a_killed_run_made_and_nobody_wants_any_more_is_deleted() {
    let world = with_provider();
    // The role tells of the run; of providers nothing is read any more where none is managed.
    let held = world.proxy.inject(Fault::hold().operation("AttachRolePolicy").times(1));
    let run = world.start(&["apply", "--yes"]);
    assert!(held.wait_for_hits(1, Duration::from_secs(60)));
    run.kill();
    held.remove();
    let holder = world.lock_holder().unwrap();
    world.iamctl(&["unlock", &holder]).expect(0);

    world.edit(PROVIDER, "");
    world.edit(ROLE, "\n");
    world.iamctl(&["plan"]).expect(0).says(&["- role/staff", "- saml_provider/Okta"]);
    world.iamctl(&["apply", "--yes"]).expect(0);

    assert_eq!(world.calls(|made: &Call| made.operation == "DeleteSAMLProvider").len(), 1);
    world.expect_no_change();
}

#[test]
fn saml_providers_are_imported_with_their_metadata_in_files() {
    let world = with_provider();
    world.iamctl(&["apply", "--yes"]).expect(0);
    std::fs::create_dir_all(world.path("split")).unwrap();
    for (file, more) in [("whole.yaml", vec![]), ("split/desired-state.yaml", vec!["--split"])] {
        let arguments = ["import", "-f", file, "--manifest-name", "legacy", "--bucket", "legacy-master-copy"];
        world.iamctl(&[&arguments[..], &more].concat()).expect(0).says(&["2 roles, 1 SAML provider"]);
        let text = world.read(file);
        assert!(text.contains("saml: [Okta]"), "{text}");
        assert!(text.contains("  Okta:\n    adopt: true\n    metadata_file: saml/Okta.xml\n"), "{text}");
        let plan = world.iamctl(&["plan", "--format", "json", "-f", file]).expect(0).json();
        assert_eq!((&plan["steps"], &plan["refusals"]), (&json!([]), &json!([])));
    }
    assert_eq!(world.read("split/saml/Okta.xml"), metadata(&["AAAA"]));
    // The same file will do again, and another one is not written over.
    let arguments = ["import", "--kind", "saml-providers", "-f", "alone.yaml"];
    world.iamctl(&arguments).expect(0).says(&["1 SAML provider"]);
    world.iamctl(&["validate", "-f", "alone.yaml"]).expect(0);
    world.write("saml/Okta.xml", "something else");
    let arguments = ["import", "--kind", "saml-providers", "-f", "again.yaml"];
    world.iamctl(&arguments).expect(1).says(&["is there already, and is not overwritten"]);
}

#[test]
fn a_saml_provider_is_taken_over_with_a_word() {
    let world = with_provider();
    world.aws().make_saml_provider("Okta", &metadata(&["AAAA"]));
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["is there already and is not managed"]);
    world.edit("  Okta:\n", "  Okta:\n    adopt: true\n");
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
}
