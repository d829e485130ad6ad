//! Which step may start: the order of a plan, without any waiting or calling.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Address, Step, StepId};

/// Why steps cannot be carried out in any order. A plan that iamctl made never has this; one that was
/// read from a file may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanDefect {
    /// Two steps have one number.
    #[error("the plan has two steps {0}")]
    Twice(StepId),
    /// A step needs one that is not there.
    #[error("step {step} of the plan needs step {need}, which is not in it")]
    UnknownNeed {
        /// The step.
        step: StepId,
        /// What it needs.
        need: StepId,
    },
    /// Steps need each other.
    #[error("steps of the plan need each other: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Cycle(Vec<StepId>),
}

/// Where a step is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It waits for this many others.
    Waiting(usize),
    /// It could start.
    Ready,
    /// It was handed out and is not settled.
    Running,
    /// It is done, failed, or will not be tried.
    Settled,
}

/// Hands out steps in the order of the plan: those whose needs are done, and never two at once that
/// write to the same thing. Steps are named by their index.
#[derive(Debug)]
pub(crate) struct Schedule {
    subjects: Vec<Address>,
    places: Vec<Place>,
    dependents: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
    busy: BTreeSet<Address>,
    /// Steps that are ready but for their subject.
    parked: BTreeMap<Address, BTreeSet<usize>>,
}

impl Schedule {
    pub(crate) fn new(steps: &[Step]) -> Result<Self, PlanDefect> {
        let mut index_of = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            if index_of.insert(step.id, index).is_some() {
                return Err(PlanDefect::Twice(step.id));
            }
        }
        let mut dependents = vec![Vec::new(); steps.len()];
        let mut places = Vec::with_capacity(steps.len());
        for (index, step) in steps.iter().enumerate() {
            let needs: BTreeSet<StepId> = step.needs.iter().copied().collect();
            for need in &needs {
                let unknown = PlanDefect::UnknownNeed { step: step.id, need: *need };
                let needed = index_of.get(need).and_then(|needed| dependents.get_mut(*needed));
                needed.ok_or(unknown)?.push(index);
            }
            places.push(if needs.is_empty() { Place::Ready } else { Place::Waiting(needs.len()) });
        }
        let schedule = Self {
            subjects: steps.iter().map(|step| step.action.subject()).collect(),
            ready: places.iter().enumerate().filter(|(_, p)| **p == Place::Ready).map(|(i, _)| i).collect(),
            places,
            dependents,
            busy: BTreeSet::new(),
            parked: BTreeMap::new(),
        };
        schedule.refuse_cycles(steps)?;
        Ok(schedule)
    }

    /// Goes through the order as if every step were done; what is left over waits for itself.
    fn refuse_cycles(&self, steps: &[Step]) -> Result<(), PlanDefect> {
        let mut places = self.places.clone();
        let mut next: Vec<usize> = self.ready.iter().copied().collect();
        while let Some(index) = next.pop() {
            for &dependent in self.dependents.get(index).into_iter().flatten() {
                let Some(place) = places.get_mut(dependent) else { continue };
                *place = one_less(*place);
                if *place == Place::Ready {
                    next.push(dependent);
                }
            }
        }
        let stuck = steps.iter().zip(places).filter(|(_, place)| matches!(place, Place::Waiting(_)));
        let stuck: Vec<StepId> = stuck.map(|(step, _)| step.id).collect();
        if stuck.is_empty() { Ok(()) } else { Err(PlanDefect::Cycle(stuck)) }
    }

    /// The first step that may start; it is handed out.
    pub(crate) fn start(&mut self) -> Option<usize> {
        while let Some(index) = self.ready.pop_first() {
            let subject = self.subjects.get(index)?.clone();
            if self.busy.contains(&subject) {
                self.parked.entry(subject).or_default().insert(index);
                continue;
            }
            self.busy.insert(subject);
            self.set(index, Place::Running);
            return Some(index);
        }
        None
    }

    /// A step that was handed out is done: what needs it may start.
    pub(crate) fn done(&mut self, index: usize) {
        self.settle(index);
        for dependent in self.dependents.get(index).cloned().unwrap_or_default() {
            let Some(place) = self.places.get_mut(dependent) else { continue };
            *place = one_less(*place);
            if *place == Place::Ready {
                self.ready.insert(dependent);
            }
        }
    }

    /// A step that was handed out failed: what needs it, directly or not, will not be tried. Those
    /// steps are the answer, without the ones that were settled before.
    pub(crate) fn failed(&mut self, index: usize) -> Vec<usize> {
        self.settle(index);
        let mut given_up = BTreeSet::new();
        let mut next = vec![index];
        while let Some(index) = next.pop() {
            for &dependent in self.dependents.get(index).into_iter().flatten() {
                if matches!(self.places.get(dependent), Some(Place::Waiting(_))) && given_up.insert(dependent)
                {
                    next.push(dependent);
                }
            }
        }
        for &index in &given_up {
            self.set(index, Place::Settled);
        }
        given_up.into_iter().collect()
    }

    /// Nothing more is handed out. The answer are the steps that never were.
    pub(crate) fn stop(&mut self) -> Vec<usize> {
        self.ready.clear();
        self.parked.clear();
        let never = |place: &Place| matches!(place, Place::Waiting(_) | Place::Ready);
        let given_up: Vec<usize> =
            self.places.iter().enumerate().filter(|(_, place)| never(place)).map(|(i, _)| i).collect();
        for &index in &given_up {
            self.set(index, Place::Settled);
        }
        given_up
    }

    fn settle(&mut self, index: usize) {
        self.set(index, Place::Settled);
        let Some(subject) = self.subjects.get(index) else { return };
        self.busy.remove(subject);
        // One of them is enough: the others would only be parked again.
        if let Some(parked) = self.parked.get_mut(subject) {
            self.ready.extend(parked.pop_first());
        }
    }

    fn set(&mut self, index: usize, place: Place) {
        if let Some(slot) = self.places.get_mut(index) {
            *slot = place;
        }
    }
}

fn one_less(place: Place) -> Place {
    match place {
        Place::Waiting(0 | 1) => Place::Ready,
        Place::Waiting(others) => Place::Waiting(others - 1),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use iamctl_model::{Action, UserName};

    use super::*;

    /// A step for each `(subject, needs)`.
    fn steps(of: &[(&str, &[usize])]) -> Vec<Step> {
        let step = |(index, (user, needs)): (usize, &(&str, &[usize]))| {
            let user_name = UserName::parse(user).unwrap();
            let because = Address::User(user_name.clone());
            let needs = needs.iter().copied().map(StepId).collect();
            Step { id: StepId(index + 1), action: Action::DeleteUser { user_name }, because, needs }
        };
        of.iter().enumerate().map(step).collect()
    }

    fn start_all(schedule: &mut Schedule) -> Vec<usize> {
        std::iter::from_fn(|| schedule.start()).collect()
    }

    #[test]
    fn steps_start_in_the_order_of_the_plan_when_their_needs_are_done() {
        let mut schedule =
            Schedule::new(&steps(&[("a", &[]), ("b", &[1]), ("c", &[]), ("d", &[1, 3])])).unwrap();
        assert_eq!(start_all(&mut schedule), [0, 2]);
        schedule.done(2);
        assert_eq!(schedule.start(), None);
        schedule.done(0);
        assert_eq!(start_all(&mut schedule), [1, 3]);
    }

    #[test]
    fn two_steps_on_one_thing_never_run_at_once() {
        let mut schedule = Schedule::new(&steps(&[("a", &[]), ("a", &[]), ("A", &[]), ("b", &[])])).unwrap();
        assert_eq!(start_all(&mut schedule), [0, 3]);
        schedule.done(0);
        assert_eq!(start_all(&mut schedule), [1]);
        assert!(schedule.failed(1).is_empty());
        assert_eq!(start_all(&mut schedule), [2]);
    }

    #[test]
    fn a_failed_step_stops_what_needs_it_and_nothing_else() {
        let mut schedule =
            Schedule::new(&steps(&[("a", &[]), ("b", &[1]), ("c", &[2]), ("d", &[]), ("e", &[4])])).unwrap();
        assert_eq!(start_all(&mut schedule), [0, 3]);
        assert_eq!(schedule.failed(0), [1, 2]);
        schedule.done(3);
        assert_eq!(start_all(&mut schedule), [4]);
    }

    #[test]
    fn after_a_stop_nothing_starts() {
        let mut schedule = Schedule::new(&steps(&[("a", &[]), ("a", &[]), ("b", &[1]), ("c", &[])])).unwrap();
        assert_eq!(schedule.start(), Some(0));
        assert_eq!(schedule.stop(), [1, 2, 3]);
        schedule.done(0);
        assert_eq!(schedule.start(), None);
        assert!(schedule.stop().is_empty());
    }

    #[test]
    fn a_plan_without_an_order_is_refused() {
        let refused = |of: &[(&str, &[usize])]| Schedule::new(&steps(of)).unwrap_err().to_string();
        assert_eq!(refused(&[("a", &[1])]), "steps of the plan need each other: 1");
        assert_eq!(
            refused(&[("a", &[]), ("b", &[3]), ("c", &[2]), ("d", &[3])]),
            "steps of the plan need each other: 2, 3, 4"
        );
        assert_eq!(refused(&[("a", &[7])]), "step 1 of the plan needs step 7, which is not in it");
        let mut twice = steps(&[("a", &[]), ("b", &[])]);
        twice[1].id = StepId(1);
        assert_eq!(Schedule::new(&twice).unwrap_err().to_string(), "the plan has two steps 1");
    }
}
