//! What users sign in with: read, and taken away call by call.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails in a helper fails the test")]

mod common;

use std::collections::BTreeSet;

use common::World;
use fault_proxy::Fault;
use iamctl_apply::{Attempt, IamAccount};
use iamctl_aws::{ReadError, Scope};
use iamctl_model::{
    AccessKey, Action, Credentials, KeyStatus, Live, MfaSerial, Observed, ServiceCredential, UserName,
};
use jiff::Timestamp;

/// A certificate without a key, good for nothing.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIUHT25iHvXI3M1f56EPo+PSHbV6y4wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjQxNDMxNTNaGA8yMTI2MTAzMTE0MzE1
M1owDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFb7
TAgHVYg+TbDqwF4Ic7FqhMQNnP6rDcUjSjebGdO8iicELllrNmZ6bPhEXBPXCMpK
F2r6sStEytRNlgDPQZ+jUzBRMB0GA1UdDgQWBBQT/WGh6X48vai7k8OBXFcGoss2
djAfBgNVHSMEGDAWgBQT/WGh6X48vai7k8OBXFcGoss2djAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQCH063hObCukXIsqGhtsSMQuGZuK6m0fNCu
nuGXNQ7TZAIhAJaAF5Zahmquef8LdP8YJYTcR2CLTGlUpbH5rNfLy8S1
-----END CERTIFICATE-----";

fn name(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

async fn read(world: &World, users: &[&str]) -> Result<Live, ReadError> {
    let mut live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
    let users: BTreeSet<UserName> = users.iter().map(|user| name(user)).collect();
    world.aws.read_credentials(&mut live, &users).await?;
    Ok(live)
}

fn credentials<'l>(live: &'l Live, user: &str) -> &'l Credentials {
    live.users[&name(user)].credentials.as_ref().unwrap()
}

/// Gives a user something of everything that the local AWS knows.
async fn give_all(world: &World, user: &str) {
    let iam = world.iam();
    iam.create_user().user_name(user).send().await.unwrap();
    iam.create_login_profile().user_name(user).password("Correct-Horse-1").send().await.unwrap();
    for _ in 0..2 {
        iam.create_access_key().user_name(user).send().await.unwrap();
    }
    let device = iam.create_virtual_mfa_device().virtual_mfa_device_name(user).send().await.unwrap();
    let serial = device.virtual_mfa_device.unwrap().serial_number;
    let enable = iam.enable_mfa_device().user_name(user).serial_number(serial);
    enable.authentication_code1("123456").authentication_code2("654321").send().await.unwrap();
    iam.upload_signing_certificate().user_name(user).certificate_body(CERTIFICATE).send().await.unwrap();
    let key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQC7 test";
    iam.upload_ssh_public_key().user_name(user).ssh_public_key_body(key).send().await.unwrap();
}

/// The answer of a call that the local AWS does not know.
fn service_credentials(ids: &[&str], marker: Option<&str>) -> String {
    let members: String = ids
        .iter()
        .map(|id| {
            format!(
                "<member><UserName>u</UserName><Status>Active</Status><ServiceUserName>u-at-1</ServiceUserName>\
                 <CreateDate>2026-01-01T00:00:00Z</CreateDate><ServiceSpecificCredentialId>{id}</ServiceSpecificCredentialId>\
                 <ServiceName>codecommit.amazonaws.com</ServiceName></member>"
            )
        })
        .collect();
    let more = marker.map(|marker| format!("<Marker>{marker}</Marker>")).unwrap_or_default();
    format!(
        "<ListServiceSpecificCredentialsResponse><ListServiceSpecificCredentialsResult>\
         <ServiceSpecificCredentials>{members}</ServiceSpecificCredentials><IsTruncated>{}</IsTruncated>{more}\
         </ListServiceSpecificCredentialsResult></ListServiceSpecificCredentialsResponse>",
        marker.is_some()
    )
}

#[tokio::test]
async fn what_a_user_signs_in_with_is_read_and_taken_away() {
    let world = World::new().await;
    give_all(&world, "u").await;
    world.iam().create_user().user_name("other").send().await.unwrap();
    let live = read(&world, &["u", "gone"]).await.unwrap();
    assert_eq!(live.users[&name("other")].credentials, Observed::NotRead);
    let has = credentials(&live, "u");
    let virtual_device = format!("arn:aws:iam::{}:mfa/u", world.account.id);
    assert_eq!((has.password, has.mfa_devices.as_slice()), (true, &[MfaSerial(virtual_device)][..]));
    assert!(has.mfa_devices[0].is_virtual());
    let [first, second] = has.access_keys.as_slice() else { panic!("{has:?}") };
    assert_eq!((first.status, second.status), (KeyStatus::Active, KeyStatus::Active));
    assert_eq!((has.signing_certificates.len(), has.ssh_public_keys.len()), (1, 1));
    assert_eq!(has.service_credentials, Observed::NotRead, "the local AWS does not know the call");

    let iam = world.aws.iam(&world.account);
    let perform = async |action: &Action| {
        let receipt = iam.perform(action, Attempt::first(Timestamp::now())).await;
        receipt.unwrap_or_else(|error| panic!("{}: {error}", action.describe()))
    };
    let user_name = || name("u");
    let inactive = Action::UpdateAccessKey {
        user_name: user_name(),
        access_key_id: first.id.clone(),
        status: KeyStatus::Inactive,
    };
    perform(&inactive).await;
    let live = read(&world, &["u"]).await.unwrap();
    let expected = [
        AccessKey { id: first.id.clone(), status: KeyStatus::Inactive },
        AccessKey { id: second.id.clone(), status: KeyStatus::Active },
    ];
    assert_eq!(credentials(&live, "u").access_keys, expected);

    let serial_number = has.mfa_devices[0].clone();
    let actions = [
        Action::DeleteLoginProfile { user_name: user_name() },
        Action::DeleteAccessKey { user_name: user_name(), access_key_id: first.id.clone() },
        Action::DeleteAccessKey { user_name: user_name(), access_key_id: second.id.clone() },
        Action::DeactivateMFADevice { user_name: user_name(), serial_number: serial_number.clone() },
        Action::DeleteVirtualMFADevice { user_name: user_name(), serial_number },
        Action::DeleteSigningCertificate {
            user_name: user_name(),
            certificate_id: has.signing_certificates[0].clone(),
        },
        Action::DeleteSSHPublicKey {
            user_name: user_name(),
            ssh_public_key_id: has.ssh_public_keys[0].clone(),
        },
    ];
    for action in &actions {
        assert_eq!(perform(action).await.remark, None, "{}", action.describe());
    }
    let live = read(&world, &["u"]).await.unwrap();
    assert_eq!(credentials(&live, "u").describe(), Vec::<String>::new());
    assert!(world.iam().list_virtual_mfa_devices().send().await.unwrap().virtual_mfa_devices.is_empty());

    // What is gone is gone a second time.
    for action in actions.iter().chain([&inactive]) {
        assert_eq!(
            perform(action).await.remark.as_deref(),
            Some("was already gone"),
            "{}",
            action.describe()
        );
    }
}

#[tokio::test]
async fn it_costs_seven_calls_a_user_and_nothing_for_nobody() {
    let world = World::new().await;
    for user in ["u1", "u2"] {
        world.iam().create_user().user_name(user).send().await.unwrap();
    }
    read(&world, &["gone"]).await.unwrap();
    assert_eq!(world.calls().len(), 2);
    world.proxy.clear();
    read(&world, &["u1", "u2"]).await.unwrap();
    assert_eq!(world.calls().len(), 2 + 2 * 7);
    for call in [
        "GetLoginProfile",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSigningCertificates",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "GetUser",
    ] {
        assert_eq!(world.count(call), 2, "{call}");
    }
}

#[tokio::test]
async fn when_a_user_was_last_used_is_the_latest_of_password_and_keys() {
    let world = World::new().await;
    for user in ["u", "idle"] {
        world.iam().create_user().user_name(user).send().await.unwrap();
    }
    let keys = [0, 1].map(|_| world.iam().create_access_key().user_name("u").send());
    for key in keys {
        key.await.unwrap();
    }
    let used = |date: &str| {
        let call = "GetAccessKeyLastUsed";
        format!(
            "<{call}Response><{call}Result><UserName>u</UserName><AccessKeyLastUsed><LastUsedDate>{date}</LastUsedDate><Region>eu-west-1</Region><ServiceName>s3</ServiceName></AccessKeyLastUsed></{call}Result></{call}Response>"
        )
    };
    for date in ["2026-03-04T05:06:07Z", "2025-01-01T00:00:00Z"] {
        let reply = Fault::reply(200, "text/xml", used(date));
        world.proxy.inject(reply.operation("GetAccessKeyLastUsed").times(1));
    }
    let live = read(&world, &["u", "idle"]).await.unwrap();
    let latest = "2026-03-04T05:06:07Z".parse().unwrap();
    assert_eq!(live.last_used.get(&"user/u".parse().unwrap()), Some(&Some(latest)));
    assert_eq!(live.last_used.get(&"user/idle".parse().unwrap()), Some(&None));

    // Who may not ask is told nothing of it, and can delete users all the same.
    world.proxy.inject(Fault::access_denied().operation("GetAccessKeyLastUsed"));
    let live = read(&world, &["u"]).await.unwrap();
    assert!(live.last_used.is_empty());
}

#[tokio::test]
async fn credentials_of_single_services_are_read_page_by_page_and_deleted() {
    let world = World::new().await;
    world.iam().create_user().user_name("u").send().await.unwrap();
    for (marker, ids, next) in [("", vec!["ACCA1"], Some("m")), ("m", vec!["ACCA2"], None)] {
        let reply = Fault::reply(200, "text/xml", service_credentials(&ids, next));
        let reply = reply.operation("ListServiceSpecificCredentials");
        world.proxy.inject(reply.when(move |call| call.param("Marker") == marker));
    }
    let live = read(&world, &["u"]).await.unwrap();
    let service = "codecommit.amazonaws.com".to_owned();
    let credential = |id: &str| ServiceCredential { id: id.to_owned(), service: service.clone() };
    assert_eq!(
        credentials(&live, "u").service_credentials,
        Observed::Read(vec![credential("ACCA1"), credential("ACCA2")])
    );

    world.proxy.clear();
    let call = "DeleteServiceSpecificCredential";
    let answer = format!("<{call}Response><ResponseMetadata/></{call}Response>");
    world.proxy.inject(Fault::reply(200, "text/xml", answer).operation(call));
    let delete = Action::DeleteServiceSpecificCredential {
        user_name: name("u"),
        service_specific_credential_id: "ACCA1".to_owned(),
    };
    world.aws.iam(&world.account).perform(&delete, Attempt::first(Timestamp::now())).await.unwrap();
    let calls = world.proxy.calls();
    assert_eq!((calls.len(), calls[0].param("ServiceSpecificCredentialId")), (1, "ACCA1"));
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_never_nothing() {
    let world = World::new().await;
    world.iam().create_user().user_name("u").send().await.unwrap();
    let reply = Fault::reply(200, "text/xml", service_credentials(&[], None));
    world.proxy.inject(reply.operation("ListServiceSpecificCredentials"));
    for (call, permission) in [
        ("GetLoginProfile", "iam:GetLoginProfile"),
        ("ListAccessKeys", "iam:ListAccessKeys"),
        ("ListMFADevices", "iam:ListMFADevices"),
        ("ListSigningCertificates", "iam:ListSigningCertificates"),
        ("ListSSHPublicKeys", "iam:ListSSHPublicKeys"),
    ] {
        let denied = world.proxy.inject(Fault::access_denied().operation(call));
        let error = read(&world, &["u"]).await.unwrap_err();
        assert!(
            matches!(&error, ReadError::Denied { permission: found, .. } if *found == permission),
            "{error}"
        );
        denied.remove();
    }
    let gone = Fault::error(404, "NoSuchEntity", "The user with name u cannot be found.");
    let gone = world.proxy.inject(gone.operation("ListMFADevices"));
    let error = read(&world, &["u"]).await.unwrap_err();
    assert!(matches!(&error, ReadError::Inconsistent { .. }), "{error}");
    gone.remove();

    world.proxy.remove_faults();
    for fault in [Fault::access_denied(), Fault::service_failure(), Fault::unavailable()] {
        let fault = world.proxy.inject(fault.operation("ListServiceSpecificCredentials"));
        let error = read(&world, &["u"]).await.unwrap_err();
        assert!(error.to_string().contains("iam:ListServiceSpecificCredentials"), "{error}");
        fault.remove();
    }
}
