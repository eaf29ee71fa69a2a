//! YOLO: one text file per image, a line per object, in shares of the image; the class names are in a file beside them.

use std::collections::BTreeMap;

use super::{AnnotatedImage, Fault, Frame, Object, Outline};
use crate::geometry::BBox;

/// The class names of a data set; a class without one goes by its number.
pub(super) type ClassNames = BTreeMap<usize, String>;

/// The image of a label file. A line is `class cx cy width height`, maybe with a score behind it, or `class x y x y x y …` for a
/// polygon.
pub(super) fn parse(text: &str, file_name: &str, classes: &ClassNames) -> Result<AnnotatedImage, Fault> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed =
        lines.map(|(i, line)| object(line, classes).map_err(|reason| Fault::new(format!("line {}", i + 1), reason)));
    let objects = parsed.collect::<Result<_, _>>()?;
    Ok(AnnotatedImage { names: vec![file_name.to_owned()], frame: Frame::Shares, objects })
}

fn object(line: &str, classes: &ClassNames) -> Result<Object, String> {
    let mut words = line.split_whitespace();
    let class = words.next().unwrap_or_default();
    let class: usize = class.parse().ok().ok_or_else(|| format!("{class:?} is not a class number"))?;
    let number = |word: &str| match word.parse::<f32>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("{word:?} is not a number")),
    };
    let numbers = words.map(number).collect::<Result<Vec<_>, _>>()?;
    if let Some(outside) = numbers.iter().find(|n| !(-1.0..=2.0).contains(*n)) {
        return Err(format!("{outside} is no share of the image"));
    }
    let (outline, score) = match *numbers.as_slice() {
        [cx, cy, w, h] => (centred_box(cx, cy, w, h), 1.0),
        [cx, cy, w, h, score] => (centred_box(cx, cy, w, h), score),
        _ => match numbers.as_chunks() {
            (corners, []) if corners.len() >= 3 => (Outline::Polygon(vec![corners.to_vec()]), 1.0),
            _ => return Err(format!("{} numbers behind the class are neither a box nor a polygon", numbers.len())),
        },
    };
    let name = classes.get(&class).cloned().unwrap_or_else(|| format!("class {class}"));
    Ok(Object { name, score, outline })
}

fn centred_box(cx: f32, cy: f32, width: f32, height: f32) -> Outline {
    Outline::Box(BBox::new(cx - width / 2.0, cy - height / 2.0, cx + width / 2.0, cy + height / 2.0))
}

/// The names of a `classes.txt`: one per line.
pub(super) fn names_from_text(text: &str) -> ClassNames {
    text.lines().map(|line| line.trim().to_owned()).enumerate().filter(|(_, name)| !name.is_empty()).collect()
}

/// The names of a data set's YAML file: the value of its key `names`, a list or a map from numbers, in one line or several.
/// Nothing else of YAML is understood; `None` if there is no such key.
pub(super) fn names_from_yaml(text: &str) -> Option<ClassNames> {
    let lines: Vec<_> = text.lines().map(without_comment).collect();
    let (at, value) = lines.iter().enumerate().find_map(|(i, line)| Some((i, line.strip_prefix("names:")?.trim())))?;
    let mut items = Vec::new();
    if value.is_empty() {
        // The lines that belong to the key are indented, or begin with a dash.
        let block =
            lines[at + 1..].iter().take_while(|line| line.trim().is_empty() || line.starts_with([' ', '\t', '-']));
        items.extend(block.map(|line| line.trim().trim_start_matches("- ").to_owned()));
    } else {
        // A list in brackets may go on over several lines.
        let rest = std::iter::once(value).chain(lines[at + 1..].iter().copied()).collect::<Vec<_>>().join(" ");
        let inner = rest.trim_start_matches(['[', '{']);
        let inner = inner.split([']', '}']).next().unwrap_or_default();
        items.extend(inner.split(',').map(|item| item.trim().to_owned()));
    }
    let items = items.into_iter().filter(|item| !item.is_empty()).enumerate();
    Some(items.map(|(i, item)| numbered(&item).unwrap_or_else(|| (i, unquoted(&item)))).collect())
}

/// `7: name`
fn numbered(item: &str) -> Option<(usize, String)> {
    let (number, name) = item.split_once(':')?;
    Some((number.trim().parse().ok()?, unquoted(name)))
}

fn unquoted(name: &str) -> String {
    name.trim().trim_matches(['"', '\'']).to_owned()
}

fn without_comment(line: &str) -> &str {
    line.split(" #").next().unwrap_or(line).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_way_that_yaml_files_write_them() {
        let expected: ClassNames = [(0, "cat".into()), (1, "hot dog".into())].into();
        for yaml in [
            "train: images\nnames: [cat, 'hot dog']\n",
            "names: [cat,\n  \"hot dog\"]\nnc: 2",
            "names: {0: cat, 1: hot dog}",
            "nc: 2\nnames:\n  - cat\n  - hot dog\nval: x",
            "names:\n- cat # the first\n- hot dog\n",
            "names:\n  0: cat\n  1: hot dog\n",
        ] {
            assert_eq!(names_from_yaml(yaml), Some(expected.clone()), "{yaml}");
        }
        assert_eq!(names_from_yaml("train: images"), None);
        assert_eq!(names_from_text("cat\nhot dog\n"), expected);
    }

    #[test]
    fn a_line_is_a_box_a_box_with_a_score_or_a_polygon() -> Result<(), Fault> {
        let text = "0 0.5 0.5 0.5 1\n\n3 0.5 0.5 0.5 1 0.25\n0 0 0 1 0 1 1\n";
        let image = parse(text, "a.txt", &[(0, "cat".into())].into())?;
        let bbox = Outline::Box(BBox::new(0.25, 0.0, 0.75, 1.0));
        let polygon = Outline::Polygon(vec![vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]]);
        let object = |name: &str, score, outline| Object { name: name.into(), score, outline };
        let expected = [object("cat", 1.0, bbox.clone()), object("class 3", 0.25, bbox), object("cat", 1.0, polygon)];
        assert_eq!(image.objects, expected);
        Ok(())
    }

    #[test]
    fn a_broken_line_is_named() {
        for (text, reason) in [
            ("0 0.5 0.5 0.5 1\ncat 0 0 1 1", "\"cat\" is not a class number"),
            ("\n0 0.5 x 1 1", "\"x\" is not a number"),
            ("\n0 0.5 0.5 1", "3 numbers behind the class are neither a box nor a polygon"),
            ("\n0 120 80 30 40", "120 is no share of the image"),
        ] {
            assert_eq!(parse(text, "a.txt", &ClassNames::new()), Err(Fault::new("line 2", reason)));
        }
    }
}
