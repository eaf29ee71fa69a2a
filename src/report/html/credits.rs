//! Who made the photos that the page shows.

use std::io::{self, Write};

use super::facts::Facts;
use super::text::Text;
use crate::dataset::Attribution;

/// Credits for the samples at `places`, in path order; nothing where the data set names nobody.
pub(super) fn write(facts: &Facts, mut places: Vec<usize>, out: &mut dyn Write) -> io::Result<()> {
    places.sort_unstable();
    places.dedup();
    let credits: Vec<&Attribution> =
        places.iter().filter_map(|&place| facts.credits.get(&facts.samples[place].path)).collect();
    if credits.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<section>\n<h2>Photo credits</h2>\n<p class=\"weak\">Of the photos shown above, as the data set names them. Heat maps and \
          regions were drawn over them, and they were made smaller.</p>\n<ul>\n",
    )?;
    for credit in credits {
        write!(out, "<li><b>{}</b>: {}, {}", Text(&credit.file), Text(&credit.author), Text(&credit.licence))?;
        source(&credit.source, out)?;
        if !credit.changes.is_empty() {
            write!(out, " <span class=\"weak\">({})</span>", Text(&credit.changes))?;
        }
        out.write_all(b"</li>\n")?;
    }
    out.write_all(b"</ul>\n</section>\n")
}

/// A link, where it is an address of the web.
fn source(source: &str, out: &mut dyn Write) -> io::Result<()> {
    if source.starts_with("https://") || source.starts_with("http://") {
        let source = Text(source);
        write!(out, ", <a href=\"{source}\" rel=\"noreferrer\">{source}</a>")
    } else if source.is_empty() {
        Ok(())
    } else {
        write!(out, ", {}", Text(source))
    }
}
