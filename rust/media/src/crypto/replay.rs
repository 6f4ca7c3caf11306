//! Which packets of a stream were seen (RFC 3711 section 3.3.2).

/// Indices below the highest that are remembered: as many as packets may be out of order.
const WIDTH: u64 = 128;

/// A sliding window over packet indices.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replay {
    /// Plus one, so that 0 says that there was none.
    next: u64,
    /// Bit n: the index n below the highest was seen.
    seen: u128,
}

impl Replay {
    /// Whether this index may be taken: not seen, and not older than what is remembered.
    #[must_use]
    pub fn is_new(&self, index: u64) -> bool {
        if index >= self.next {
            return true;
        }
        let behind = self.next - 1 - index;
        behind < WIDTH && self.seen >> behind & 1 == 0
    }

    /// This one has proved to be genuine.
    pub fn note(&mut self, index: u64) {
        if index >= self.next {
            let ahead = index + 1 - self.next;
            self.seen = if ahead < WIDTH {
                self.seen << ahead | 1
            } else {
                1
            };
            self.next = index + 1;
        } else {
            let behind = self.next - 1 - index;
            if behind < WIDTH {
                self.seen |= 1 << behind;
            }
        }
    }

    /// The highest index seen.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn once_each_and_none_too_old() {
        let mut window = Replay::default();
        assert!(window.is_new(0) && window.highest().is_none());
        for index in [5, 3, 4, 200, 73] {
            assert!(window.is_new(index), "{index}");
            window.note(index);
            assert!(!window.is_new(index), "{index}");
        }
        assert!(!window.is_new(72), "128 behind 200");
        assert!(window.is_new(74));
        assert_eq!(window.highest(), Some(200));
    }

    proptest! {
        #[test]
        fn as_a_set_would(indices in proptest::collection::vec(0u64..400, 1..200)) {
            let (mut window, mut set, mut highest) = (Replay::default(), HashSet::new(), 0);
            for index in indices {
                let expected = !set.contains(&index) && (set.is_empty() || index + WIDTH > highest);
                prop_assert_eq!(window.is_new(index), expected);
                if expected {
                    window.note(index);
                    set.insert(index);
                    highest = highest.max(index);
                }
            }
        }
    }
}
