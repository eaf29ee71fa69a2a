//! The classes by their fit in both runs.

use std::io::{self, Write};

use super::target;
use crate::dataset::readable_class;
use crate::report::html::plot::{BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, axes, x, y};
use crate::report::html::text::Text;
use crate::report::words::{percent, points};
use crate::summary::{ClassDifference, Comparison};

/// Writes each class at its fits; points below the line have lost fit from A to B. They lead to the classes.
pub(super) fn write(comparison: &Comparison, sections: &[usize], out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<section class=\"plot\">\n<h2>Fit of A and of B</h2>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Each class by its mean fit in A and in B\">\n"
    )?;
    axes("Mean fit in A", "Mean fit in B", out)?;
    writeln!(out, "<line class=\"equal\" x1=\"{LEFT}\" y1=\"{BOTTOM}\" x2=\"{RIGHT}\" y2=\"{TOP}\" />")?;
    let is_clear = |class: &&(usize, &ClassDifference)| class.1.fit.is_clear();
    let classes: Vec<(usize, &ClassDifference)> = comparison.classes.iter().enumerate().collect();
    // Clear ones lie on top.
    for (place, class) in classes.iter().filter(|class| !is_clear(class)).chain(classes.iter().filter(is_clear)) {
        let (Some(first), Some(second), Some(difference)) = (class.fit.first, class.fit.second, class.fit.difference)
        else {
            continue;
        };
        writeln!(
            out,
            "<a href=\"#{}\"><circle class=\"point{}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"5.5\"><title>{}: fit {} and {}, {}\
             </title></circle></a>",
            target(*place, sections),
            if class.fit.is_clear() { " suspect" } else { "" },
            x(first),
            y(second),
            Text(&readable_class(&class.class)),
            percent(Some(first)),
            percent(Some(second)),
            points(difference)
        )?;
    }
    out.write_all(
        b"</svg>\n<p class=\"weak\">On the line a class has the same fit in both; above it B has more, below it less. Orange: a clear \
          difference.</p>\n</section>\n",
    )
}
