//! Masks as bytes: numbers of seven bits a byte, lowest first, the eighth bit set while more follow.
//!
//! Width and height of the image, then for each run the rows since the last run, its first column (from the end of the last
//! run where that is in the same row) and its length.

use super::codec::damaged;
use crate::geometry::Size;
use crate::mask::{Mask, Run};

pub(super) fn mask_to_bytes(mask: &Mask) -> Vec<u8> {
    let mut bytes = Vec::new();
    push(&mut bytes, mask.size().width);
    push(&mut bytes, mask.size().height);
    let (mut row, mut end) = (0, 0);
    for run in mask.runs() {
        if run.row > row {
            end = 0;
        }
        for number in [run.row - row, run.start - end, run.end - run.start] {
            push(&mut bytes, number);
        }
        (row, end) = (run.row, run.end);
    }
    bytes
}

pub(super) fn mask_from_bytes(mut bytes: &[u8]) -> rusqlite::Result<Mask> {
    read(&mut bytes).ok_or_else(|| damaged("a mask with something else in it"))
}

fn read(bytes: &mut &[u8]) -> Option<Mask> {
    let size = Size::new(pull(bytes)?, pull(bytes)?);
    let mut runs: Vec<Run> = Vec::new();
    while !bytes.is_empty() {
        let rows = pull(bytes)?;
        let (last_row, last_end) = runs.last().map_or((0, 0), |run| (run.row, run.end));
        let row = last_row.checked_add(rows)?;
        let start = pull(bytes)?.checked_add(if rows == 0 { last_end } else { 0 })?;
        runs.push(Run { row, start, end: start.checked_add(pull(bytes)?)? });
    }
    Mask::from_runs(size, runs)
}

fn push(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn pull(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0u64;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(number).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_run_of_a_small_picture_takes_three_bytes() -> rusqlite::Result<()> {
        let two = Mask::of_window(Size::new(100, 100), 10..20, 5..7, |_, _| true);
        assert_eq!(mask_to_bytes(&two), [100, 100, 5, 10, 10, 1, 10, 10]);
        assert_eq!(mask_from_bytes(&mask_to_bytes(&two))?, two);
        Ok(())
    }

    proptest! {
        #[test]
        fn masks_come_back_as_they_went(w in 1u32..300, h in 1u32..40, period in 1u32..50, phase in 0u32..50) {
            let mask = Mask::of_window(Size::new(w, h), 0..w, 0..h, |x, y| (x * y + phase) % period == 0);
            prop_assert_eq!(mask_from_bytes(&mask_to_bytes(&mask)).ok(), Some(mask));
        }

        #[test]
        fn damaged_masks_are_errors_and_no_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(mask) = mask_from_bytes(&bytes) {
                prop_assert!(Mask::from_runs(mask.size(), mask.runs().to_vec()).is_some());
            }
        }
    }
}
