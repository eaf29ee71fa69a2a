//! The device: which back end the networks are computed on.
//!
//! Comes in: what the user asked for (`auto`, `cpu`, `cuda`, `cuda:1`, `metal`). Goes out: a candle [`Device`]. Everything
//! that depends on how the program was compiled lives here and nowhere else.

use std::fmt;
use std::panic;
use std::str::FromStr;

use candle_core::Device;

/// What the user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first that works of CUDA, Metal and the CPU.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA card, by its number.
    Cuda(usize),
    /// Apple's graphics processor.
    Metal,
}

/// Why a device cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// Not one of the words.
    #[error("unknown device {0}: expected auto, cpu, cuda, cuda:N or metal")]
    Unknown(String),
    /// The program was compiled without it.
    #[error("this program was built without {0} support (cargo feature {0})")]
    NotBuilt(&'static str),
    /// It is there in the program but not in the machine.
    #[error("{device} cannot be used: {reason}")]
    Unusable {
        /// What was asked for.
        device: DeviceChoice,
        /// What the driver says.
        reason: String,
    },
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(word: &str) -> Result<Self, DeviceError> {
        match word {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            _ => match word.strip_prefix("cuda:").and_then(|n| n.parse().ok()) {
                Some(n) => Ok(Self::Cuda(n)),
                None => Err(DeviceError::Unknown(word.to_owned())),
            },
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

impl DeviceChoice {
    /// What this program was built for, the default first; the machine may have less.
    pub fn available() -> Vec<Self> {
        let mut choices = vec![Self::Auto, Self::Cpu];
        if cfg!(feature = "cuda") {
            choices.push(Self::Cuda(0));
        }
        if cfg!(feature = "metal") {
            choices.push(Self::Metal);
        }
        choices
    }

    /// Opens the device.
    ///
    /// # Errors
    /// If it was named and is not there; `auto` falls back to the CPU instead.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Auto => Ok(Self::Cuda(0).open().or_else(|_| Self::Metal.open()).unwrap_or(Device::Cpu)),
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(n) if cfg!(feature = "cuda") => self.guarded(|| Device::new_cuda(n)),
            Self::Cuda(_) => Err(DeviceError::NotBuilt("cuda")),
            Self::Metal if cfg!(feature = "metal") => self.guarded(|| Device::new_metal(0)),
            Self::Metal => Err(DeviceError::NotBuilt("metal")),
        }
    }

    /// Opens a device whose library panics where the driver is missing.
    fn guarded(
        self,
        open: impl FnOnce() -> candle_core::Result<Device> + panic::UnwindSafe,
    ) -> Result<Device, DeviceError> {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let opened = panic::catch_unwind(open);
        panic::set_hook(hook);
        match opened {
            Ok(Ok(device)) => Ok(device),
            Ok(Err(error)) => Err(DeviceError::Unusable { device: self, reason: error.to_string() }),
            Err(_) => Err(DeviceError::Unusable { device: self, reason: "its driver is not installed".into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood() {
        let cases = [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda", DeviceChoice::Cuda(0)),
            ("cuda:3", DeviceChoice::Cuda(3)),
            ("metal", DeviceChoice::Metal),
        ];
        for (word, choice) in cases {
            assert_eq!(word.parse(), Ok(choice));
        }
    }

    #[test]
    fn other_words_are_refused() {
        for word in ["", "gpu", "cuda:", "cuda:x", "cuda:-1"] {
            assert_eq!(word.parse::<DeviceChoice>(), Err(DeviceError::Unknown(word.to_owned())));
        }
    }

    #[test]
    fn a_choice_is_written_as_it_is_read() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda(2), DeviceChoice::Metal] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
    }

    #[test]
    fn a_panicking_driver_is_an_error() {
        let opened = DeviceChoice::Cuda(0).guarded(|| panic!("no library"));
        assert!(matches!(opened, Err(DeviceError::Unusable { .. })));
    }
}
