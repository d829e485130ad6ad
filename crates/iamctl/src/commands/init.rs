//! `init`: a first manifest.

use clap::Args;
use iamctl_aws::Aws;
use iamctl_model::{Account, AccountId, ManifestName, MasterCopy, Partition};

use crate::cli::Global;
use crate::commands::taken::refuse_taken;
use crate::context::{USUAL_REGION, without_manifest};
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
    #[arg(long, alias = "manifest-name", value_name = "NAME", default_value = "my-account", value_parser = manifest_name)]
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
    let Known { aws, account, region, why_not } = what_aws_knows(args, global).await?;
    let bucket = args.bucket.clone().unwrap_or_else(|| match &account {
        Some(id) => format!("iamctl-master-copy-{id}"),
        None => "iamctl-master-copy-CHANGE-ME".to_lowercase(),
    });
    if let (Some(aws), Some(account)) = (&aws, &account) {
        let master_copy = MasterCopy {
            bucket: bucket.clone(),
            region: region.clone(),
            prefix: "iam/".to_owned(),
            owner: None,
            kms_key: None,
        };
        let account = Account { id: account.clone(), partition: aws.1.clone() };
        refuse_taken(&aws.0, &account, &args.name, &master_copy, "--name").await?;
    }
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
    if let Some(why_not) = why_not {
        let text = format!(
            "AWS could not be asked for the account ({why_not}): write it and the bucket into the file, or \
             give `--account` and `--bucket`"
        );
        page.words(2, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text.as_str())]);
    }
    page.words(2, 6, &[(Ink::Hint, "next: "), (Ink::Plain, "iamctl validate, then iamctl plan")]);
    terminal.print(&page);
    Ok(Exit::Done)
}

/// What AWS knows, when it can be asked.
struct Known {
    /// The connection, and the partition of the account.
    aws: Option<(Aws, Partition)>,
    account: Option<AccountId>,
    region: String,
    /// Why the account is not known.
    why_not: Option<String>,
}

/// A first manifest must not fail for lack of credentials, unless they were chosen by name.
async fn what_aws_knows(args: &Init, global: &Global) -> Result<Known, Failure> {
    let options = without_manifest(global);
    let usual = || global.region.clone().unwrap_or_else(|| USUAL_REGION.to_owned());
    let (region, asked) = match Aws::connect(&options).await {
        Ok(aws) => {
            let region = aws.region().to_owned();
            (region, aws.caller().await.map(|caller| (aws, caller)).map_err(Failure::from))
        }
        Err(error) => (usual(), Err(Failure::from(error))),
    };
    match asked {
        Ok((aws, caller)) => {
            let Account { id, partition } = caller.account;
            let is_it = args.account.as_ref().is_none_or(|account| *account == id);
            let account = Some(args.account.clone().unwrap_or(id));
            Ok(Known { aws: is_it.then_some((aws, partition)), account, region, why_not: None })
        }
        Err(failure) if global.profile.is_some() && args.account.is_none() => Err(failure),
        Err(failure) => {
            let why_not = args.account.is_none().then_some(failure.message);
            Ok(Known { aws: None, account: args.account.clone(), region, why_not })
        }
    }
}
