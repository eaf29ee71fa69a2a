//! Another map than the run's over the shown image: by another method, on another layer, for another class.
//!
//! Comes in: a person's [`Choice`] and the answers of worker threads. Goes out: what has to be computed, and the newest answer;
//! the one before stays until then. May not live here: networks, the run's own numbers. Nothing here is saved.

mod bar;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::analysis::Measured;
use crate::dataset::{ClassId, SampleId};
use crate::inquiry::{LayerGrid, Question, Wanted};
use crate::saliency::{Method, Recipe};
use crate::ui::project::{Detail, Snapshot};

pub(crate) use bar::Shown;

/// Answers that are kept; stepping back through images shows them at once.
const KEPT: usize = 64;

/// The class that the map shall be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The most probable class.
    Predicted,
    /// The most probable one of those that the label stands for.
    Label,
    /// This class.
    Class(ClassId),
}

/// How the map shall be computed; `None` is as the run did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The method.
    pub(crate) method: Option<Method>,
    /// The target layer.
    pub(crate) layer: Option<String>,
    /// The class.
    pub(crate) subject: Option<Subject>,
}

/// An image and how its map shall be computed.
pub(crate) type Key = (SampleId, Choice);

/// The layers of the run's classifier.
#[derive(Clone, Debug, Default)]
pub(crate) enum Layers {
    /// Nobody has asked for them.
    #[default]
    Unknown,
    /// Somebody has.
    Asked,
    /// They are being read.
    Coming,
    /// Here they are.
    Known(Arc<[LayerGrid]>),
    /// They cannot be had, for this reason.
    Missing(String),
}

#[derive(Debug)]
struct Pending {
    key: Key,
    cancel: Arc<AtomicBool>,
}

/// The maps that are asked for instead of the run's.
#[derive(Debug, Default)]
pub(crate) struct OtherMap {
    choice: Choice,
    /// Of the run's classifier.
    pub(crate) layers: Layers,
    /// Text that the menu of classes is searched for.
    search: String,
    /// The newest last.
    answers: Vec<(Key, Arc<Measured>)>,
    /// The answer that was shown last.
    shown: Option<(Key, Arc<Measured>)>,
    pending: Option<Pending>,
    problem: Option<(Key, String)>,
}

impl OtherMap {
    /// Forgets everything: another run is shown.
    pub(crate) fn clear(&mut self) {
        self.stop();
        *self = Self::default();
    }

    /// Asks for another map.
    pub(crate) fn choose(&mut self, choice: Choice) {
        if choice != self.choice {
            self.choice = choice;
            self.problem = None;
        }
    }

    /// Asks for the map of a class, or with `None` of the one that the run explained, by the method and on the layer in force.
    pub(crate) fn choose_class(&mut self, class: Option<ClassId>) {
        self.choose(Choice { subject: class.map(Subject::Class), ..self.choice.clone() });
    }

    /// Whether the run's own map is asked for.
    pub(crate) fn is_of_run(&self) -> bool {
        self.choice == Choice::default()
    }

    /// Ends the computation; what is shown is what is asked for.
    pub(crate) fn cancel(&mut self) {
        let (sample, _) = match self.pending.take() {
            Some(pending) => {
                pending.cancel.store(true, Ordering::Relaxed);
                pending.key
            }
            None => return,
        };
        let shown = self.shown.as_ref().filter(|((of, _), _)| *of == sample);
        self.choice = shown.map(|((_, choice), _)| choice.clone()).unwrap_or_default();
    }

    /// Brings the state in line with the chosen image; what has to be computed now, with the way to stop it.
    pub(crate) fn turn_to(&mut self, sample: SampleId) -> Option<(Key, Arc<AtomicBool>)> {
        let key = (sample, self.choice.clone());
        if self.pending.as_ref().is_some_and(|pending| pending.key != key) {
            self.stop();
        }
        if self.is_of_run() {
            self.shown = None;
            return None;
        }
        if let Some((_, answer)) = self.answers.iter().find(|(known, _)| *known == key) {
            self.shown = Some((key, Arc::clone(answer)));
            return None;
        }
        if self.pending.is_some() || self.problem.as_ref().is_some_and(|(of, _)| *of == key) {
            return None;
        }
        let cancel = Arc::new(AtomicBool::new(false));
        self.pending = Some(Pending { key: key.clone(), cancel: Arc::clone(&cancel) });
        Some((key, cancel))
    }

    /// Takes an answer, or the reason why there is none.
    pub(crate) fn take(&mut self, key: Key, answer: Result<Measured, String>) {
        if self.pending.as_ref().is_none_or(|pending| pending.key != key) {
            return;
        }
        self.pending = None;
        match answer {
            Ok(measured) => {
                self.answers.push((key, Arc::new(measured)));
                if self.answers.len() > KEPT {
                    self.answers.remove(0);
                }
            }
            Err(reason) => self.problem = Some((key, reason)),
        }
    }

    /// The computation ended by an internal error.
    pub(crate) fn crashed(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.problem = Some((pending.key, "an internal error ended the computation".into()));
        }
    }

    /// The numbers and the map to show instead of the run's; the answer before until a new one is there.
    pub(crate) fn measured(&self, sample: SampleId) -> Option<&Measured> {
        let (_, measured) = self.shown.as_ref().filter(|((of, _), _)| *of == sample)?;
        Some(measured)
    }

    /// What is different about the map that is shown, in a few words.
    pub(crate) fn words(&self) -> String {
        let choice = self.shown.as_ref().map_or(&self.choice, |((_, choice), _)| choice);
        let method = choice.method.map(|method| method.name().to_owned());
        let subject = choice.subject.map(|_| "another class".to_owned());
        let parts: Vec<String> = method.into_iter().chain(choice.layer.clone()).chain(subject).collect();
        parts.join(" · ")
    }

    fn stop(&mut self) {
        if let Some(pending) = self.pending.take() {
            pending.cancel.store(true, Ordering::Relaxed);
        }
    }
}

/// The question behind a choice about a sample of a run; why there is none.
pub(crate) fn question(choice: &Choice, project: &Snapshot, detail: &Detail) -> Result<Question, String> {
    let settings = &project.run.settings;
    let label = || {
        let label = detail.sample.label.as_deref().ok_or("the image has no label")?;
        let classes = settings.hits.get(label).filter(|classes| !classes.is_empty());
        classes.cloned().map(Wanted::BestOf).ok_or_else(|| format!("the label {label} is no class of the classifier"))
    };
    let target = match choice.subject {
        Some(Subject::Predicted) => Wanted::Predicted,
        Some(Subject::Label) => label()?,
        Some(Subject::Class(class)) => Wanted::BestOf(vec![class]),
        // The run's own class of this image is known.
        None => match &detail.outcome {
            Ok(measured) => Wanted::BestOf(vec![measured.explanation.target]),
            Err(reason) => return Err(reason.clone()),
        },
    };
    let of_run = settings.recipe().map_err(|e| e.to_string())?;
    let recipe = choice.method.filter(|method| *method != of_run.method).map_or(of_run, Recipe::new);
    Ok(Question {
        photo: project.root.join(&detail.sample.path),
        layer: choice.layer.clone().unwrap_or_else(|| settings.layer.clone()),
        recipe,
        target,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Explanation, Prediction};
    use crate::geometry::Size;
    use crate::saliency::SaliencyMap;

    fn answer(value: f32) -> Measured {
        let image = Size::new(4, 4);
        let explanation = Explanation {
            image,
            view: image.bounds(),
            top: vec![Prediction { class: ClassId(0), probability: 1.0 }],
            target: ClassId(0),
            map: SaliencyMap::from_values(1, 2, vec![value, 1.0]),
        };
        Measured::new(explanation, Vec::new())
    }

    fn by(method: Method) -> Choice {
        Choice { method: Some(method), ..Choice::default() }
    }

    const ONE: SampleId = SampleId(1);
    const TWO: SampleId = SampleId(2);

    #[test]
    fn the_runs_own_map_asks_for_nothing() {
        let mut other = OtherMap::default();
        assert!(other.turn_to(ONE).is_none() && other.measured(ONE).is_none());
    }

    #[test]
    fn the_answer_before_stays_until_the_new_one_is_there() {
        let mut other = OtherMap::default();
        other.choose(by(Method::LayerCam));
        let (key, _) = other.turn_to(ONE).expect("something to compute");
        assert!(other.turn_to(ONE).is_none(), "it is asked for once");
        other.take(key, Ok(answer(2.0)));
        other.turn_to(ONE);
        assert_eq!(other.measured(ONE), Some(&answer(2.0)));
        other.choose(by(Method::EigenCam));
        let (key, _) = other.turn_to(ONE).expect("something to compute");
        assert_eq!(other.measured(ONE), Some(&answer(2.0)));
        other.take(key, Ok(answer(3.0)));
        other.turn_to(ONE);
        assert_eq!(other.measured(ONE), Some(&answer(3.0)));
        other.choose(by(Method::LayerCam));
        assert!(other.turn_to(ONE).is_none(), "the first answer was kept");
        assert_eq!(other.measured(ONE), Some(&answer(2.0)));
    }

    #[test]
    fn another_image_or_choice_stops_what_is_being_computed_and_drops_its_answer() {
        let mut other = OtherMap::default();
        other.choose(by(Method::Rise));
        let (key, cancel) = other.turn_to(ONE).expect("something to compute");
        assert!(other.turn_to(TWO).is_some() && cancel.load(Ordering::Relaxed));
        other.take(key, Ok(answer(2.0)));
        assert!(other.measured(ONE).is_none());
        other.choose(Choice::default());
        assert!(other.turn_to(TWO).is_none() && other.pending.is_none());
    }

    #[test]
    fn cancelling_goes_back_to_what_is_shown() {
        let mut other = OtherMap::default();
        other.choose(by(Method::LayerCam));
        let (key, _) = other.turn_to(ONE).expect("something to compute");
        other.take(key, Ok(answer(2.0)));
        other.turn_to(ONE);
        other.choose(by(Method::Rise));
        let (_, cancel) = other.turn_to(ONE).expect("something to compute");
        other.cancel();
        assert!(cancel.load(Ordering::Relaxed) && other.choice == by(Method::LayerCam));
        assert!(other.turn_to(ONE).is_none());
    }

    #[test]
    fn what_failed_says_why_and_is_not_tried_again_by_itself() {
        let mut other = OtherMap::default();
        other.choose(by(Method::ExcitationBackprop));
        let (key, _) = other.turn_to(ONE).expect("something to compute");
        other.take(key, Err("no".into()));
        assert!(other.turn_to(ONE).is_none());
        assert_eq!(other.problem.as_ref().map(|(_, reason)| reason.as_str()), Some("no"));
        assert!(other.turn_to(TWO).is_some(), "another image is another question");
    }
}
