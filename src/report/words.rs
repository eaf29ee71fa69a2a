//! Numbers and states in words, for people.

use std::path::Path;

use crate::summary::{Finding, FitSources};
use crate::verdict::Verdict;

/// Stands where there is no number.
const NONE: &str = "–";

/// A share `0.0..=1.0` in percent with one decimal; a dash where there is none.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| NONE.to_owned(), |share| format!("{:.1}\u{a0}%", 100.0 * share))
}

/// An interval of shares in percent; a dash where there is none.
pub(super) fn interval(shares: Option<(f64, f64)>) -> String {
    shares.map_or_else(|| NONE.to_owned(), |(low, high)| format!("{:.1}–{:.1}\u{a0}%", 100.0 * low, 100.0 * high))
}

/// A difference of shares in percentage points, with its sign; what rounds to nothing has none.
pub fn points(difference: f64) -> String {
    let tenths = (1000.0 * difference).round();
    if tenths == 0.0 { "0.0".to_owned() } else { format!("{:+.1}", tenths / 10.0) }
}

/// A factor; a dash where there is none.
pub(super) fn factor(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{value:.2}×"))
}

/// A count and what is counted, such as "1 photo" and "2 photos".
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n}\u{a0}{}", if n == 1 { one } else { many })
}

/// Whose regions fits are of: "9 D 3 A 1 H" for detector, annotations and hand; a dash where there is no fit.
pub fn sources_in_short(sources: &FitSources) -> String {
    joined(sources, ["D", "A", "H"], " ")
}

/// The same as "9 detected, 3 annotated, 1 drawn".
pub(super) fn sources_in_words(sources: &FitSources) -> String {
    joined(sources, ["detected", "annotated", "drawn"], ", ")
}

fn joined(sources: &FitSources, words: [&str; 3], between: &str) -> String {
    let counts = [sources.detector, sources.annotation, sources.hand].into_iter().zip(words);
    let some = counts.filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n}\u{a0}{word}"));
    let text = some.collect::<Vec<_>>().join(between);
    if text.is_empty() { NONE.to_owned() } else { text }
}

/// The file's name where a network was loaded from a file: where it lies is nobody's business.
pub(super) fn short_name(name: &str) -> String {
    Path::new(name).file_name().map_or_else(|| name.to_owned(), |file| file.to_string_lossy().into_owned())
}

/// A finding in a word or two.
pub(super) fn finding_word(finding: Finding) -> &'static str {
    match finding {
        Finding::Suspect => "suspect",
        Finding::NoObject => "few ROIs",
        Finding::LargeRegions => "large ROIs",
    }
}

/// A verdict in a word or two.
pub(super) fn verdict_word(verdict: Verdict) -> String {
    verdict.as_str().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent_and_what_is_missing_is_a_dash() {
        assert_eq!(percent(Some(0.6543)), "65.4\u{a0}%");
        assert_eq!(interval(Some((0.1, 0.5))), "10.0–50.0\u{a0}%");
        assert_eq!((percent(None), interval(None), factor(None)), ("–".into(), "–".into(), "–".into()));
        assert_eq!(factor(Some(1.5)), "1.50×");
        assert_eq!((points(0.1256), points(-0.5), points(-0.0001)), ("+12.6".into(), "-50.0".into(), "0.0".into()));
    }

    #[test]
    fn sources_without_a_fit_are_left_out() {
        let sources = FitSources { detector: 12, annotation: 0, hand: 1 };
        assert_eq!(sources_in_short(&sources), "12\u{a0}D 1\u{a0}H");
        assert_eq!(sources_in_words(&sources), "12\u{a0}detected, 1\u{a0}drawn");
        assert_eq!(sources_in_short(&FitSources::default()), "–");
    }

    #[test]
    fn a_path_shows_its_last_part_only() {
        assert_eq!(short_name("/home/ann/models/resnet18.pth"), "resnet18.pth");
        assert_eq!(short_name("efficientnet-lite0"), "efficientnet-lite0");
    }
}
