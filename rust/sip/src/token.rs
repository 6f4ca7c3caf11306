//! Random names: tags, branches, Call-IDs.
use std::cell::RefCell;

/// RFC 3261 section 8.1.1.7: what every branch begins with.
pub const MAGIC_COOKIE: &str = "z9hG4bK";

const POOL: usize = 2048;

/// A source of names that nobody can guess, or for simulations, of names that a seed repeats.
#[derive(Debug, Clone)]
pub struct Tokens(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Seeded(u64),
}

impl Tokens {
    /// From the operating system's random numbers.
    #[must_use]
    pub const fn system() -> Tokens {
        Tokens(Source::System)
    }

    /// The same names for the same seed.  For tests and simulations only.
    #[must_use]
    pub const fn seeded(seed: u64) -> Tokens {
        Tokens(Source::Seeded(seed))
    }

    /// 64 bits.
    pub fn number(&mut self) -> u64 {
        match &mut self.0 {
            Source::System => system_number(),
            Source::Seeded(state) => {
                // SplitMix64 (Steele, Lea, Flood 2014)
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                z ^ (z >> 31)
            }
        }
    }

    fn push(&mut self, out: &mut String, letters: usize) {
        // 32 letters: 5 bits each, 12 from one number
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bits = 0;
        for i in 0..letters {
            if i % 12 == 0 {
                bits = self.number();
            }
            out.push(char::from(
                *LETTERS.get((bits & 31) as usize).unwrap_or(&b'a'),
            ));
            bits >>= 5;
        }
    }

    /// A tag of 60 random bits (section 19.3 asks for 32).
    pub fn tag(&mut self) -> String {
        let mut out = String::with_capacity(12);
        self.push(&mut out, 12);
        out
    }

    /// A branch of 80 random bits behind the magic cookie.
    pub fn branch(&mut self) -> String {
        let mut out = String::with_capacity(23);
        out.push_str(MAGIC_COOKIE);
        self.push(&mut out, 16);
        out
    }

    /// A Call-ID of 110 random bits, with `@host` if `host` is not empty.
    pub fn call_id(&mut self, host: &str) -> String {
        let mut out = String::with_capacity(23 + host.len());
        self.push(&mut out, 22);
        if !host.is_empty() {
            out.push('@');
            out.push_str(host);
        }
        out
    }
}

thread_local! {
    /// Random bytes fetched in advance: one system call for 256 numbers.
    static POOLED: RefCell<(usize, [u8; POOL])> = const { RefCell::new((POOL, [0; POOL])) };
}

fn system_number() -> u64 {
    POOLED.with_borrow_mut(|(used, pool)| {
        if *used + 8 > POOL {
            // Without random numbers nothing here is safe, and getrandom only fails on systems without them.
            getrandom::fill(pool).expect("the operating system gives random numbers");
            *used = 0;
        }
        let bytes = pool.get_mut(*used..*used + 8);
        *used += 8;
        bytes.map_or(0, |bytes| {
            let mut number = [0u8; 8];
            number.copy_from_slice(bytes);
            bytes.fill(0);
            u64::from_le_bytes(number)
        })
    })
}

/// A tag of 60 random bits.
#[must_use]
pub fn new_tag() -> String {
    Tokens::system().tag()
}

/// A branch of 80 random bits behind the magic cookie.
#[must_use]
pub fn new_branch() -> String {
    Tokens::system().branch()
}

/// A Call-ID of 110 random bits, with `@host` if `host` is not empty.
#[must_use]
pub fn new_call_id(host: &str) -> String {
    Tokens::system().call_id(host)
}
