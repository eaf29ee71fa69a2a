//! Finds the table of tensors in a checkpoint: training scripts wrap it in dictionaries and prefix its names.

use super::pickle::{Pickle, Value};

/// Keys under which training scripts keep the table, best first: the moving average of the weights is what such a script
/// evaluates, so it comes before the last step's.
const WRAPPERS: [&str; 11] = [
    "state_dict_ema",
    "model_ema",
    "ema_state_dict",
    "ema",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "weights",
];

/// Wrappers within wrappers that are followed.
const MAX_DEPTH: usize = 3;

/// Prefixes that wrappers of modules put before every name (data parallel, `torch.compile`).
const PREFIXES: [&str; 2] = ["module.", "_orig_mod."];

/// The names and tensors of a checkpoint in their order; entries that are no tensors are left out.
///
/// # Errors
/// The keys that there are instead, if no table of tensors is found.
pub(super) fn find<'p, 'a>(
    pickle: &'p Pickle<'a>,
    is_tensor: impl Fn(Value<'a>) -> bool,
) -> Result<Vec<(&'a str, Value<'a>)>, String> {
    let mut at = pickle.root;
    for _ in 0..=MAX_DEPTH {
        let Some(map) = pickle.map(at) else { break };
        let tensors: Vec<_> = map
            .iter()
            .filter(|(_, value)| is_tensor(*value))
            .filter_map(|(key, value)| Some((without_prefixes(key.text()?), *value)))
            .filter(|(name, _)| *name != "n_averaged")
            .collect();
        if !tensors.is_empty() {
            return Ok(tensors);
        }
        let inner = |wrapper: &&str| {
            map.iter().find(|(key, value)| key.text() == Some(*wrapper) && pickle.map(*value).is_some())
        };
        match WRAPPERS.iter().find_map(inner) {
            Some((_, value)) => at = *value,
            None => break,
        }
    }
    let keys: Vec<_> = pickle.map(at).unwrap_or(&[]).iter().filter_map(|(k, _)| k.text()).take(8).collect();
    Err(keys.join(", "))
}

/// The name a module gives its tensor, without what wrappers put before it.
pub(super) fn without_prefixes(mut name: &str) -> &str {
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::super::pickle::ORDERED_DICT;
    use super::*;

    /// A dictionary as pickle instructions; a value is a number (standing for a tensor) or another dictionary.
    fn dict(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = b"}(".to_vec();
        for (key, value) in entries {
            bytes.push(b'X');
            bytes.extend(u32::try_from(key.len()).expect("short").to_le_bytes());
            bytes.extend(key.as_bytes());
            bytes.extend(*value);
        }
        bytes.push(b'u');
        bytes
    }

    fn names(root: &[u8]) -> Result<Vec<String>, String> {
        let program = [root, b"."].concat();
        let pickle = Pickle::read(&program, &[ORDERED_DICT]).expect("a valid program");
        let found = find(&pickle, |v| matches!(v, Value::Int(_)))?;
        Ok(found.into_iter().map(|(name, _)| name.to_owned()).collect())
    }

    const ONE: &[u8] = b"K\x01";

    #[test]
    fn a_plain_table_is_found() {
        assert_eq!(names(&dict(&[("a", ONE), ("note", b"N"), ("b", ONE)])), Ok(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn wrappers_are_opened_and_the_moving_average_comes_first() {
        let (plain, averaged) = (dict(&[("plain", ONE)]), dict(&[("averaged", ONE)]));
        let file = dict(&[("epoch", b"N"), ("state_dict", &plain), ("state_dict_ema", &averaged)]);
        assert_eq!(names(&file), Ok(vec!["averaged".into()]));
        let nested = dict(&[("model", &dict(&[("state_dict", &plain)]))]);
        assert_eq!(names(&nested), Ok(vec!["plain".into()]));
    }

    #[test]
    fn prefixes_of_wrapped_modules_are_taken_off() {
        let file = dict(&[("n_averaged", ONE), ("module._orig_mod.fc.weight", ONE), ("_orig_mod.module.fc.bias", ONE)]);
        assert_eq!(names(&file), Ok(vec!["fc.weight".into(), "fc.bias".into()]));
    }

    #[test]
    fn a_file_without_tensors_says_what_it_has() {
        assert_eq!(names(&dict(&[("optimizer", b"}"), ("lr", b"N")])), Err("optimizer, lr".into()));
        assert_eq!(names(b"N"), Err(String::new()));
    }
}
