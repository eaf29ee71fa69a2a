//! The head of the page: title, styles, and what the page is not allowed to do.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use super::base64::base64;
use super::text::Text;

/// How the page looks.
const STYLE: &str = include_str!("style.css");

/// Lets the reader sort the table of classes; the page is complete without it. Free of `<` and `&`, so that the page is also
/// well-formed XML.
const SCRIPT: &str = include_str!("sort.js");

/// Everything before the content. The page may load nothing, send nothing, and run nothing but its one script.
pub(super) fn open(title: &str, out: &mut dyn Write) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let policy = format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&Sha256::digest(STYLE)),
        base64(&Sha256::digest(SCRIPT)),
    );
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <meta name=\"color-scheme\" content=\"light dark\" />\n\
         <meta name=\"generator\" content=\"camroi {version}\" />\n\
         <title>{} – camroi</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        Text(title)
    )
}

/// Everything after the content.
pub(super) fn close(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_are_also_well_formed_xml() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains(['<', '&', '\r']));
        }
    }

    #[test]
    fn the_policy_admits_exactly_this_style_and_script() -> anyhow::Result<()> {
        let mut page = Vec::new();
        open("a & b", &mut page)?;
        let page = String::from_utf8(page)?;
        assert!(page.contains("<title>a &amp; b – camroi</title>"));
        for text in [STYLE, SCRIPT] {
            assert!(page.contains(&format!("'sha256-{}'", base64(&Sha256::digest(text)))));
        }
        Ok(())
    }
}
