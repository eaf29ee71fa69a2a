//! What a reviewer decides about a class or a sample.
//!
//! Comes in: nothing. Goes out: [`Verdict`], [`Subject`], [`Judgement`]. May not live here: how they are given, kept or shown.

use crate::dataset::SampleId;

/// What a reviewer decided about a class or a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The classifier goes by something that it should not.
    Spurious,
    /// The surroundings belong to what the class means.
    LegitimateContext,
    /// There is no object to look at.
    NoObject,
    /// There is an object, but the detector did not find it.
    DetectorMiss,
    /// Looked at, not decided.
    Undecided,
}

impl Verdict {
    /// All of them, in the order of their keys in the window.
    pub const ALL: [Self; 5] =
        [Self::Spurious, Self::LegitimateContext, Self::NoObject, Self::DetectorMiss, Self::Undecided];

    /// The word of exports and project files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spurious => "spurious",
            Self::LegitimateContext => "legitimate_context",
            Self::NoObject => "no_object",
            Self::DetectorMiss => "detector_miss",
            Self::Undecided => "undecided",
        }
    }

    /// In a word or two, for chips and marks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spurious => "Spurious",
            Self::LegitimateContext => "Context",
            Self::NoObject => "No object",
            Self::DetectorMiss => "Detector miss",
            Self::Undecided => "Undecided",
        }
    }

    /// In a sentence, without the full stop.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Spurious => "The classifier goes by something that it should not",
            Self::LegitimateContext => "The surroundings belong to what the class means",
            Self::NoObject => "There is no object to look at",
            Self::DetectorMiss => "There is an object, but the detector did not find it",
            Self::Undecided => "Looked at, not decided",
        }
    }
}

/// What a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A class of the data set, by name.
    Class(String),
    /// One sample.
    Sample(SampleId),
}

/// A verdict with its note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What was decided.
    pub verdict: Verdict,
    /// In the reviewer's words; may be empty.
    pub note: String,
}

impl Judgement {
    /// The note, where there is one.
    pub fn note(&self) -> Option<&str> {
        Some(self.note.as_str()).filter(|note| !note.is_empty())
    }
}
