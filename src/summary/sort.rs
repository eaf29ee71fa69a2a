//! The order of class rows.

use std::cmp::Ordering;

use super::{ClassColumn, ClassRow};

/// A column to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// The column.
    pub column: ClassColumn,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// Sorts rows by a column, rising or falling; rows without a value come last either way, and equal ones by name.
pub fn sort_rows(rows: &mut [ClassRow], by: ClassColumn, descending: bool) {
    sort_rows_by(rows, &[SortKey { column: by, descending }]);
}

/// Sorts rows by the first key, equal ones by the next, and what is equal in all of them by name. Rows without a value in a
/// column come after those with one, rising or falling.
pub fn sort_rows_by(rows: &mut [ClassRow], keys: &[SortKey]) {
    rows.sort_by(|a, b| {
        let unequal = keys.iter().map(|key| compare(a, b, *key)).find(|order| order.is_ne());
        unequal.unwrap_or_else(|| a.class.cmp(&b.class))
    });
}

fn compare(a: &ClassRow, b: &ClassRow, SortKey { column, descending }: SortKey) -> Ordering {
    let turned = |order: Ordering| if descending { order.reverse() } else { order };
    match (column.value(a), column.value(b)) {
        _ if column == ClassColumn::Class => turned(a.class.cmp(&b.class)),
        (Some(x), Some(y)) => turned(x.total_cmp(&y)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{NoRoi, class_rows, fixture};

    fn names(rows: &[ClassRow]) -> String {
        rows.iter().map(|r| r.class.clone()).collect()
    }

    #[test]
    fn rows_without_a_value_come_last_in_both_directions() {
        let samples = [fixture::sample("a", None), fixture::sample("b", Some(0.9)), fixture::sample("c", Some(0.1))];
        let mut rows = class_rows(&samples, &[], NoRoi::Exclude);
        sort_rows(&mut rows, ClassColumn::Fit, false);
        assert_eq!(names(&rows), "cba");
        sort_rows(&mut rows, ClassColumn::Fit, true);
        assert_eq!(names(&rows), "bca");
        sort_rows(&mut rows, ClassColumn::Class, true);
        assert_eq!(names(&rows), "cba");
    }

    #[test]
    fn a_second_key_orders_what_the_first_leaves_equal() {
        let of = |class, fit| fixture::sample(class, Some(fit));
        let samples = [of("a", 0.5), of("b", 0.25), of("b", 0.25), of("c", 0.75), of("d", 0.25), of("d", 0.75)];
        let mut rows = class_rows(&samples, &[], NoRoi::Exclude);
        let by_n = SortKey { column: ClassColumn::Samples, descending: true };
        sort_rows_by(&mut rows, &[by_n, SortKey { column: ClassColumn::Fit, descending: false }]);
        assert_eq!(names(&rows), "bdac");
        sort_rows_by(&mut rows, &[by_n, SortKey { column: ClassColumn::Fit, descending: true }]);
        assert_eq!(names(&rows), "dbca");
    }
}
