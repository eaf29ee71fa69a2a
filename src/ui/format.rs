//! Numbers and durations as the window writes them.
//!
//! Comes in: shares, counts, seconds. Goes out: text. May not live here: drawing.

/// A share `0.0..=1.0` in whole percent, with a space that does not break; a dash where there is none.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(none, |s| format!("{:.0}\u{a0}%", s * 100.0))
}

/// A share `0.0..=1.0` in percent with one decimal; a dash where there is none.
pub(crate) fn percent1(share: Option<f64>) -> String {
    share.map_or_else(none, |s| format!("{:.1}\u{a0}%", s * 100.0))
}

/// A factor; a dash where there is none.
pub(crate) fn factor(value: Option<f64>) -> String {
    value.map_or_else(none, |v| format!("{v:.2}×"))
}

fn none() -> String {
    "–".to_owned()
}

/// A name from a list of classes, its underscores as spaces.
pub(crate) fn name(name: &str) -> String {
    name.replace('_', " ")
}

/// A count with its thousands set apart by narrow spaces.
pub(crate) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// A size of a file, in units of 1000.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..1_000_000 => format!("{:.0} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    }
}

/// "1 image", "2 images".
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A span of time in the two largest units that say something.
pub(crate) fn duration(secs: f64) -> String {
    let whole = secs.max(0.0).ceil() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours} h {minutes:02} min")
    } else if minutes > 0 {
        format!("{minutes} min {seconds:02} s")
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1\u{2009}000");
        assert_eq!(count(1_234_567), "1\u{2009}234\u{2009}567");
    }

    #[test]
    fn durations_keep_two_units() {
        assert_eq!(duration(0.2), "1 s");
        assert_eq!(duration(61.0), "1 min 01 s");
        assert_eq!(duration(3661.0), "1 h 01 min");
    }

    #[test]
    fn what_is_missing_is_a_dash() {
        assert_eq!(percent(None), "–");
        assert_eq!(percent(Some(0.326)), "33\u{a0}%");
        assert_eq!(factor(Some(1.234)), "1.23×");
    }
}
