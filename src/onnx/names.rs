//! What nodes are called: by the module of the network's source whose last node they are, as far as the exporter noted that.

use std::collections::{BTreeMap, BTreeSet};

use super::read::Node;

/// Names of an ONNX node, in the file's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// Of the node itself.
    pub(super) name: String,
    /// Of the modules that it is in, the outermost first.
    modules: Vec<String>,
}

impl Origin {
    pub(super) fn new(node: &Node<'_>) -> Self {
        let noted = node.notes.iter().find(|(key, _)| key.ends_with("name_scopes"));
        let modules = match noted {
            Some((_, scopes)) => from_list(scopes),
            None => from_path(node.name),
        };
        let output = node.outputs.first().copied().unwrap_or_default();
        let name = if node.name.is_empty() { output } else { node.name };
        Self { name: name.trim_start_matches('/').to_owned(), modules }
    }
}

/// From a note of PyTorch's newer exporter: a list as Python prints it, of the whole network, its modules, and the function.
fn from_list(scopes: &str) -> Vec<String> {
    let inner = scopes.trim().trim_start_matches('[').trim_end_matches(']');
    let mut names: Vec<&str> = inner.split(", ").map(|name| name.trim_matches(['\'', '"'])).collect();
    names.pop();
    names.into_iter().filter(|name| !name.is_empty()).map(String::from).collect()
}

/// From a name that PyTorch's older exporter gave: `/layer4/layer4.1/conv1/Conv` is in `layer4.1.conv1`.
fn from_path(name: &str) -> Vec<String> {
    let Some(path) = name.strip_prefix('/') else { return Vec::new() };
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    let mut modules: Vec<String> = Vec::new();
    let mut above = "";
    for part in parts {
        let module = match (modules.last(), part.strip_prefix(above).filter(|rest| rest.starts_with('.'))) {
            (Some(outer), Some(rest)) => format!("{outer}{rest}"),
            (Some(outer), None) => format!("{outer}.{part}"),
            (None, _) => part.to_owned(),
        };
        modules.push(module);
        above = part;
    }
    modules
}

/// The first and the other names of each node, from where they come: all different. A node that is the last of a module is
/// called by it, of several by the outermost one; every node also keeps the file's name.
pub(super) fn names(origins: &[Option<Origin>]) -> Vec<Vec<String>> {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, origin) in origins.iter().enumerate() {
        for module in origin.iter().flat_map(|origin| &origin.modules) {
            last.insert(module, i);
        }
    }
    let mut taken = BTreeSet::from(["input".to_owned()]);
    let mut named = vec![Vec::new(); origins.len()];
    // Modules first, so that no node's own name takes theirs.
    for (i, origin) in origins.iter().enumerate() {
        let modules = origin.iter().flat_map(|origin| &origin.modules).filter(|module| last[module.as_str()] == i);
        for module in modules {
            if taken.insert(module.clone()) {
                named[i].push(module.clone());
            }
        }
    }
    for (i, origin) in origins.iter().enumerate() {
        let name = origin.as_ref().map_or("node", |origin| origin.name.as_str());
        if origin.is_some() && taken.insert(name.to_owned()) {
            named[i].push(name.to_owned());
        } else if named[i].is_empty() {
            let mut name = format!("{name}.{i}");
            while !taken.insert(name.clone()) {
                name.push('_');
            }
            named[i].push(name);
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_those_of_the_source() {
        let new = "['', 'layer4', 'layer4.1', 'layer4.1.relu', 'relu_16']";
        assert_eq!(from_list(new), ["layer4", "layer4.1", "layer4.1.relu"]);
        assert_eq!(from_path("/layer4/layer4.1/conv1/Conv"), ["layer4", "layer4.1", "layer4.1.conv1"]);
        let nested = from_path("/features/features.1/conv/conv.0/conv.0.0/Conv");
        assert_eq!(nested.last().map(String::as_str), Some("features.1.conv.0.0"));
        assert_eq!(from_path("model/conv1/Conv2D"), [""; 0]);
    }

    #[test]
    fn a_modules_last_node_has_its_name() {
        let origin = |name: &str, modules: &[&str]| {
            let modules = modules.iter().map(|m| (*m).to_owned()).collect();
            Some(Origin { name: name.to_owned(), modules })
        };
        let origins =
            [None, origin("a", &["layer4", "layer4.0"]), origin("b", &["layer4", "layer4.1"]), origin("b", &[])];
        let expected = [vec!["node.0"], vec!["layer4.0", "a"], vec!["layer4", "layer4.1", "b"], vec!["b.3"]];
        assert_eq!(names(&origins), expected);
    }
}
