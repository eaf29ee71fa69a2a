//! Which instruction set the kernels use.

#[cfg(target_arch = "aarch64")]
use super::simd::Neon;
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};
use super::simd::{Kernel, Portable, Simd};

/// The environment variable that chooses the instruction set.
pub const VARIABLE: &str = "CAMROI_ISA";

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug)]
pub enum Isa {
    /// AVX-512 F, VL, DQ and BW.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// AVX2 with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// NEON.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    /// What the build's base processor has.
    Portable(Portable),
}

/// A wrong choice of instruction set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IsaError {
    /// No instruction set has this name.
    #[error("unknown instruction set {0:?} in CAMROI_ISA; known are avx512, avx2, neon, portable")]
    Unknown(String),
    /// The processor lacks it.
    #[error("this processor does not have the instruction set {0} of CAMROI_ISA; it has {1}")]
    Unavailable(String, String),
}

impl Isa {
    /// Every instruction set this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            found.extend(Avx512::detect().map(Isa::Avx512));
            found.extend(Avx2::detect().map(Isa::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        found.push(Isa::Neon(Neon));
        found.push(Isa::Portable(Portable));
        found
    }

    /// The fastest instruction set of this processor.
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// The one that `CAMROI_ISA` names, or the fastest if it is not set or empty.
    ///
    /// # Errors
    /// If the name is not known or the processor does not have it.
    pub fn from_env() -> Result<Self, IsaError> {
        match std::env::var_os(VARIABLE) {
            Some(name) if !name.is_empty() => Self::named(&name.to_string_lossy()),
            _ => Ok(Self::best()),
        }
    }

    /// The one of this name: `avx512`, `avx2`, `neon` or `portable`.
    ///
    /// # Errors
    /// If the name is not known or the processor does not have it.
    pub fn named(name: &str) -> Result<Self, IsaError> {
        if !["avx512", "avx2", "neon", "portable"].contains(&name) {
            return Err(IsaError::Unknown(name.to_owned()));
        }
        let available = Self::available();
        available.iter().find(|isa| isa.name() == name).copied().ok_or_else(|| {
            let names: Vec<_> = available.iter().map(|isa| isa.name()).collect();
            IsaError::Unavailable(name.to_owned(), names.join(", "))
        })
    }

    /// Its name in `CAMROI_ISA`.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(_) => "neon",
            Isa::Portable(_) => "portable",
        }
    }

    /// How many blocks of output channels one product computes together: 2 where the registers suffice, else 1.
    pub fn blocks_together(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => 2,
            _ => 1,
        }
    }

    /// Runs a kernel with these instructions.
    pub fn run<K: Kernel>(self, kernel: K) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(simd) => simd.vectorize(kernel),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(simd) => simd.vectorize(kernel),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(simd) => simd.vectorize(kernel),
            Isa::Portable(simd) => simd.vectorize(kernel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portable_is_always_there() {
        assert!(Isa::named("portable").is_ok());
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
        let err = Isa::named("sse9").expect_err("there is no such instruction set").to_string();
        assert!(err.contains("sse9") && err.contains("avx2"), "{err}");
    }

    #[test]
    fn an_unavailable_name_is_an_error() {
        let foreign = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
        assert!(matches!(Isa::named(foreign), Err(IsaError::Unavailable(..))));
    }
}
