//! Which columns the table shows, in which order, and how wide.
//!
//! Comes in: what an earlier window remembered, what is changed by hand. Goes out: the columns that fit. May not live here:
//! cells, sorting.

use serde::{Deserialize, Serialize};

use super::columns::{Kind, REGISTRY, Spec};

/// Room between two columns, in points.
pub(super) const GAP: f32 = 6.0;

/// Narrowest and widest column, in points.
const WIDTHS: std::ops::RangeInclusive<f32> = 28.0..=400.0;

/// A column of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) spec: &'static Spec,
    pub(super) shown: bool,
    /// Set by hand, in points.
    width: Option<f32>,
}

impl Placed {
    pub(super) fn width(&self) -> f32 {
        self.width.unwrap_or(self.spec.width)
    }

    /// How soon it gives way; what was asked for by hand goes last.
    fn expendable(&self) -> u8 {
        if self.spec.at_first { self.spec.expendable } else { self.spec.expendable.min(1) }
    }
}

/// A column as it is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredColumn {
    id: String,
    shown: bool,
    width: Option<f32>,
}

/// The columns in their order.
#[derive(Clone, Debug)]
pub(super) struct Arrangement {
    columns: Vec<Placed>,
}

impl Default for Arrangement {
    fn default() -> Self {
        let placed = |spec: &'static Spec| Placed { spec, shown: spec.at_first, width: None };
        Self { columns: REGISTRY.iter().map(placed).collect() }
    }
}

impl Arrangement {
    /// What was remembered; columns that were unknown then follow in their usual order.
    pub(super) fn restored(stored: &[StoredColumn]) -> Self {
        let rest = Self::default().columns;
        let find = |known: &StoredColumn| {
            let placed = rest.iter().find(|placed| placed.spec.id == known.id)?;
            let width = known.width.filter(|width| WIDTHS.contains(width));
            Some(Placed { spec: placed.spec, shown: known.shown || placed.spec.expendable == 0, width })
        };
        let mut columns: Vec<Placed> = Vec::new();
        for placed in stored.iter().filter_map(find) {
            if !columns.iter().any(|known| known.spec.id == placed.spec.id) {
                columns.push(placed);
            }
        }
        let new = rest.iter().filter(|placed| !stored.iter().any(|known| known.id == placed.spec.id));
        columns.extend(new);
        Self { columns }
    }

    pub(super) fn stored(&self) -> Vec<StoredColumn> {
        let stored = |p: &Placed| StoredColumn { id: p.spec.id.to_owned(), shown: p.shown, width: p.width };
        self.columns.iter().map(stored).collect()
    }

    /// All columns, also the hidden ones.
    pub(super) fn columns(&self) -> &[Placed] {
        &self.columns
    }

    /// Shows or hides a column; the name and the fit always stay.
    pub(super) fn toggle(&mut self, place: usize) {
        if let Some(placed) = self.columns.get_mut(place).filter(|placed| placed.spec.expendable > 0) {
            placed.shown ^= true;
        }
    }

    pub(super) fn resize(&mut self, place: usize, width: f32) {
        if let Some(placed) = self.columns.get_mut(place) {
            placed.width = Some(width.clamp(*WIDTHS.start(), *WIDTHS.end()));
        }
    }

    /// Moves a column to the place that another one has now.
    pub(super) fn shift(&mut self, from: usize, to: usize) {
        if from < self.columns.len() && to < self.columns.len() {
            let placed = self.columns.remove(from);
            self.columns.insert(to, placed);
        }
    }

    /// Places of the shown columns that fit into a width, in their order, of those whose kind is wanted: some kinds are columns
    /// only where there is something to tell.
    pub(super) fn fitting(&self, width: f32, is_wanted: impl Fn(Kind) -> bool) -> Vec<usize> {
        let is_shown = |placed: &Placed| placed.shown && is_wanted(placed.spec.kind);
        let mut places: Vec<usize> = (0..self.columns.len()).filter(|place| is_shown(&self.columns[*place])).collect();
        while places.iter().map(|place| self.columns[*place].width() + GAP).sum::<f32>() > width {
            let Some(at) = (0..places.len()).max_by_key(|at| self.columns[places[*at]].expendable()) else { break };
            if self.columns[places[at]].expendable() == 0 {
                break;
            }
            places.remove(at);
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(arrangement: &Arrangement, width: f32) -> Vec<&'static str> {
        let usual = |kind| !matches!(kind, Kind::MeasureBar | Kind::Sources);
        arrangement.fitting(width, usual).into_iter().map(|place| arrangement.columns[place].spec.id).collect()
    }

    fn place(arrangement: &Arrangement, id: &str) -> usize {
        arrangement.columns.iter().position(|p| p.spec.id == id).unwrap_or(usize::MAX)
    }

    #[test]
    fn ids_are_unique() {
        let ids: std::collections::BTreeSet<_> = REGISTRY.iter().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), REGISTRY.len());
    }

    #[test]
    fn the_least_important_columns_give_way_first() {
        let all = Arrangement::default();
        assert_eq!(ids(&all, 2000.0).len(), REGISTRY.iter().filter(|spec| spec.at_first).count() - 2);
        assert_eq!(all.fitting(10.0, |kind| kind != Kind::Sources).len(), 3, "class, fit and measure");
        assert_eq!(ids(&all, 260.0), ["class", "fit", "lift"]);
        assert_eq!(ids(&all, 10.0), ["class", "fit"]);
    }

    #[test]
    fn sources_have_a_column_where_there_are_several() {
        let all = Arrangement::default();
        assert!(!ids(&all, 2000.0).contains(&"sources"));
        let mixed = all.fitting(2000.0, |_| true);
        assert!(mixed.into_iter().any(|place| all.columns[place].spec.id == "sources"));
    }

    #[test]
    fn what_is_asked_for_by_hand_stays_longest() {
        let mut columns = Arrangement::default();
        columns.toggle(place(&columns, "confidence"));
        columns.toggle(place(&columns, "lift"));
        assert_eq!(ids(&columns, 260.0), ["class", "fit", "confidence"]);
    }

    #[test]
    fn order_width_and_choice_come_back_as_they_were_left() {
        let mut columns = Arrangement::default();
        columns.shift(place(&columns, "accuracy"), 1);
        columns.resize(1, 99.0);
        columns.toggle(place(&columns, "failed"));
        let again = Arrangement::restored(&columns.stored());
        assert_eq!(again.stored(), columns.stored());
        assert_eq!(ids(&again, 2000.0)[..2], ["class", "accuracy"]);
        assert_eq!(again.columns[1].width(), 99.0);
    }

    #[test]
    fn damaged_memories_lose_no_column() {
        let stored = |id: &str| StoredColumn { id: id.into(), shown: false, width: Some(f32::NAN) };
        let columns = Arrangement::restored(&[stored("fit"), stored("gone"), stored("fit")]);
        assert_eq!(columns.columns.len(), REGISTRY.len());
        assert_eq!(
            (columns.columns[0].spec.id, columns.columns[0].shown, columns.columns[0].width),
            ("fit", true, None)
        );
    }
}
