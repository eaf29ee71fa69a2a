//! Reading XML with errors that name the line and the element.

use std::str::FromStr;

use roxmltree::{Document, Node};

use super::Fault;

pub(super) fn parse(text: &str) -> Result<Document<'_>, Fault> {
    Document::parse(text).map_err(|e| Fault::new(format!("line {}", e.pos().row), e.to_string()))
}

/// The line of an element, and its name.
fn place(node: Node<'_, '_>) -> String {
    let line = node.document().text_pos_at(node.range().start).row;
    format!("line {line}, <{}>", node.tag_name().name())
}

pub(super) fn fault(node: Node<'_, '_>, reason: impl Into<String>) -> Fault {
    Fault::new(place(node), reason)
}

/// The elements of that name right below `node`.
pub(super) fn children<'a, 'i>(node: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |n| n.has_tag_name(name))
}

pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Result<Node<'a, 'i>, Fault> {
    children(node, name).next().ok_or_else(|| fault(node, format!("has no <{name}>")))
}

/// The text of an element without the space around it; empty where there is none.
pub(super) fn text<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

/// The number in the element of that name right below `node`.
pub(super) fn child_number<T: FromStr>(node: Node<'_, '_>, name: &str) -> Result<T, Fault> {
    let node = child(node, name)?;
    text(node).parse().ok().ok_or_else(|| fault(node, format!("{:?} is not a number", text(node))))
}

pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str, Fault> {
    node.attribute(name).ok_or_else(|| fault(node, format!("has no attribute {name:?}")))
}

pub(super) fn attribute_number<T: FromStr>(node: Node<'_, '_>, name: &str) -> Result<T, Fault> {
    let value = attribute(node, name)?;
    value.trim().parse().ok().ok_or_else(|| fault(node, format!("attribute {name:?} is {value:?}, not a number")))
}
