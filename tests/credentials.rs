//! Who runs it: credentials and Regions that are missing, wrong, or no longer good.

use std::process::Command;

use fault_proxy::{Fault, Service};

use crate::support::{Finished, World};

#[test]
fn expired_credentials_are_said_to_be_expired_and_what_to_renew() {
    let world = World::new();
    world.proxy.inject(Fault::expired_token());
    for verb in [&["plan"][..], &["apply", "--yes"]] {
        world.iamctl(verb).expect(1).says(&[
            "error: the credentials have expired",
            "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
        ]);
    }
    assert_eq!(world.calls(|call| call.service != Service::Sts), [""; 0], "nobody else is asked");
}

#[test]
fn credentials_that_aws_does_not_know_are_said_so() {
    let world = World::new();
    let fault =
        Fault::error(403, "InvalidClientTokenId", "The security token included in the request is invalid");
    world.proxy.inject(fault);
    world.iamctl(&["plan"]).expect(1).says(&[
        "AWS does not accept the credentials: InvalidClientTokenId",
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN: all three belong together",
    ]);
}

#[test]
fn without_credentials_the_ways_to_sign_in_are_named() {
    let world = World::new();
    unsigned(&world, &["plan"], |_| {})
        .expect(1)
        .says(&["error: no AWS credentials were found", "aws sso login --profile NAME"]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn a_profile_that_is_not_there_or_not_signed_in_is_named() {
    let world = World::new();
    world.write(
        "home/config",
        "[profile prod]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = iam\n\
         region = eu-west-1\n\
         [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n",
    );
    let with_config = |command: &mut Command| {
        command.env("AWS_CONFIG_FILE", world.path("home/config"));
    };
    unsigned(&world, &["plan", "--profile", "pord"], with_config)
        .expect(1)
        .says(&["there is no profile `pord`", "did you mean `prod`?"]);
    unsigned(&world, &["plan", "--profile", "prod"], with_config)
        .expect(1)
        .says(&["the sign-in of profile `prod` is missing or has expired", "run `aws sso login"]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn a_profile_that_wants_mfa_is_refused_with_a_way_around_it() {
    let world = World::new();
    world.write(
        "home/config",
        "[profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = me\n\
         mfa_serial = arn:aws:iam::123456789012:mfa/me\nregion = eu-west-1\n\
         [profile me]\naws_access_key_id = a\naws_secret_access_key = b\n",
    );
    let with_config = |command: &mut Command| {
        command.env("AWS_CONFIG_FILE", world.path("home/config"));
    };
    unsigned(&world, &["plan", "--profile", "admin"], with_config).expect(1).says(&[
        "profile `admin` wants MFA",
        "aws configure export-credentials --profile admin --format env",
    ]);
    assert_eq!(world.calls(|_| true), [""; 0], "it does not go on without");
}

#[test]
fn where_no_region_is_set_the_master_copys_is_taken_and_an_option_wins_over_all() {
    let world = World::new();
    let signed_for = |finished: Finished| {
        finished.expect(0);
        let calls = world.proxy.calls();
        let call = calls.iter().find(|call| call.service == Service::Sts).unwrap();
        let scope = call.header("authorization").split('/').nth(2).unwrap().to_owned();
        world.proxy.clear();
        scope
    };
    let without = |command: &mut Command| {
        command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION");
    };
    assert_eq!(signed_for(world.iamctl(&["plan"])), "us-east-1", "that of the environment");
    assert_eq!(signed_for(changed(&world, &["plan"], without)), "eu-west-1");
    assert_eq!(signed_for(world.iamctl(&["plan", "--region", "us-west-2"])), "us-west-2");
}

#[test]
fn credentials_that_expire_in_the_middle_stop_the_run_and_the_next_one_goes_on() {
    let world = World::new();
    let expired = world.proxy.inject(Fault::expired_token().operation("CreateRole"));
    world.iamctl(&["apply", "--yes"]).expect(1).says(&[
        "failed: CreateRole role/engineer",
        "the credentials have expired",
        "No more was started, because the credentials were no longer accepted",
        "sign in again, then apply again",
    ]);
    expired.remove();
    world.proxy.clear();

    world.iamctl(&["apply", "--yes"]).expect(0);
    let role = ["iam CreateRole engineer", "iam AttachRolePolicy engineer", "iam AttachRolePolicy engineer"];
    assert_eq!(world.iam_writes(), role);
    world.expect_no_change();
}

#[test]
fn credentials_that_expire_for_everything_leave_a_lock_and_a_word_about_it_and_nothing_is_lost() {
    let world = World::new();
    // From the creation of the role on, nobody accepts them any more.
    let struck = std::sync::atomic::AtomicBool::new(false);
    let from_then_on = move |call: &fault_proxy::Call| {
        use std::sync::atomic::Ordering::SeqCst;
        struck.fetch_or(call.operation == "CreateRole", SeqCst) || call.operation == "CreateRole"
    };
    let expired = world.proxy.inject(Fault::expired_token().when(from_then_on));
    let finished = world.iamctl(&["apply", "--yes"]).expect(1).says(&[
        "the credentials have expired",
        "the run record is incomplete",
        "the lock is still held",
        "to break it: iamctl unlock",
    ]);
    let run = finished.err.clone() + &finished.out;
    let run = run.rsplit("iamctl unlock").next().unwrap().split_whitespace().next().unwrap().to_owned();
    expired.remove();

    world.iamctl(&["unlock", &run]).expect(0);
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.aws().users(), ["alice", "bob", "carol"]);
    world.expect_no_change();
}

#[test]
fn no_secret_is_printed_or_stored_however_much_is_shown() {
    let world = World::new();
    let command = world.command(&[]);
    let secrets: Vec<String> = command
        .get_envs()
        .filter(|(name, _)| {
            ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].iter().any(|secret| name == secret)
        })
        .map(|(_, value)| value.unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(secrets.len(), 2);
    let expect_none = |text: &str, place: &str| {
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "a secret in {place}");
    };
    for arguments in
        [&["plan", "-vv"][..], &["apply", "--yes", "-vv"], &["runs", "show", "-vv"], &["unlock", "-vv"]]
    {
        let finished = world.iamctl(arguments).expect(0);
        assert!(finished.err.len() > 1_000, "-vv shows the requests");
        expect_none(&finished.out, "standard output");
        expect_none(&finished.err, "standard error");
    }
    let aws = world.aws();
    for key in aws.keys(&world.bucket()) {
        expect_none(&String::from_utf8_lossy(&aws.object(&world.bucket(), &key)), &key);
    }
}

/// iamctl with another environment.
fn changed(world: &World, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Finished {
    let mut command = world.command(arguments);
    change(&mut command);
    crate::support::run(command)
}

/// iamctl without the credentials that tests have.
fn unsigned(world: &World, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Finished {
    changed(world, arguments, |command| {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            command.env_remove(name);
        }
        change(command);
    })
}
