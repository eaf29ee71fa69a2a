//! Functions that exporters write as several nodes, found again: GELU, SiLU, hard swish, layer norm.

use std::collections::HashMap;

use super::read::{Attribute, Model, Node, Payload, StoredTensor};

/// Replaces the last node of each pattern by one that stands for all. The others stay; nothing reads them any more.
pub(super) fn join(model: &mut Model<'_>) {
    let mut found = Vec::new();
    let view = View::new(model);
    for (i, node) in model.nodes.iter().enumerate() {
        let pattern = match node.op {
            "Mul" => view.gelu(i).or_else(|| view.silu(i)).or_else(|| view.hard_swish(i)),
            "Div" => view.hard_swish(i),
            "Add" => view.layer_norm(i),
            _ => None,
        };
        found.extend(pattern.map(|pattern| (i, pattern)));
    }
    for (i, pattern) in found {
        let node = &mut model.nodes[i];
        node.op = pattern.op;
        node.inputs = pattern.inputs;
        node.attributes = pattern.attributes;
    }
}

/// What a node becomes.
struct Pattern<'a> {
    op: &'static str,
    inputs: Vec<&'a str>,
    attributes: Vec<(&'static str, Attribute<'a>)>,
}

/// Who computes each name, and the constants.
struct View<'m, 'a> {
    model: &'m Model<'a>,
    makers: HashMap<&'a str, usize>,
    constants: HashMap<&'a str, &'m StoredTensor<'a>>,
}

impl<'m, 'a> View<'m, 'a> {
    fn new(model: &'m Model<'a>) -> Self {
        let mut makers = HashMap::new();
        for (i, node) in model.nodes.iter().enumerate() {
            makers.extend(node.outputs.iter().map(|output| (*output, i)));
        }
        let constants = model.constants.iter().map(|constant| (constant.name, constant)).collect();
        Self { model, makers, constants }
    }

    /// The node that computes a name, if it is of this operator.
    fn maker(&self, name: &str, op: &str) -> Option<&'m Node<'a>> {
        let node = &self.model.nodes[*self.makers.get(name)?];
        (node.op == op && node.domain.is_empty()).then_some(node)
    }

    /// The only value of a constant.
    fn scalar(&self, name: &str) -> Option<f32> {
        let stored = match self.constants.get(name) {
            Some(stored) => stored,
            None => match self.maker(name, "Constant")?.attribute("value")? {
                Attribute::Tensor(stored) => stored,
                _ => return None,
            },
        };
        if stored.dims.iter().any(|size| *size != 1) {
            return None;
        }
        match &stored.payload {
            Payload::Raw(raw) => Some(f32::from_le_bytes((*raw).try_into().ok()?)),
            Payload::Floats(values) => values.first().copied(),
            _ => None,
        }
    }

    fn is(&self, name: &str, value: f32) -> bool {
        self.scalar(name).is_some_and(|found| (found - value).abs() < 1e-4 * value.abs().max(1e-3))
    }

    /// Both inputs of a node, in both orders.
    fn either(&self, node: &Node<'a>) -> Vec<(&'a str, &'a str)> {
        match node.inputs[..] {
            [a, b] => vec![(a, b), (b, a)],
            _ => Vec::new(),
        }
    }

    /// The other factor of a product with a constant.
    fn scaled(&self, name: &str, factor: f32) -> Option<&'a str> {
        if let Some(node) = self.maker(name, "Mul") {
            return self.either(node).into_iter().find(|(_, c)| self.is(c, factor)).map(|(x, _)| x);
        }
        let node = self.maker(name, "Div")?;
        (node.inputs.len() == 2 && self.is(node.inputs[1], 1.0 / factor)).then(|| node.inputs[0])
    }

    fn added(&self, name: &str, term: f32) -> Option<&'a str> {
        let node = self.maker(name, "Add")?;
        self.either(node).into_iter().find(|(_, c)| self.is(c, term)).map(|(x, _)| x)
    }

    /// `x` of `1 + erf(x / sqrt 2)`.
    fn erf_gate(&self, name: &str) -> Option<&'a str> {
        let erf = self.maker(self.added(name, 1.0)?, "Erf")?;
        self.scaled(erf.inputs.first()?, std::f32::consts::FRAC_1_SQRT_2)
    }

    fn gelu(&self, last: usize) -> Option<Pattern<'a>> {
        let node = &self.model.nodes[last];
        for (a, b) in self.either(node) {
            // (x * gate) * 0.5, or (0.5 * x) * gate, or x * (0.5 * gate)
            let x = if self.is(b, 0.5) {
                let product = self.maker(a, "Mul")?;
                self.either(product).into_iter().find(|(x, gate)| self.erf_gate(gate) == Some(*x)).map(|(x, _)| x)
            } else if let Some(x) = self.erf_gate(b) {
                self.scaled(a, 0.5).filter(|half| *half == x)
            } else {
                self.scaled(b, 0.5).and_then(|gate| self.erf_gate(gate)).filter(|x| *x == a)
            };
            if let Some(x) = x {
                return Some(Pattern { op: "Gelu", inputs: vec![x], attributes: Vec::new() });
            }
        }
        None
    }

    fn silu(&self, last: usize) -> Option<Pattern<'a>> {
        let pair = self.either(&self.model.nodes[last]).into_iter().find_map(|(x, gate)| {
            if let Some(sigmoid) = self.maker(gate, "Sigmoid") {
                return (sigmoid.inputs[..] == [x]).then_some(("Swish", x));
            }
            let hard = self.maker(gate, "HardSigmoid")?;
            let factor = match hard.attribute("alpha") {
                Some(Attribute::Float(alpha)) => *alpha,
                _ => 0.2,
            };
            let is_sixth = (factor - 1.0 / 6.0).abs() < 1e-6;
            (is_sixth && hard.inputs[..] == [x]).then_some(("HardSwish", x))
        });
        pair.map(|(op, x)| Pattern { op, inputs: vec![x], attributes: Vec::new() })
    }

    /// `x * clip(x + 3, 0, 6) / 6`
    fn hard_swish(&self, last: usize) -> Option<Pattern<'a>> {
        let node = &self.model.nodes[last];
        let product = self.scaled(node.outputs.first()?, 1.0 / 6.0)?;
        let product = self.maker(product, "Mul")?;
        let x = self.either(product).into_iter().find_map(|(x, gate)| {
            let clip = self.maker(gate, "Clip")?;
            let inputs = clip.inputs.get(..3)?;
            let bounds = self.is(inputs[1], 0.0) && self.is(inputs[2], 6.0);
            (bounds && self.added(inputs[0], 3.0) == Some(x)).then_some(x)
        })?;
        Some(Pattern { op: "HardSwish", inputs: vec![x], attributes: Vec::new() })
    }

    /// `(x - mean) / sqrt(mean((x - mean)^2) + eps) * weight + bias` along the last axis.
    fn layer_norm(&self, last: usize) -> Option<Pattern<'a>> {
        let node = &self.model.nodes[last];
        for (scaled, bias) in self.either(node) {
            let Some(product) = self.maker(scaled, "Mul").filter(|_| self.constants.contains_key(bias)) else {
                continue;
            };
            for (normed, weight) in self.either(product) {
                let Some(division) = self.maker(normed, "Div").filter(|_| self.constants.contains_key(weight)) else {
                    continue;
                };
                let &[centred, root] = division.inputs.as_slice() else { continue };
                let Some((x, eps)) = self.centred_over(centred, root) else { continue };
                let attributes = vec![("axis", Attribute::Integer(-1)), ("epsilon", Attribute::Float(eps))];
                return Some(Pattern { op: "LayerNormalization", inputs: vec![x, weight, bias], attributes });
            }
        }
        None
    }

    /// `x` and `eps` of `x - mean` and `sqrt(mean((x - mean)^2) + eps)`.
    fn centred_over(&self, centred: &str, root: &str) -> Option<(&'a str, f32)> {
        let difference = self.maker(centred, "Sub")?;
        let &[x, mean] = difference.inputs.as_slice() else { return None };
        let sum = self.maker(self.maker(root, "Sqrt")?.inputs.first()?, "Add")?;
        let (variance, eps) = self.either(sum).into_iter().find_map(|(v, eps)| Some((v, self.scalar(eps)?)))?;
        let square = self.maker(self.mean_of(variance)?, "Pow")?;
        let &[base, exponent] = square.inputs.as_slice() else { return None };
        (base == centred && self.is(exponent, 2.0) && self.mean_of(mean)? == x).then_some((x, eps))
    }

    /// What a mean along the last axis is taken of.
    fn mean_of(&self, name: &str) -> Option<&'a str> {
        let node = self.maker(name, "ReduceMean")?;
        let last = matches!(node.attribute("axes"), Some(Attribute::Integers(axes)) if axes[..] == [-1]);
        let keeps = !matches!(node.attribute("keepdims"), Some(Attribute::Integer(0)));
        (last && keeps).then(|| node.inputs.first().copied())?
    }
}
