//! Class lists: which class each output of a network stands for.

use serde_json::Value;

use super::CardError;

/// A network's classes in the order of its outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Names; two classes may share one.
    pub names: Vec<String>,
    /// Ids that tell all classes apart, such as WordNet's; as many as names, or none at all.
    pub ids: Vec<String>,
}

impl Classes {
    /// Classes that have names only.
    pub fn from_names(names: Vec<String>) -> Self {
        Self { names, ids: Vec::new() }
    }

    /// Reads a class list of any of the usual forms.
    ///
    /// - JSON: `["cat", "dog"]`; `{"0": "cat", "1": "dog"}`; `{"0": ["n02123045", "cat"], …}` (Keras); `{"cat": 0, "dog": 1}`
    ///   (torchvision's `class_to_idx`); any of these under the key `classes`, `class_names`, `labels`, `id2label` or
    ///   `class_to_idx` (a checkpoint's configuration).
    /// - CSV of two or more columns: the one called `name`, `class`, `class_name` or `label`, in the order of the column `index`, `id`
    ///   or `class_id` if its values are whole numbers; without such headings, if the first cell is a number, that is the
    ///   class's and the name follows.
    /// - Text: one class a line, a name, or an id, a tab and a name.
    ///
    /// # Errors
    /// If the list is empty, has an empty line or name, or its numbers are not 0 to n - 1.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let text = text.trim_start_matches('\u{feff}').trim_end();
        if text.starts_with(['[', '{']) {
            return json(text);
        }
        match csv_rows(text) {
            Some(rows) => table(&rows),
            None => lines(text),
        }
    }
}

fn lines(text: &str) -> Result<Classes, CardError> {
    let mut classes = Classes::from_names(Vec::new());
    for (i, line) in text.split('\n').enumerate() {
        let line = line.trim_end_matches('\r');
        let (id, name) = line.split_once('\t').map_or((None, line), |(id, name)| (Some(id), name));
        if name.trim().is_empty() {
            return Err(CardError::EmptyClass { line: i + 1 });
        }
        classes.names.push(name.trim().to_owned());
        classes.ids.extend(id.map(|id| id.trim().to_owned()));
    }
    if classes.ids.len() != classes.names.len() {
        classes.ids.clear();
    }
    Ok(classes)
}

fn not_understood(what: impl Into<String>) -> CardError {
    CardError::ClassList(what.into())
}

/// Names in the order of their numbers, which must be 0 to n - 1.
fn in_order<T>(mut numbered: Vec<(usize, T)>) -> Result<Vec<T>, CardError> {
    numbered.sort_by_key(|(number, _)| *number);
    match numbered.iter().enumerate().find(|(i, (number, _))| i != number) {
        Some((i, _)) => Err(not_understood(format!("no class, or more than one, has the number {i}"))),
        None => Ok(numbered.into_iter().map(|(_, class)| class).collect()),
    }
}

fn json(text: &str) -> Result<Classes, CardError> {
    const WITHIN: [&str; 5] = ["classes", "class_names", "labels", "id2label", "class_to_idx"];
    let value: Value = serde_json::from_str(text).map_err(|e| not_understood(e.to_string()))?;
    let value = WITHIN.iter().find_map(|key| value.get(key)).unwrap_or(&value);
    let classes = match value {
        Value::Array(items) => items.iter().map(json_class).collect::<Option<Vec<_>>>(),
        Value::Object(map) => {
            let numbered = map.iter().map(|(key, value)| match (key.parse(), value.as_u64()) {
                (Ok(number), None) => Some((number, json_class(value)?)),
                (_, Some(number)) => Some((usize::try_from(number).ok()?, (None, key.clone()))),
                _ => None,
            });
            numbered.collect::<Option<Vec<_>>>().map(in_order).transpose()?
        }
        _ => None,
    };
    let classes =
        classes.ok_or_else(|| not_understood("it is neither a list of names nor names with their numbers"))?;
    if classes.is_empty() || classes.iter().any(|(_, name)| name.trim().is_empty()) {
        return Err(not_understood("it is empty or a name is"));
    }
    let (ids, names): (Vec<_>, Vec<_>) = classes.into_iter().unzip();
    Ok(Classes { names, ids: ids.into_iter().collect::<Option<_>>().unwrap_or_default() })
}

/// A name, or an id and a name.
fn json_class(value: &Value) -> Option<(Option<String>, String)> {
    match value {
        Value::String(name) => Some((None, name.clone())),
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(id), Value::String(name)] => Some((Some(id.clone()), name.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// The cells of a CSV file of two or more columns; `None` for text that only contains commas.
fn csv_rows(text: &str) -> Option<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text.as_bytes());
    let rows = reader.records().map(|row| Some(row.ok()?.iter().map(String::from).collect::<Vec<_>>()));
    let rows = rows.collect::<Option<Vec<_>>>()?;
    let first = rows.first()?;
    // Names such as "tench, Tinca tinca" make a text look like a table.
    let known = first.iter().any(|cell| is_heading(cell, &NAMES)) || first[0].parse::<usize>().is_ok();
    (first.len() > 1 && known).then_some(rows)
}

const NAMES: [&str; 4] = ["name", "class", "class_name", "label"];
const NUMBERS: [&str; 3] = ["index", "id", "class_id"];

fn is_heading(cell: &str, headings: &[&str]) -> bool {
    headings.iter().any(|heading| cell.eq_ignore_ascii_case(heading))
}

fn table(rows: &[Vec<String>]) -> Result<Classes, CardError> {
    let column = |headings: &[&str]| rows[0].iter().position(|cell| is_heading(cell, headings));
    let (name, number, body) = match column(&NAMES) {
        Some(name) => (name, column(&NUMBERS), &rows[1..]),
        None => (1, Some(0), rows),
    };
    if let Some(row) = body.iter().position(|row| row[name].is_empty()) {
        return Err(CardError::EmptyClass { line: rows.len() - body.len() + row + 1 });
    }
    let numbered = body.iter().map(|row| Some((row[number?].parse().ok()?, row[name].clone())));
    let names = match numbered.collect::<Option<Vec<_>>>() {
        Some(numbered) => in_order(numbered)?,
        None => body.iter().map(|row| row[name].clone()).collect(),
    };
    if names.is_empty() {
        return Err(not_understood("it is empty"));
    }
    Ok(Classes::from_names(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_with_and_without_ids() -> anyhow::Result<()> {
        let with = Classes::parse("n1\tcrane\r\nn2\tcrane\n")?;
        assert_eq!((with.names, with.ids), (vec!["crane".into(), "crane".into()], vec!["n1".into(), "n2".into()]));
        assert_eq!(Classes::parse("cat\nhot dog")?, Classes::from_names(vec!["cat".into(), "hot dog".into()]));
        Ok(())
    }

    #[test]
    fn an_empty_class_is_told_with_its_line() {
        assert!(matches!(Classes::parse("cat\n\ndog"), Err(CardError::EmptyClass { line: 2 })));
        assert!(matches!(Classes::parse(""), Err(CardError::EmptyClass { line: 1 })));
    }

    fn names(text: &str) -> Result<Vec<String>, String> {
        Classes::parse(text).map(|c| c.names).map_err(|e| e.to_string())
    }

    #[test]
    fn lists_in_json_are_read_by_position_or_number() {
        let expected = Ok(vec!["cat".to_owned(), "dog".to_owned()]);
        for text in [
            r#"["cat", "dog"]"#,
            r#"{"1": "dog", "0": "cat"}"#,
            r#"{"dog": 1, "cat": 0}"#,
            r#"{"model": "x", "id2label": {"0": "cat", "1": "dog"}}"#,
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn keras_lists_have_ids() -> anyhow::Result<()> {
        let classes = Classes::parse(r#"{"0": ["n1", "tench"], "1": ["n2", "goldfish"]}"#)?;
        assert_eq!(classes.ids, ["n1", "n2"]);
        Ok(())
    }

    #[test]
    fn tables_are_read_by_heading_or_as_number_and_name() {
        let expected = Ok(vec!["cat".to_owned(), "hot dog".to_owned()]);
        for text in ["index,name\n1,hot dog\n0,cat\n", "name,colour\ncat,grey\n\"hot dog\",red", "0,cat\n1,hot dog"] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn commas_in_names_make_no_table() {
        assert_eq!(names("tench, Tinca tinca\ngoldfish, Carassius auratus").map(|n| n.len()), Ok(2));
    }

    #[test]
    fn lists_that_leave_a_class_out_are_refused() {
        for text in [r#"{"0": "cat", "2": "dog"}"#, r#"{"cat": 0, "dog": 0}"#, "0,cat\n2,dog"] {
            assert!(names(text).is_err_and(|e| e.contains("has the number")), "{text}");
        }
        for text in ["[]", "[1]", "{\"a\": [1]}", "[\"\"]", "name,index\n", "index,name\n0,"] {
            assert!(names(text).is_err(), "{text}");
        }
    }
}
