//! Text from anywhere as part of a page: nothing in it is taken for markup.

use std::fmt;

/// Displays a text so that it can stand between tags and in quoted attributes. Characters that no page may hold are replaced.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = 0;
        for (at, c) in self.0.char_indices() {
            let replacement = match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                '\t' | '\n' => continue,
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => "\u{fffd}",
                _ => continue,
            };
            f.write_str(&self.0[plain..at])?;
            f.write_str(replacement)?;
            plain = at + c.len_utf8();
        }
        f.write_str(&self.0[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_lose_their_meaning() {
        let text = Text("<script>alert('\"&\u{0}\u{1b}')</script>\nä").to_string();
        assert_eq!(text, "&lt;script&gt;alert(&#39;&quot;&amp;\u{fffd}\u{fffd}&#39;)&lt;/script&gt;\nä");
    }
}
