//! Whether what is about to be deleted is still what the plan is about.
//!
//! Calls go by name, and between the plan and the call somebody may have deleted a thing and made another one of the
//! same name. So it is asked for by its name, before the first call that takes something from it, and its unique id is
//! compared.
//!
//! | at the name is | so |
//! | --- | --- |
//! | the one that the plan is about | the call is made, and so are those that follow within ten seconds |
//! | another one | the call is refused: nothing is taken from it |
//! | nothing, asked three times in three seconds | there is nothing left to do, and no call is made |
//! | unknown, because it cannot be asked for | the call is not made, and fails as the question did |
//!
//! What has no unique id is not looked at: OIDC and SAML providers, whose ARN is all that they have, the alias of the
//! account and its password policy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use iamctl_model::{Action, Address, Guard, Kind, Path, Plan, Step, StepId, UniqueId};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::after::Basis;
use crate::port::{ActionError, ErrorClass, IamAccount, Receipt};

/// For so long a look holds: the calls on one thing follow each other quickly, unless they are throttled.
const HOLDS: Duration = Duration::from_secs(10);

/// Waits before each look: IAM answers reads from copies that lag by a second or two, and the plan has seen the thing.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

/// The things that a plan deletes, those among them that are made again included.
#[derive(Debug)]
pub(crate) struct Doomed {
    things: BTreeMap<Address, Thing>,
    /// The calls that take something from them, and what that is.
    calls: BTreeMap<StepId, Address>,
}

#[derive(Debug)]
struct Thing {
    /// The one that the plan is about.
    id: Option<UniqueId>,
    path: Option<Path>,
    looked: Mutex<Option<(Instant, Found)>>,
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Same,
    Nothing,
    Other(UniqueId),
}

impl Doomed {
    pub(crate) fn of(plan: &Plan, basis: &Basis) -> Self {
        let (mut things, mut calls) = (BTreeMap::new(), BTreeMap::new());
        let by_id: BTreeMap<StepId, &Step> = plan.steps.iter().map(|step| (step.id, step)).collect();
        let deletes =
            plan.steps.iter().filter(|step| step.action.deletes() && has_unique_id(step.because.kind()));
        for delete in deletes {
            let address = &delete.because;
            let change = plan.changes.iter().find(|change| change.address == *address);
            let path = change.and_then(|change| change.before.as_ref()?.path().cloned());
            let id = basis.ownership.get(address).map(|owned| owned.id.clone());
            things.insert(address.clone(), Thing { id, path, looked: Mutex::default() });
            // What comes after the delete belongs to the one that is made in its place.
            let (mut open, mut seen) = (vec![delete.id], BTreeSet::new());
            while let Some(id) = open.pop() {
                let Some(step) = by_id.get(&id).filter(|_| seen.insert(id)) else { continue };
                if step.because == *address {
                    calls.insert(step.id, address.clone());
                }
                open.extend(&step.needs);
            }
        }
        Self { things, calls }
    }

    /// Looks before a call; what it amounts to when there is nothing left to do. A look that was taken a moment ago
    /// is as good, unless an answer was lost since.
    pub(crate) async fn before<A: IamAccount>(
        &self,
        step: &Step,
        account: &A,
        lost: bool,
    ) -> Result<Option<Receipt>, ActionError> {
        let Some((address, thing)) = self.calls.get(&step.id).and_then(|at| self.things.get_key_value(at))
        else {
            return Ok(None);
        };
        match thing.look(address, account, lost).await? {
            Found::Same => Ok(None),
            // That one stays when its user is deleted, and nobody has it then.
            Found::Nothing if matches!(step.action, Action::DeleteVirtualMFADevice { .. }) => Ok(None),
            Found::Nothing => {
                Ok(Some(Receipt { remark: Some("was already gone".to_owned()), ..Receipt::default() }))
            }
            Found::Other(id) => Err(thing.is_another(address, &id)),
        }
    }
}

impl Thing {
    /// Calls that begin together look together.
    async fn look<A: IamAccount>(
        &self,
        address: &Address,
        account: &A,
        lost: bool,
    ) -> Result<Found, ActionError> {
        let mut looked = self.looked.lock().await;
        if let Some((at, found)) = looked.as_ref()
            && at.elapsed() < HOLDS
            && !lost
        {
            return Ok(found.clone());
        }
        let mut found = Found::Nothing;
        for wait in LOOKS {
            sleep(wait).await;
            let answer = account.find(address, self.path.as_ref()).await;
            found = match answer.map_err(|error| unread(address, error))? {
                None => continue,
                Some(id) if Some(&id) == self.id.as_ref() => Found::Same,
                Some(id) => Found::Other(id),
            };
            break;
        }
        *looked = Some((Instant::now(), found.clone()));
        Ok(found)
    }

    fn is_another(&self, address: &Address, found: &UniqueId) -> ActionError {
        let message = match &self.id {
            Some(id) => format!(
                "{address} is another one now, {found}, and the plan is about {id}: somebody deleted it and made it \
                 again since the plan was made; nothing was taken from it; look at it with `iamctl plan`"
            ),
            None => {
                format!("{address} is {found}, and it is not known whether that is ours; it was left alone")
            }
        };
        let code = Some(Guard::Stale.as_str().to_owned());
        ActionError { class: ErrorClass::Refused, code, message, request_id: None }
    }
}

fn has_unique_id(kind: Kind) -> bool {
    matches!(kind, Kind::User | Kind::Group | Kind::Role | Kind::Policy | Kind::InstanceProfile)
}

fn unread(address: &Address, error: ActionError) -> ActionError {
    let message = format!(
        "whether {address} is still the one that the plan is about could not be read, so the call was not made: {}",
        error.message
    );
    ActionError { message, ..error }
}
