//! COCO's run lengths: pixels column by column, lengths outside and inside in turn, as a list or as text.

use crate::geometry::Size;
use crate::mask::Mask;

/// Most pixels of a mask that is read: more than any picture that can be decoded has.
const MAX_PIXELS: u64 = 256 << 20;

/// Longest side of a mask that is read.
const MAX_SIDE: u32 = 1 << 17;

/// The lengths that COCO's text stands for.
///
/// Each length, from the fourth on its difference to the last but one, is written in groups of 5 bits, lowest first, with a
/// sixth bit where more follow, as the character 48 places on.
pub(super) fn lengths_from_text(text: &str) -> Result<Vec<u64>, String> {
    let mut lengths: Vec<u64> = Vec::new();
    let (mut value, mut shift) = (0i64, 0);
    for byte in text.bytes() {
        let bits = match byte {
            48..=111 if shift <= 40 => i64::from(byte - 48),
            _ => return Err(format!("{:?} cannot stand in run lengths", char::from(byte))),
        };
        value |= (bits & 0x1f) << shift;
        shift += 5;
        if bits & 0x20 != 0 {
            continue;
        }
        if bits & 0x10 != 0 {
            value |= -1 << shift;
        }
        if lengths.len() > 2 {
            value += lengths[lengths.len() - 2] as i64;
        }
        lengths.push(u64::try_from(value).map_err(|_e| format!("a run of {value} pixels"))?);
        (value, shift) = (0, 0);
    }
    if shift == 0 { Ok(lengths) } else { Err("the run lengths end in the middle of one".into()) }
}

/// The text of lengths, the inverse of [`lengths_from_text`].
pub(super) fn text_from_lengths(lengths: &[u64]) -> String {
    let mut text = String::new();
    for (i, length) in lengths.iter().enumerate() {
        let mut value = *length as i64 - if i > 2 { lengths[i - 2] as i64 } else { 0 };
        loop {
            let bits = (value & 0x1f) as u8;
            value >>= 5;
            let done = if bits & 0x10 != 0 { value == -1 } else { value == 0 };
            text.push(char::from(48 + bits + if done { 0 } else { 0x20 }));
            if done {
                break;
            }
        }
    }
    text
}

/// The mask of an image of `size` with these run lengths.
pub(super) fn mask_from_lengths(size: Size, lengths: &[u64]) -> Result<Mask, String> {
    let total: u64 = lengths.iter().try_fold(0u64, |sum, n| sum.checked_add(*n)).unwrap_or(u64::MAX);
    if total != size.area() || total > MAX_PIXELS || size.width.max(size.height) > MAX_SIDE {
        return Err(format!("the runs cover {total} pixels of {} × {}", size.width, size.height));
    }
    let (height, mut end) = (u64::from(size.height), 0);
    let mut columns: Vec<Vec<(u32, u32)>> = vec![Vec::new(); size.width as usize];
    for (i, length) in lengths.iter().enumerate() {
        let start = end;
        end += length;
        if i % 2 == 0 || *length == 0 {
            continue;
        }
        // A run may go on at the top of the next column.
        for column in start / height..=(end - 1) / height {
            let offset = column * height;
            let rows = (start.max(offset) - offset, end.min(offset + height) - offset);
            columns[column as usize].push((rows.0 as u32, rows.1 as u32));
        }
    }
    Ok(Mask::of_window(size, 0..size.width, 0..size.height, |x, y| {
        let runs = &columns[x as usize];
        let before = runs.partition_point(|(start, _)| *start <= y);
        before > 0 && y < runs[before - 1].1
    }))
}

/// The run lengths of a mask, beginning with one outside.
pub(super) fn lengths_from_mask(mask: &Mask) -> Vec<u64> {
    let size = mask.size();
    let mut lengths = Vec::new();
    let (mut inside, mut length) = (false, 0);
    for x in 0..size.width {
        for y in 0..size.height {
            if mask.contains(x, y) != inside {
                lengths.push(length);
                (inside, length) = (!inside, 0);
            }
            length += 1;
        }
    }
    lengths.push(length);
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_go_down_the_columns() -> Result<(), String> {
        // 3 rows, 2 columns: the last pixel of the first column and the first two of the second.
        let mask = mask_from_lengths(Size::new(2, 3), &[2, 3, 1])?;
        let inside: Vec<_> =
            (0..3).flat_map(|y| (0..2).map(move |x| (x, y))).filter(|(x, y)| mask.contains(*x, *y)).collect();
        assert_eq!(inside, [(1, 0), (1, 1), (0, 2)]);
        Ok(())
    }

    #[test]
    fn lengths_that_do_not_fill_the_image_are_refused() {
        let size = Size::new(2, 3);
        assert!(mask_from_lengths(size, &[2, 3]).is_err());
        assert!(mask_from_lengths(size, &[u64::MAX, 7]).is_err());
        assert!(mask_from_lengths(Size::new(u32::MAX, u32::MAX), &[Size::new(u32::MAX, u32::MAX).area()]).is_err());
    }

    #[test]
    fn broken_text_is_refused() {
        for text in ["0!", "o", "é", "ooooooooooooooooooooo0", "@"] {
            assert!(lengths_from_text(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_brings_the_lengths_back(lengths in proptest::collection::vec(0u64..3_000_000, 0..40)) {
            prop_assert_eq!(lengths_from_text(&text_from_lengths(&lengths)), Ok(lengths));
        }

        #[test]
        fn lengths_bring_the_mask_back(w in 1u32..9, h in 1u32..9, bits in proptest::collection::vec(any::<bool>(), 81)) {
            let size = Size::new(w, h);
            let mask = Mask::of_window(size, 0..w, 0..h, |x, y| bits[(y * 9 + x) as usize]);
            prop_assert_eq!(mask_from_lengths(size, &lengths_from_mask(&mask)), Ok(mask));
        }
    }
}
