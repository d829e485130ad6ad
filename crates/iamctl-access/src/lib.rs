//! Who may do what in an account: from a manifest, from what was read of an account, or from both.
//!
//! [`Access`] holds users, roles and their policies, each document made ready once. It answers single
//! [questions](Question), asks a question of [everybody](Access::who_can), and holds a manifest's tests
//! against the answers ([`Access::check`]). What a question does not state may be anything: the answer is
//! yes or no only when it is so for every request that is meant. What is not known, such as the text of an
//! attached policy, is never guessed: the answer then depends on it, and says so.
//!
//! Policies of the organisation count where a manifest names them, or [`Access::within`] is given them. Policies of
//! resources other than roles are not known here. The rules by which requests are decided are those of
//! [`iamctl_policy::eval`]; `docs/evaluation.md` tells them. The crate is pure: no clock, no environment, no
//! file system, no network.
//!
//! ```
//! use iamctl_access::{Access, Question, Verdict};
//! use iamctl_model::{Account, AccountId, Mfa, Partition, TestContext};
//! use iamctl_policy::eval::Action;
//! use iamctl_spec::{FilesInMemory, Options, parse};
//!
//! let files = FilesInMemory::new().with("desired-state.yaml", r#"
//! version: 1
//! name: acme-prod
//! master_copy: {bucket: acme-iam-master-copy, region: eu-west-1}
//! users: {alice: {}}
//! roles: {engineer: {trust: [{users: alice, mfa: required}]}}
//! "#);
//! let manifest = parse(&files, "desired-state.yaml", &Options::default()).expect("it is valid");
//! let account = Account { id: AccountId::stand_in(), partition: Partition::aws() };
//! let access = Access::of_manifest(&manifest.desired, &account);
//!
//! let (alice, engineer) = (access.who("user/alice")?, access.on("role/engineer")?);
//! let action = Action::parse("sts:AssumeRole").expect("it is one");
//! let mut with = TestContext::default();
//! let answer = |with: &TestContext| {
//!     access.ask(&Question { who: &alice, action: &action, on: &engineer, with }).verdict
//! };
//! assert_eq!(answer(&with), Verdict::Depends);
//! with.mfa = Some(Mfa::Present { age: None });
//! assert_eq!(answer(&with), Verdict::Allowed);
//! with.mfa = Some(Mfa::Absent);
//! assert_eq!(answer(&with), Verdict::Denied);
//! # Ok::<(), iamctl_access::Unknown>(())
//! ```

mod answer;
mod ask;
mod change;
pub mod escalation;
mod library;
mod never;
mod question;
mod stack;
mod state;
mod target;
mod tests_of_manifest;

use std::collections::BTreeSet;

use iamctl_model::{AccessTest, Account, Address, Desired, Identity, Live, Organization, TestContext};
use iamctl_policy::eval::Action;

pub use answer::{Answer, Assumption, Dependence, If, Misfit, Part, Source, Told, Unread, Verdict};
pub use change::{
    AccessChange, Caller, ChangeVerdict, Effect, Known, Portion, PrincipalChange, Risk, TrustChange,
    with_tables,
};
pub use question::{On, Question, Unknown, Who};
pub use tests_of_manifest::{Checked, Failed};

use library::Library;
use stack::{Asker, Collector};
use state::State;

/// The users and roles of an account with all policies, ready to be asked about.
#[derive(Debug)]
pub struct Access {
    state: State,
    library: Library,
}

impl Access {
    /// What a manifest defines, and nothing else. What it leaves to others is not known.
    #[must_use]
    pub fn of_manifest(desired: &Desired, account: &Account) -> Self {
        Self::new(State::of_manifest(desired, account))
    }

    /// What was read of an account.
    #[must_use]
    pub fn of_live(live: &Live) -> Self {
        Self::new(State::of_live(live))
    }

    /// What will be there when a manifest is applied: what it defines, what it leaves to others as they left
    /// it, and everything else as it was read, without what is `gone` by then.
    #[must_use]
    pub fn planned(desired: &Desired, live: &Live, gone: &BTreeSet<Address>) -> Self {
        Self::new(State::planned(desired, live, gone))
    }

    /// The same within an organisation, in the place of what the manifest says of one.
    #[must_use]
    pub fn within(self, organization: Organization) -> Self {
        let mut state = self.state;
        state.organization = Some(organization);
        Self::new(state)
    }

    /// What the organisation limits, where that is known.
    #[must_use]
    pub fn organization(&self) -> Option<&Organization> {
        self.state.organization.as_ref()
    }

    fn new(state: State) -> Self {
        Self { state, library: Library::default() }
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.state.account
    }

    /// Whether it is the whole account, as far as it was read: what is not here is not there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.state.is_whole
    }

    /// All users and roles.
    pub fn principals(&self) -> impl Iterator<Item = Identity> {
        let users = self.state.users.keys().cloned().map(Identity::User);
        users.chain(self.state.roles.keys().cloned().map(Identity::Role))
    }

    /// Reads who asks: `user/NAME`, `role/NAME`, an ARN, an account id, the name of a service.
    ///
    /// # Errors
    ///
    /// When nobody has this name, or nobody could have it.
    pub fn who(&self, text: &str) -> Result<Who, Unknown> {
        question::who(&self.state, text)
    }

    /// Reads on what: an address such as `role/NAME`, an ARN, a pattern of ARNs, or `*` for whatever there
    /// is.
    ///
    /// # Errors
    ///
    /// When nothing has this name, or nothing could have it.
    pub fn on(&self, text: &str) -> Result<On, Unknown> {
        question::on(&self.state, text)
    }

    /// The forms of the ARNs of what an action can be done to, by the table of AWS's actions, where `on` has none of
    /// them, so that the question is hardly the one that was meant; otherwise nothing.
    #[must_use]
    pub fn other_forms(&self, action: &Action, on: &On) -> Vec<&'static str> {
        target::other_forms(&self.state, action.as_str(), on)
    }

    /// Answers a question.
    #[must_use]
    pub fn ask(&self, question: &Question<'_>) -> Answer {
        match self.asker(question.who) {
            Some(asker) => self.exact_answer(&asker, question),
            None => self.nobody(question.who),
        }
    }

    /// Asks the same of every user and role. Each condition is looked at for itself: who depends on some here may
    /// turn out to be denied whatever they are when [asked](Self::ask) alone.
    #[must_use]
    pub fn who_can(&self, action: &Action, on: &On, with: &TestContext) -> Vec<(Identity, Answer)> {
        let answer = |identity: Identity| {
            let who = Who::Identity(identity.clone());
            let question = Question { who: &who, action, on, with };
            let answer = self.asker(&who).map(|asker| self.answer(&asker, &question));
            (identity, answer.unwrap_or_else(|| self.nobody(&who)))
        };
        self.principals().map(answer).collect()
    }

    /// Holds a test against the answers.
    #[must_use]
    pub fn check(&self, test: &AccessTest) -> Checked {
        tests_of_manifest::check(self, test)
    }

    /// Whether an answer so far rests on the table of AWS's own policies.
    #[must_use]
    pub fn used_policies_of_aws(&self) -> bool {
        self.library.used_aws()
    }

    /// The answer about somebody who is not there, or nobody in particular.
    pub(crate) fn nobody(&self, who: &Who) -> Answer {
        ask::nobody(match who {
            Who::Identity(identity) => Unread::Principal(identity.to_string()),
            Who::Other(principal) => match question::foreign_account(&self.state, principal) {
                Some(account) => Unread::OfAccount(account.to_owned()),
                None => Unread::Principal(principal.as_str().to_owned()),
            },
        })
    }

    pub(crate) fn asker(&self, who: &Who) -> Option<Asker> {
        Collector { state: &self.state, library: &self.library }.asker(who)
    }

    /// The answer, as exact as it can be had: what seems to depend on something may never be so.
    pub(crate) fn exact_answer(&self, asker: &Asker, question: &Question<'_>) -> Answer {
        let answer = self.answer(asker, question);
        if never::is_never(self, asker, question, &answer) { ask::denied_by_all(answer) } else { answer }
    }

    pub(crate) fn answer(&self, asker: &Asker, question: &Question<'_>) -> Answer {
        ask::ask(&Collector { state: &self.state, library: &self.library }, asker, question)
    }
}
