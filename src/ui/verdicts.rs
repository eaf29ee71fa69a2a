//! The reviewer's verdicts: given, shown, taken back.
//!
//! Comes in: what the project holds, and what is decided. Goes out: what is decided now, and writes for the project. May not
//! live here: SQL, threads.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use eframe::egui::accesskit::Role;
use eframe::egui::{Color32, TextEdit, Ui, WidgetInfo, vec2};

use super::command::Command;
use super::theme::{self, Palette, space};
use super::widgets;
use crate::store::{RunId, Store};
use crate::verdict::{Judgement, Subject, Verdict};

/// A decision, or the lack of one, about something.
type Change = (Subject, Option<Judgement>);

/// Decisions on their way into the project, oldest first.
pub(crate) type Outbox = Arc<Mutex<VecDeque<Change>>>;

/// All verdicts of a project.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    given: BTreeMap<Subject, Judgement>,
    /// What each decision replaced, the latest last.
    done: Vec<Change>,
    undone: Vec<Change>,
    /// What the latest changes were the note of.
    noting: Option<Subject>,
    /// Rises with every change.
    generation: u64,
    outbox: Outbox,
}

impl Verdicts {
    /// The verdicts that a project holds.
    pub(crate) fn new(given: impl IntoIterator<Item = (Subject, Judgement)>) -> Self {
        Self { given: given.into_iter().collect(), ..Self::default() }
    }

    /// The verdict about something.
    pub(crate) fn of(&self, subject: &Subject) -> Option<Verdict> {
        self.given.get(subject).map(|judgement| judgement.verdict)
    }

    /// All that is decided, classes first.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Subject, &Judgement)> {
        self.given.iter()
    }

    /// A number that rises with every change.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Gives a verdict; the one that is given already is taken back.
    pub(crate) fn give(&mut self, subject: Subject, verdict: Verdict) -> Outbox {
        let known = self.given.get(&subject);
        let note = known.map(|j| j.note.clone()).unwrap_or_default();
        let judgement = (known.map(|j| j.verdict) != Some(verdict)).then_some(Judgement { verdict, note });
        self.undone.clear();
        self.noting = None;
        let before = self.replace((subject, judgement));
        self.done.push(before);
        Arc::clone(&self.outbox)
    }

    /// The verdict about something, with its note.
    pub(crate) fn judgement(&self, subject: &Subject) -> Option<&Judgement> {
        self.given.get(subject)
    }

    /// Decisions that wait to be written.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Writes a note to a verdict; what has none is noted as looked at and not decided. Changes of one note that follow each
    /// other are taken back as one.
    pub(crate) fn note(&mut self, subject: Subject, note: String) -> Outbox {
        let known = self.given.get(&subject);
        let verdict = known.map_or(Verdict::Undecided, |judgement| judgement.verdict);
        self.undone.clear();
        let before = self.replace((subject, Some(Judgement { verdict, note })));
        let goes_on = self.noting.as_ref() == Some(&before.0) && self.done.last().is_some_and(|(s, _)| *s == before.0);
        if !goes_on {
            self.noting = Some(before.0.clone());
            self.done.push(before);
        }
        Arc::clone(&self.outbox)
    }

    /// Takes the latest decision back; `None` if there is none.
    pub(crate) fn undo(&mut self) -> Option<Outbox> {
        let change = self.done.pop()?;
        self.noting = None;
        let before = self.replace(change);
        self.undone.push(before);
        Some(Arc::clone(&self.outbox))
    }

    /// Repeats the decision that was taken back last; `None` if there is none.
    pub(crate) fn redo(&mut self) -> Option<Outbox> {
        let change = self.undone.pop()?;
        self.noting = None;
        let before = self.replace(change);
        self.done.push(before);
        Some(Arc::clone(&self.outbox))
    }

    /// Puts a change into force and returns what undoes it.
    fn replace(&mut self, (subject, judgement): Change) -> Change {
        let before = match &judgement {
            Some(judgement) => self.given.insert(subject.clone(), judgement.clone()),
            None => self.given.remove(&subject),
        };
        self.generation += 1;
        lock(&self.outbox).push_back((subject.clone(), judgement));
        (subject, before)
    }
}

fn lock(outbox: &Mutex<VecDeque<Change>>) -> std::sync::MutexGuard<'_, VecDeque<Change>> {
    outbox.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes the decisions of an outbox into a project, in their order. Called on a worker thread; several may call it at once.
///
/// # Errors
/// If the project cannot be written; what could not be written stays in the outbox.
pub(crate) fn post(outbox: &Outbox, file: &Path, run: RunId) -> anyhow::Result<()> {
    let mut changes = lock(outbox);
    if changes.is_empty() {
        return Ok(());
    }
    let mut store = Store::open(file)?;
    while let Some((subject, judgement)) = changes.front() {
        store.set_verdict(run, subject, judgement.as_ref())?;
        changes.pop_front();
    }
    Ok(())
}

/// A verdict with its note, if there is one.
pub(crate) fn in_words(judgement: &Judgement) -> String {
    let name = judgement.verdict.name();
    if judgement.note.is_empty() { name.to_owned() } else { format!("{name}: {}", judgement.note) }
}

/// The colour of a verdict's mark.
pub(crate) fn color(verdict: Verdict, palette: &Palette) -> Color32 {
    match verdict {
        Verdict::Spurious => palette.bad,
        Verdict::LegitimateContext => palette.good,
        Verdict::NoObject | Verdict::DetectorMiss => palette.warn,
        Verdict::Undecided => palette.weak,
    }
}

/// Narrowest field for a note, in points.
const MIN_NOTE: f32 = 110.0;

/// A row of chips, one for each verdict, and the note; the keys 1 to 5 give the same.
pub(crate) fn judge_ui(ui: &mut Ui, subject: &Subject, judgement: Option<&Judgement>) -> Option<Command> {
    let given = judgement.map(|judgement| judgement.verdict);
    let about = match subject {
        Subject::Class(_) => "Class",
        Subject::Sample(_) => "Image",
    };
    let mut command = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(5.0, space::TIGHT);
        widgets::caption(ui, "Verdict");
        for (i, verdict) in Verdict::ALL.into_iter().enumerate() {
            let hint = format!("{} ({})", verdict.meaning(), i + 1);
            let color = (given == Some(verdict)).then(|| color(verdict, theme::palette(ui)));
            let label = format!("{about}: {}", verdict.name());
            if widgets::tinted_chip(ui, color, verdict.name(), &label, &hint).clicked() {
                command = Some(Command::Judge(subject.clone(), verdict));
            }
        }
        // Where there is little room, a note waits until there is something to note.
        if judgement.is_none() && ui.available_size_before_wrap().x < MIN_NOTE && matches!(subject, Subject::Sample(_))
        {
            return;
        }
        let mut note = judgement.map(|judgement| judgement.note.clone()).unwrap_or_default();
        let width = ui.available_width().clamp(MIN_NOTE, 320.0);
        let field = ui.add(TextEdit::singleline(&mut note).hint_text("Note…").desired_width(width - 10.0));
        field.widget_info(|| {
            WidgetInfo::labeled(Role::TextInput, true, format!("Note on the {}", about.to_lowercase()))
        });
        if field.changed() {
            command = Some(Command::Note(subject.clone(), note));
        }
    });
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str) -> Subject {
        Subject::Class(name.into())
    }

    #[test]
    fn the_same_verdict_again_takes_it_back() {
        let mut verdicts = Verdicts::default();
        verdicts.give(class("a"), Verdict::Spurious);
        assert_eq!(verdicts.of(&class("a")), Some(Verdict::Spurious));
        verdicts.give(class("a"), Verdict::Spurious);
        assert_eq!(verdicts.of(&class("a")), None);
    }

    #[test]
    fn a_note_is_taken_back_as_one_and_repeated() {
        let mut verdicts = Verdicts::default();
        verdicts.give(class("a"), Verdict::Spurious);
        for note in ["s", "sk", "sky"] {
            verdicts.note(class("a"), note.into());
        }
        let note = |verdicts: &Verdicts| verdicts.judgement(&class("a")).map(|j| (j.verdict, j.note.clone()));
        assert_eq!(note(&verdicts), Some((Verdict::Spurious, "sky".into())));
        verdicts.undo();
        assert_eq!(note(&verdicts), Some((Verdict::Spurious, String::new())));
        verdicts.redo();
        assert_eq!(note(&verdicts), Some((Verdict::Spurious, "sky".into())));
        verdicts.note(class("b"), "alone".into());
        assert_eq!(verdicts.of(&class("b")), Some(Verdict::Undecided));
    }

    #[test]
    fn undo_and_redo_go_through_the_decisions() {
        let mut verdicts = Verdicts::new([(class("a"), Judgement { verdict: Verdict::NoObject, note: "n".into() })]);
        verdicts.give(class("a"), Verdict::Spurious);
        verdicts.give(class("b"), Verdict::Undecided);
        assert!(verdicts.undo().is_some());
        assert!(verdicts.undo().is_some());
        assert!(verdicts.undo().is_none());
        assert_eq!((verdicts.of(&class("a")), verdicts.of(&class("b"))), (Some(Verdict::NoObject), None));
        assert!(verdicts.redo().is_some());
        assert_eq!(verdicts.of(&class("a")), Some(Verdict::Spurious));
        verdicts.give(class("a"), Verdict::Undecided);
        assert!(verdicts.redo().is_none(), "a new decision ends what could be repeated");
    }
}
