//! `init`: a first manifest.

use clap::Args;
use iamctl_model::{AccountId, ManifestName};

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{refuse_to_overwrite, write_new};
use crate::render::page::Ink;
use crate::terminal::Terminal;

/// Writes a first manifest, with comments that explain it
///
/// An existing file is never overwritten.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The manifest's name: tells it apart from others in the same bucket
    #[arg(long, value_name = "NAME", default_value = "my-account", value_parser = manifest_name)]
    name: ManifestName,

    /// The account it is for; asked of AWS when it is not given
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account: Option<AccountId>,

    /// The bucket of the master copy
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
}

pub(crate) fn manifest_name(text: &str) -> Result<ManifestName, String> {
    ManifestName::parse(text).ok_or_else(|| "a name holds letters, digits and `-_.`, at most 64".to_owned())
}

fn account_id(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|error| error.to_string())
}

const TEMPLATE: &str = include_str!("init.yaml");

pub(crate) async fn init(args: &Init, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let path = global.file.display();
    refuse_to_overwrite(&global.file)?;
    let (account, region) = account_and_region(args, global).await;
    let bucket = args.bucket.clone().unwrap_or_else(|| match &account {
        Some(id) => format!("iamctl-master-copy-{id}"),
        None => "iamctl-master-copy-CHANGE-ME".to_lowercase(),
    });
    let account_line = match &account {
        Some(id) => format!("account: \"{id}\""),
        None => "# account: \"123456789012\"".to_owned(),
    };
    let text = TEMPLATE
        .replace("{name}", args.name.as_str())
        .replace("{account}", &account_line)
        .replace("{bucket}", &bucket)
        .replace("{region}", &region);
    write_new(&[(global.file.clone(), &text)])?;
    let mut page = terminal.page();
    page.words(0, 2, &[(Ink::Plain, format!("Wrote {path}."))]);
    if account.is_none() {
        let text = "AWS could not be asked for the account: write it into the file, so that the manifest is \
                    never applied to another one";
        page.words(2, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text)]);
    }
    page.words(2, 6, &[(Ink::Hint, "next: "), (Ink::Plain, "iamctl validate, then iamctl plan")]);
    terminal.print(&page);
    Ok(Exit::Done)
}

/// What AWS knows, when it can be asked; a first manifest must not fail for lack of credentials.
async fn account_and_region(args: &Init, global: &Global) -> (Option<AccountId>, String) {
    const USUAL_REGION: &str = "us-east-1";
    let options = iamctl_aws::Options {
        profile: global.profile.clone(),
        region: global.region.clone(),
        endpoint_url: global.endpoint_url.clone(),
        fallback_region: Some(USUAL_REGION.to_owned()),
    };
    let Ok(aws) = iamctl_aws::Aws::connect(&options).await else {
        let region = global.region.clone().unwrap_or_else(|| USUAL_REGION.to_owned());
        return (args.account.clone(), region);
    };
    let account = match &args.account {
        Some(account) => Some(account.clone()),
        None => aws.caller().await.ok().map(|caller| caller.account.id),
    };
    (account, aws.region().to_owned())
}
