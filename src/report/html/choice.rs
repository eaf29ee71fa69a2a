//! Which classes have a section of their own, and which photos stand in it.

use std::collections::BTreeSet;

use super::HtmlOptions;
use super::facts::{ClassFacts, Facts};
use crate::analysis::SampleScore;

/// Photos under a heading.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) title: &'static str,
    /// Places in the list of all samples.
    pub(super) samples: Vec<usize>,
}

/// The classes with a section, as places in `facts.classes`, lowest fit first: those that were asked for by name, or the
/// remarkable ones, judged ones before others where there are too many.
///
/// # Errors
/// The name that no class has.
pub(super) fn classes(facts: &Facts, options: &HtmlOptions) -> Result<Vec<usize>, String> {
    let place =
        |name: &String| facts.classes.iter().position(|class| class.row.class == *name).ok_or_else(|| name.clone());
    if !options.named.is_empty() {
        let places = options.named.iter().map(place).collect::<Result<BTreeSet<_>, _>>()?;
        return Ok(places.into_iter().collect());
    }
    let is_judged = |class: &ClassFacts| class.row.judgement.is_some() || class.has_judged_samples;
    let remarkable = facts.classes.iter().enumerate().filter(|(_, class)| class.is_remarkable());
    let mut chosen: Vec<usize> = remarkable.map(|(place, _)| place).collect();
    chosen.sort_by_key(|&place| (!is_judged(&facts.classes[place]), !facts.classes[place].is_suspect(), place));
    chosen.truncate(options.classes);
    chosen.sort_unstable();
    Ok(chosen)
}

/// At most `limit` photos of a class, each once: judged ones, those of the lowest and of the highest fit, and where few have a
/// region, some of those without.
pub(super) fn photos(facts: &Facts, class: &ClassFacts, limit: usize) -> Vec<Group> {
    let score = |place: usize| facts.samples[place].score;
    let usable: Vec<usize> = class.samples.iter().copied().filter(|&place| score(place).is_some()).collect();
    let mut by_fit: Vec<usize> = usable.iter().copied().filter(|&place| fit(&facts.samples[place]).is_some()).collect();
    by_fit.sort_by(|a, b| {
        let value = |place: &usize| fit(&facts.samples[*place]).unwrap_or(0.0);
        value(a).total_cmp(&value(b)).then(a.cmp(b))
    });
    let mut judged =
        usable.iter().copied().filter(|&place| facts.sample_verdicts.contains_key(&facts.samples[place].id));
    let without = usable.iter().copied().filter(|&place| score(place).is_some_and(|s| s.fit.lacks_roi()));
    let without: Vec<usize> = if 2 * class.row.with_roi < usable.len() { without.collect() } else { Vec::new() };
    // A quarter for each of the others leaves a quarter or more for the lowest.
    let part = limit.div_ceil(4);
    let mut taken = BTreeSet::new();
    let mut take = |title, from: &mut dyn Iterator<Item = usize>, most: usize| {
        let most = most.min(limit - taken.len());
        let samples: Vec<usize> = from.filter(|place| taken.insert(*place)).take(most).collect();
        Group { title, samples }
    };
    let judged = take("Judged", &mut judged, part);
    let rest = by_fit.iter().filter(|place| !judged.samples.contains(place)).count();
    // One photo is not shown as the lowest and the highest at once.
    let highest = take("Highest fit", &mut by_fit.iter().rev().copied(), part.min(rest / 2));
    let kept = part.min(without.len());
    let lowest = take(
        "Lowest fit",
        &mut by_fit.iter().copied(),
        limit.saturating_sub(judged.samples.len() + highest.samples.len() + kept),
    );
    let without = take("No region found", &mut without.into_iter(), limit);
    [judged, lowest, highest, without].into_iter().filter(|group| !group.samples.is_empty()).collect()
}

/// The fit of a sample that has one.
fn fit(sample: &SampleScore) -> Option<f64> {
    sample.score.and_then(|score| score.fit.value())
}
