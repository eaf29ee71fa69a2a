//! Where results lie in a plan's arena: first fit, reusing what no later layer reads.

/// Places in an arena, given out in the order of time.
#[derive(Debug, Default)]
pub(super) struct Allocator {
    live: Vec<Place>,
    peak: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    start: usize,
    len: usize,
    last: usize,
}

impl Allocator {
    /// `len` units needed from time `now` to time `last`, both included; `now` never goes back.
    pub(super) fn get(&mut self, len: usize, now: usize, last: usize) -> usize {
        self.live.retain(|p| p.last >= now);
        let mut start = 0;
        for place in &self.live {
            if place.start >= start + len {
                break;
            }
            start = start.max(place.start + place.len);
        }
        let at = self.live.partition_point(|p| p.start < start);
        self.live.insert(at, Place { start, len, last });
        self.peak = self.peak.max(start + len);
        start
    }

    /// The arena's length.
    pub(super) fn peak(&self) -> usize {
        self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_reused_after_their_last_use_and_never_shared_before() {
        let mut allocator = Allocator::default();
        let a = allocator.get(10, 0, 1);
        let b = allocator.get(10, 1, 2);
        assert_eq!((a, b), (0, 10));
        assert_eq!(allocator.get(10, 2, 3), 0);
        assert_eq!(allocator.get(5, 3, 3), 10);
        assert_eq!(allocator.get(6, 3, 3), 15);
        assert_eq!(allocator.peak(), 21);
    }
}
