//! A recipe in one word, for flags and project files: `METHOD[:SETTING[=VALUE]]…`, such as `occlusion:window=48:stride=24` or
//! `gradcam:flips`.
//!
//! Comes in: a word. Goes out: a [`Recipe`], whose settings are the usual ones where the word names none; and back, with every setting
//! of its method. May not live here: what a setting means.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::Recipe;
use super::method::{Method, UnknownMethod};

/// The setting that every method has.
const FLIPS: &str = "flips";

/// Largest number of masks, copies, points or pixels: beyond it a map takes days.
const MOST: usize = 1_000_000;

/// Why a word is no recipe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// It does not begin with a method.
    #[error(transparent)]
    Method(#[from] UnknownMethod),
    /// The method has no such setting.
    #[error("{method} has no setting {setting:?}; it has {}", .known.join(", "))]
    Setting {
        /// The method.
        method: Method,
        /// What was named.
        setting: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// A setting is out of its range.
    #[error("{setting} of {method} has to be {wanted}, not {value:?}")]
    Value {
        /// The method.
        method: Method,
        /// The setting.
        setting: String,
        /// What was given.
        value: String,
        /// What may be given.
        wanted: String,
    },
    /// A setting is there more than once.
    #[error("{setting} of {method} is given twice")]
    Twice {
        /// The method.
        method: Method,
        /// The setting.
        setting: String,
    },
}

/// What a setting may be.
enum Range {
    /// A whole number.
    Whole(RangeInclusive<usize>),
    /// Any seed.
    Seed,
    /// A number above 0 and at most 1.
    Share,
    /// A number of at least 0.
    Positive,
    /// Any number.
    Number,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(range) => write!(f, "a whole number from {} to {}", range.start(), range.end()),
            Self::Seed => f.write_str("a whole number from 0"),
            Self::Share => f.write_str("a number above 0 and at most 1"),
            Self::Positive => f.write_str("a number from 0"),
            Self::Number => f.write_str("a number"),
        }
    }
}

/// A setting's place in a recipe.
enum Place<'a> {
    Whole(&'a mut usize),
    Seed(&'a mut u64),
    Single(&'a mut f32),
    Double(&'a mut f64),
}

impl Place<'_> {
    /// Takes a value in the range; whether it is one.
    fn take(self, text: &str, range: &Range) -> bool {
        match self {
            Self::Whole(place) => text.parse().is_ok_and(|value| {
                *place = value;
                matches!(range, Range::Whole(allowed) if allowed.contains(&value))
            }),
            Self::Seed(place) => text.parse().map(|value| *place = value).is_ok(),
            Self::Single(place) => number(text, range).map(|value| *place = value as f32).is_some(),
            Self::Double(place) => number(text, range).map(|value| *place = value).is_some(),
        }
    }
}

fn number(text: &str, range: &Range) -> Option<f64> {
    let allowed = |value: &f64| match range {
        Range::Share => *value > 0.0 && *value <= 1.0,
        Range::Positive => *value >= 0.0,
        _ => true,
    };
    text.parse().ok().filter(|value: &f64| value.is_finite() && allowed(value))
}

impl Recipe {
    /// The word without the settings that have their usual values.
    pub fn brief(&self) -> String {
        let (mine, usual) = (self.settings(), Self::new(self.method).settings());
        let other = mine.into_iter().filter(|setting| !usual.contains(setting));
        let settings: String = other.map(|(setting, value)| format!(":{setting}={value}")).collect();
        format!("{}{settings}{}", self.method, if self.flips { ":flips" } else { "" })
    }

    /// The names of the method's own settings with their values, as the word has them.
    fn settings(&self) -> Vec<(&'static str, String)> {
        match self.method {
            Method::Occlusion => {
                let o = self.occlusion;
                vec![("window", o.window.to_string()), ("stride", o.stride.to_string()), ("fill", o.fill.to_string())]
            }
            Method::Rise => {
                let r = self.rise;
                vec![
                    ("masks", r.masks.to_string()),
                    ("cells", r.cells.to_string()),
                    ("keep", r.keep.to_string()),
                    ("seed", r.seed.to_string()),
                ]
            }
            Method::IntegratedGradients => vec![("steps", self.integrated.steps.to_string())],
            Method::SmoothGrad => {
                let s = self.smooth;
                vec![("samples", s.samples.to_string()), ("noise", s.noise.to_string()), ("seed", s.seed.to_string())]
            }
            _ => Vec::new(),
        }
    }

    /// Where a setting of the method lies, and what it may be.
    fn place(&mut self, setting: &str) -> Option<(Place<'_>, Range)> {
        let count = || Range::Whole(1..=MOST);
        Some(match (self.method, setting) {
            (Method::Occlusion, "window") => (Place::Whole(&mut self.occlusion.window), count()),
            (Method::Occlusion, "stride") => (Place::Whole(&mut self.occlusion.stride), count()),
            (Method::Occlusion, "fill") => (Place::Single(&mut self.occlusion.fill), Range::Number),
            (Method::Rise, "masks") => (Place::Whole(&mut self.rise.masks), count()),
            (Method::Rise, "cells") => (Place::Whole(&mut self.rise.cells), Range::Whole(1..=1000)),
            (Method::Rise, "keep") => (Place::Double(&mut self.rise.keep), Range::Share),
            (Method::Rise, "seed") => (Place::Seed(&mut self.rise.seed), Range::Seed),
            (Method::IntegratedGradients, "steps") => {
                (Place::Whole(&mut self.integrated.steps), Range::Whole(1..=10_000))
            }
            (Method::SmoothGrad, "samples") => (Place::Whole(&mut self.smooth.samples), count()),
            (Method::SmoothGrad, "noise") => (Place::Double(&mut self.smooth.noise), Range::Positive),
            (Method::SmoothGrad, "seed") => (Place::Seed(&mut self.smooth.seed), Range::Seed),
            _ => return None,
        })
    }

    fn set(&mut self, setting: &str, value: Option<&str>) -> Result<(), RecipeError> {
        let method = self.method;
        if (setting, value) == (FLIPS, None) {
            self.flips = true;
            return Ok(());
        }
        let known = || self.settings().into_iter().map(|(name, _)| name).chain([FLIPS]).collect();
        let wrong = |wanted: String| RecipeError::Value {
            method,
            setting: setting.to_owned(),
            value: value.unwrap_or_default().to_owned(),
            wanted,
        };
        if setting == FLIPS {
            return Err(wrong("there without a value".into()));
        }
        let unknown = RecipeError::Setting { method, setting: setting.to_owned(), known: known() };
        let (place, range) = self.place(setting).ok_or(unknown)?;
        if place.take(value.unwrap_or_default(), &range) { Ok(()) } else { Err(wrong(range.to_string())) }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method.name())?;
        for (setting, value) in self.settings() {
            write!(f, ":{setting}={value}")?;
        }
        if self.flips { write!(f, ":{FLIPS}") } else { Ok(()) }
    }
}

impl FromStr for Recipe {
    type Err = RecipeError;

    fn from_str(word: &str) -> Result<Self, RecipeError> {
        let mut parts = word.split(':');
        let method: Method = parts.next().unwrap_or_default().parse()?;
        let mut recipe = Self::new(method);
        let mut seen = Vec::new();
        for part in parts {
            let (setting, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
            if seen.contains(&setting) {
                return Err(RecipeError::Twice { method, setting: setting.to_owned() });
            }
            recipe.set(setting, value)?;
            seen.push(setting);
        }
        // Who names only the window means windows that leave nothing out.
        let occlusion = &mut recipe.occlusion;
        if occlusion.stride > occlusion.window {
            if seen.contains(&"stride") {
                let wanted =
                    format!("at most the window, {}: pixels between windows would be left out", occlusion.window);
                let value = occlusion.stride.to_string();
                return Err(RecipeError::Value { method, setting: "stride".into(), value, wanted });
            }
            occlusion.stride = occlusion.window;
        }
        Ok(recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(word: &str) -> String {
        word.parse::<Recipe>().expect_err("it is no recipe").to_string()
    }

    #[test]
    fn a_method_alone_has_its_usual_settings_and_is_written_with_them() -> Result<(), RecipeError> {
        for method in Method::ALL {
            let recipe: Recipe = method.name().parse()?;
            assert_eq!(recipe, Recipe::new(method));
            assert_eq!(recipe.to_string().parse(), Ok(recipe));
        }
        let words =
            ["gradcam", "rise", "integrated-gradients"].map(|word| word.parse::<Recipe>().map(|r| r.to_string()));
        let written = ["gradcam", "rise:masks=1000:cells=7:keep=0.5:seed=0", "integrated-gradients:steps=16"];
        assert_eq!(words, written.map(|word| Ok(word.to_owned())));
        Ok(())
    }

    #[test]
    fn named_settings_replace_the_usual_ones() -> Result<(), RecipeError> {
        let recipe: Recipe = "occlusion:window=48:fill=-0.5:flips".parse()?;
        assert_eq!((recipe.occlusion.window, recipe.occlusion.stride, recipe.occlusion.fill), (48, 16, -0.5));
        assert!(recipe.flips);
        assert_eq!(recipe.to_string(), "occlusion:window=48:stride=16:fill=-0.5:flips");
        assert_eq!(
            (recipe.brief().as_str(), recipe.brief().parse()),
            ("occlusion:window=48:fill=-0.5:flips", Ok(recipe))
        );
        let recipe: Recipe = "smoothgrad:seed=18446744073709551615:noise=0".parse()?;
        assert_eq!((recipe.smooth.seed, recipe.smooth.noise, recipe.smooth.samples), (u64::MAX, 0.0, 16));
        Ok(())
    }

    #[test]
    fn a_window_below_the_usual_stride_takes_the_stride_along() -> Result<(), RecipeError> {
        let recipe: Recipe = "occlusion:window=8".parse()?;
        assert_eq!((recipe.occlusion.window, recipe.occlusion.stride), (8, 8));
        assert!(message("occlusion:window=8:stride=9").contains("at most the window, 8"));
        Ok(())
    }

    #[test]
    fn what_cannot_be_understood_is_answered_with_what_can() {
        assert_eq!(message("rise:window=3"), "rise has no setting \"window\"; it has masks, cells, keep, seed, flips");
        assert_eq!(message("gradcam:"), "gradcam has no setting \"\"; it has flips");
        assert_eq!(message("rise:keep=1.5"), "keep of rise has to be a number above 0 and at most 1, not \"1.5\"");
        assert_eq!(message("rise:masks=0"), "masks of rise has to be a whole number from 1 to 1000000, not \"0\"");
        assert_eq!(message("rise:masks"), "masks of rise has to be a whole number from 1 to 1000000, not \"\"");
        assert_eq!(message("smoothgrad:noise=nan"), "noise of smoothgrad has to be a number from 0, not \"nan\"");
        assert_eq!(message("gradcam:flips=no"), "flips of gradcam has to be there without a value, not \"no\"");
        assert_eq!(message("rise:seed=1:seed=2"), "seed of rise is given twice");
        assert!(message("grad-cam:flips").starts_with("there is no method \"grad-cam\""));
    }
}
