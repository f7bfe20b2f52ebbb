//! The one place that makes randomness. Tests pass in a seed.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, SeedableRng, rngs::StdRng};

/// A source of random bytes fit for keys and nonces. Cheap to clone; clones share one source.
#[derive(Clone)]
pub struct Random(Kind);

#[derive(Clone)]
enum Kind {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoRandomness;

impl Random {
    /// The operating system's source.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// The same bytes for the same seed. For tests only.
    pub fn seeded(seed: u64) -> Self {
        Self(Kind::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(
            seed,
        )))))
    }

    /// `N` fresh bytes.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks for randomness"
    )]
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        match &self.0 {
            Kind::System => getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?,
            Kind::Seeded(rng) => rng
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill_bytes(&mut bytes),
        }
        Ok(bytes)
    }
}
