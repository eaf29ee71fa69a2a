//! The whole way from a file's bytes to a graph.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::error::{OnnxError, Result as NodeResult, Why};
use super::names::{Origin, names};
use super::narrow::narrow;
use super::operators::{Call, operator};
use super::read::{Declared, Model, Node, StoredTensor, is_standard};
use super::stored::{Beside, constant};
use super::tokens::detour;
use super::tracer::Tracer;
use super::value::{Traced, Value};
use super::{patterns, read::Element};
use crate::graph::{Graph, GraphBuilder, NodeId, Op, TensorOp};

type Result<T> = std::result::Result<T, OnnxError>;

/// Largest side of an input, in pixels.
const MAX_SIDE: usize = 4096;

/// Where a network expects the colours of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `(n, 3, h, w)`: PyTorch.
    ChannelsFirst,
    /// `(n, h, w, 3)`: Keras. The imported graph reads `(n, 3, h, w)` all the same.
    ChannelsLast,
}

/// What values a network expects of a picture's pixels, as far as its first operations show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelRange {
    /// It reads them as they come: they must be prepared as in its training.
    Unknown,
    /// It normalises values of 0 to 1 by itself.
    Unit,
    /// It normalises values of 0 to 255 by itself.
    Bytes,
}

/// A classifier that was read from an ONNX file.
#[derive(Debug)]
pub struct Imported {
    /// Reads `(n, 3, h, w)`, returns scores `(n, classes)`, before the softmax if the file ends in one.
    pub graph: Graph,
    /// Height and width of the input, in pixels.
    pub size: [usize; 2],
    /// How the file itself declares the input.
    pub layout: Layout,
    /// What it does to the pixels' values before anything else.
    pub pixels: PixelRange,
    /// Number of scores.
    pub classes: usize,
    /// The last layer that is a map of several cells.
    pub target_layer: String,
    /// What the file notes about its classes: JSON, or a list as Python prints it.
    pub class_notes: Option<String>,
    /// Names of the files beside it that its weights were read from.
    pub files: Vec<String>,
}

/// Reads an ONNX file. `folder` is where weights are looked for that are not in the file; `open` is the height and width,
/// in pixels, of an input that the file leaves open.
///
/// # Errors
/// If the file is damaged, uses an operator that is not supported (which is named, with its node), or is no classifier of colour
/// images.
pub fn import(file: &[u8], folder: &Path, open: [usize; 2]) -> Result<Imported> {
    let mut model = Model::read(file)?;
    patterns::join(&mut model);
    let output = scores(&model)?;
    let live = live(&model, output);
    let (input, layout, size) = picture(&model, &live, open)?;
    let mut work = Work::new(&model, &live, folder, size);
    work.values.insert(input, work.input(layout));
    for (i, node) in model.nodes.iter().enumerate().filter(|(i, _)| live.nodes[*i]) {
        work.node(i, node)?;
    }
    let (classes, end) = work.end(output)?;
    let (graph, target_layer) = finish(&model, &work.tracer, end)?;
    let pixels = pixels(&graph);
    let class_notes = model.notes.iter().find(|(key, _)| is_class_note(key)).map(|(_, value)| (*value).to_owned());
    Ok(Imported { graph, size, layout, pixels, classes, target_layer, class_notes, files: work.beside.names() })
}

/// Whether a note's name says that it lists the classes.
fn is_class_note(key: &str) -> bool {
    matches!(key, "names" | "classes" | "class_names" | "labels" | "id2label" | "class_to_idx")
}

/// The output that holds the scores: the only one, or the one called so, or the first that is a row of values. A softmax behind them
/// is left out.
fn scores<'a>(model: &Model<'a>) -> Result<&'a str> {
    let is_row = |output: &&Declared<'_>| output.shape.len() == 2;
    let named = |output: &&Declared<'_>| matches!(output.name, "logits" | "output" | "scores" | "probabilities");
    let outputs = &model.outputs;
    let chosen = outputs.iter().find(|o| named(o) && is_row(o)).or_else(|| outputs.iter().find(is_row));
    let Some(output) = chosen.or(outputs.first()) else {
        return Err(OnnxError::Output { name: String::new(), why: "the file declares none".into() });
    };
    let maker = |name: &str| model.nodes.iter().find(|node| node.outputs.contains(&name));
    let mut name = output.name;
    let mut seen = HashSet::new();
    while let Some(node) = maker(name).filter(|node| is_standard(node.domain) && seen.insert(node.outputs[0])) {
        match (node.op, node.inputs.first()) {
            ("Softmax" | "LogSoftmax", Some(before)) => return Ok(before),
            ("Identity" | "Cast" | "Dropout" | "Flatten" | "Reshape" | "Squeeze", Some(before)) => name = before,
            _ => break,
        }
    }
    Ok(output.name)
}

/// What the scores depend on.
struct Live<'a> {
    nodes: Vec<bool>,
    /// How often each name is read.
    reads: HashMap<&'a str, usize>,
}

fn live<'a>(model: &Model<'a>, output: &'a str) -> Live<'a> {
    let mut reads: HashMap<&str, usize> = HashMap::from([(output, 1)]);
    let mut nodes = vec![false; model.nodes.len()];
    for (i, node) in model.nodes.iter().enumerate().rev() {
        if node.outputs.iter().any(|name| reads.contains_key(name)) {
            nodes[i] = true;
            for name in node.inputs.iter().filter(|name| !name.is_empty()) {
                *reads.entry(name).or_default() += 1;
            }
        }
    }
    Live { nodes, reads }
}

/// The input that is a picture: its name, layout, height and width.
fn picture<'a>(model: &Model<'a>, live: &Live<'_>, open: [usize; 2]) -> Result<(&'a str, Layout, [usize; 2])> {
    let constants: HashSet<&str> = model.constants.iter().map(|constant| constant.name).collect();
    let inputs = model.inputs.iter().filter(|i| live.reads.contains_key(i.name) && !constants.contains(i.name));
    let inputs: Vec<&Declared<'_>> = inputs.collect();
    let wrong = |name: &str, why: Why| Err(OnnxError::Input { name: name.to_owned(), why });
    let input = match inputs[..] {
        [input] => input,
        [] => return wrong("", "the scores depend on none".into()),
        [first, ..] => {
            return wrong(
                first.name,
                format!("it is one of {} inputs, but a picture is all there is", inputs.len()).into(),
            );
        }
    };
    if !matches!(input.element, Element::F32 | Element::F16 | Element::Bf16 | Element::F64) {
        return wrong(
            input.name,
            format!("its values are of type {:?}; numbers with fractions are needed", input.element).into(),
        );
    }
    let (layout, height, width) = match input.shape[..] {
        [_, Some(3), h, w] => (Layout::ChannelsFirst, h, w),
        [_, h, w, Some(3)] => (Layout::ChannelsLast, h, w),
        _ => {
            let shown: Vec<String> =
                input.shape.iter().map(|size| size.map_or_else(|| "?".to_owned(), |size| size.to_string())).collect();
            return wrong(input.name, format!("a shape of {} is not that of a colour image", shown.join(" × ")).into());
        }
    };
    let size = [height.unwrap_or(open[0]), width.unwrap_or(open[1])];
    if size.iter().any(|side| !(1..=MAX_SIDE).contains(side)) {
        return wrong(input.name, format!("{} × {} pixels are too many", size[1], size[0]).into());
    }
    Ok((input.name, layout, size))
}

/// The state of an import.
struct Work<'m, 'a> {
    tracer: Tracer,
    opset: i64,
    live: &'m Live<'a>,
    /// What has been computed or read and is still going to be read.
    values: HashMap<&'a str, Value>,
    /// How often each name is still going to be read.
    unread: HashMap<&'a str, usize>,
    stored: HashMap<&'a str, &'m StoredTensor<'a>>,
    beside: Beside,
}

impl<'m, 'a> Work<'m, 'a> {
    fn new(model: &'m Model<'a>, live: &'m Live<'a>, folder: &Path, [height, width]: [usize; 2]) -> Self {
        Self {
            tracer: Tracer::new(3, height, width),
            opset: model.opset,
            live,
            values: HashMap::new(),
            unread: live.reads.clone(),
            stored: model.constants.iter().map(|constant| (constant.name, constant)).collect(),
            beside: Beside::new(folder),
        }
    }

    fn input(&self, layout: Layout) -> Value {
        let picture = Traced { alone: false, ..self.tracer.traced(NodeId::INPUT) };
        match layout {
            Layout::ChannelsFirst => picture.into(),
            Layout::ChannelsLast => picture.permuted(&[0, 2, 3, 1]).into(),
        }
    }

    /// Follows one node.
    fn node(&mut self, index: usize, node: &'m Node<'a>) -> Result<()> {
        let Some(apply) = operator(node) else {
            let op = if is_standard(node.domain) { node.op.to_owned() } else { format!("{}.{}", node.domain, node.op) };
            return Err(OnnxError::Operator { op, node: shown(node) });
        };
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for name in &node.inputs {
            inputs.push(if name.is_empty() { None } else { Some(self.value(name, node)?) });
        }
        self.tracer.begin(Some(index));
        let results = apply(&mut self.tracer, &Call { node, inputs, opset: self.opset })
            .map_err(|why| OnnxError::Node { op: node.op.to_owned(), node: shown(node), why })?;
        for (name, value) in node.outputs.iter().zip(results) {
            let reads = self.live.reads.get(name).copied().unwrap_or(0);
            let value = match value {
                Value::Traced(traced) => Value::Traced(Traced { alone: traced.alone && reads == 1, ..traced }),
                constant => constant,
            };
            self.values.insert(name, value);
        }
        Ok(())
    }

    fn value(&mut self, name: &'a str, reader: &Node<'_>) -> Result<Value> {
        let unread = self.unread.entry(name).or_default();
        *unread = unread.saturating_sub(1);
        let last = *unread == 0;
        if let Some(value) = if last { self.values.remove(name) } else { self.values.get(name).cloned() } {
            return Ok(value);
        }
        let Some(stored) = self.stored.get(name) else {
            return Err(OnnxError::Order { node: shown(reader), value: name.to_owned() });
        };
        let tensor = constant(&mut self.tracer, stored, Some(&self.beside))
            .map_err(|why| OnnxError::Constant { name: name.to_owned(), why })?;
        let value = Value::Constant(tensor);
        if !last {
            self.values.insert(name, value.clone());
        }
        Ok(value)
    }

    /// The number of scores and the node that returns them as `(1, classes)`.
    fn end(&mut self, output: &str) -> Result<(usize, NodeId)> {
        let wrong = |why: Why| OnnxError::Output { name: output.to_owned(), why };
        let Some(Value::Traced(scores)) = self.values.get(output).cloned() else {
            return Err(wrong("it does not depend on the image".into()));
        };
        let shape = scores.shape();
        let classes: usize = shape.iter().product();
        if shape.iter().filter(|size| **size > 1).count() > 1 {
            return Err(wrong(format!("a shape of {shape:?} is no row of scores, one for each class").into()));
        }
        self.tracer.begin(None);
        let node = self.row(&scores, classes).map_err(wrong)?;
        Ok((classes, node))
    }

    fn row(&mut self, scores: &Traced, classes: usize) -> NodeResult<NodeId> {
        if scores.stored[..] == [1, classes] {
            return Ok(scores.node);
        }
        if self.tracer.is_map(scores.node) {
            return self.tracer.push(Op::Flatten, &[scores.node]);
        }
        self.tracer.push(Op::Tensor(TensorOp::Reshape(vec![1, classes])), &[scores.node])
    }
}

/// What a node is called in messages.
fn shown(node: &Node<'_>) -> String {
    let output = node.outputs.first().copied().unwrap_or_default();
    if node.name.is_empty() { output.to_owned() } else { node.name.to_owned() }
}

/// The network with names, and the name of its target layer.
fn finish(model: &Model<'_>, tracer: &Tracer, end: NodeId) -> Result<(Graph, String)> {
    let wrong = |why: Why| OnnxError::Output { name: "scores".into(), why };
    let (mut tracer, mut end) = narrow(tracer, end).map_err(wrong)?;
    let mut tokens = None;
    if let Some((detoured, behind, map)) = detour(&tracer, end).map_err(wrong)? {
        (tracer, end, tokens) = (detoured, behind, Some(map));
    }
    // A node's last part has its name.
    let mut origins: Vec<Option<Origin>> = vec![None; tracer.nodes.len()];
    let mut last: HashMap<usize, usize> = HashMap::new();
    last.extend(tracer.origins.iter().enumerate().filter_map(|(i, origin)| Some(((*origin)?, i))));
    if let Some(map) = tokens
        && let Some(origin) = tracer.origins[map.index()]
    {
        last.insert(origin, map.index());
    }
    for (origin, i) in tracer.origins.iter().zip(0..).filter_map(|(origin, i)| Some(((*origin)?, i))) {
        if last.get(&origin) == Some(&i) {
            origins[i] = Some(Origin::new(&model.nodes[origin]));
        }
    }
    let mut builder = GraphBuilder::new(3);
    let mut named = names(&origins).into_iter().skip(1);
    for node in tracer.nodes.into_iter().skip(1) {
        let mut names = named.next().unwrap_or_default().into_iter();
        let id = builder.push(names.next().unwrap_or_default(), node.op, &node.inputs);
        for alias in names {
            builder.also(alias, id);
        }
    }
    let graph = builder.finish(&[end]).map_err(|e| wrong(e.into()))?;
    let target = target(&graph, &tracer.shapes).ok_or(OnnxError::NoMap)?;
    let name = graph.node(target).name.clone();
    Ok((graph, name))
}

/// What a network that scales its input expects: the factor tells whether bytes or numbers up to 1 come in.
fn pixels(graph: &Graph) -> PixelRange {
    let mut from = NodeId::INPUT;
    let mut range = PixelRange::Unknown;
    for (i, node) in graph.nodes().iter().enumerate().skip(1) {
        let Op::ChannelAffine { scale, .. } = &node.op else { break };
        if node.inputs != [from] {
            break;
        }
        let factor = scale.to_vec1::<f32>().ok().and_then(|scale| scale.first().copied()).unwrap_or(1.0).abs();
        range = match range {
            _ if factor < 0.1 => PixelRange::Bytes,
            PixelRange::Unknown => PixelRange::Unit,
            known => known,
        };
        from = NodeId(i);
    }
    range
}

/// The last map of several cells that all else runs through.
fn target(graph: &Graph, shapes: &[Vec<usize>]) -> Option<NodeId> {
    let has_cells = |id: &NodeId| shapes[id.index()][2] * shapes[id.index()][3] > 1;
    let classes = graph.outputs().first().and_then(|output| shapes[output.index()].last());
    let cuts: Vec<NodeId> = graph.cuts().into_iter().filter(has_cells).collect();
    // A map with one channel a class is scores already, not features.
    let has_features = |id: &&NodeId| shapes[id.index()].get(1) != classes;
    cuts.iter().rfind(has_features).or(cuts.last()).copied()
}
