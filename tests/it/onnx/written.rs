//! Small ONNX files, written field by field: `onnx.proto` gives the numbers.

/// A message in the making.
#[derive(Clone, Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(super) fn integer(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value.cast_unsigned());
        self
    }

    pub(super) fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }
}

/// A constant of f32 values, all alike.
pub(super) fn weights(name: &str, dims: &[i64], value: f32) -> Message {
    let count = dims.iter().product::<i64>() as usize;
    let tensor = dims.iter().fold(Message::default(), |m, d| m.integer(1, *d)).integer(2, 1).text(8, name);
    tensor.bytes(9, &value.to_le_bytes().repeat(count))
}

/// A constant list of integers.
pub(super) fn integers(name: &str, values: &[i64]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Message::default().integer(1, values.len() as i64).integer(2, 7).text(8, name).bytes(9, &raw)
}

/// A node with integer attributes: one value is a number, more are a list.
pub(super) fn node(op: &str, inputs: &[&str], outputs: &[&str], attributes: &[(&str, &[i64])]) -> Message {
    let node = inputs.iter().fold(Message::default(), |m, input| m.text(1, input));
    let node = outputs.iter().fold(node, |m, output| m.text(2, output)).text(4, op);
    attributes.iter().fold(node, |m, (name, values)| {
        let attribute = Message::default().text(1, name);
        let attribute = match values {
            [value] => attribute.integer(3, *value).integer(20, 2),
            _ => values.iter().fold(attribute, |m, v| m.integer(8, *v)).integer(20, 7),
        };
        m.bytes(5, &attribute.0)
    })
}

fn declared(name: &str, shape: &[i64]) -> Message {
    let shape = shape.iter().fold(Message::default(), |m, size| m.bytes(1, &Message::default().integer(1, *size).0));
    let tensor = Message::default().integer(1, 1).bytes(2, &shape.0);
    Message::default().text(1, name).bytes(2, &Message::default().bytes(1, &tensor.0).0)
}

/// A file with an input `x` of this shape and an output `y` of two values.
pub(super) fn model(input: &[i64], constants: &[Message], nodes: &[Message]) -> Vec<u8> {
    let graph = nodes.iter().fold(Message::default(), |m, node| m.bytes(1, &node.0));
    let graph = constants.iter().fold(graph, |m, constant| m.bytes(5, &constant.0));
    let graph = graph.bytes(11, &declared("x", input).0).bytes(12, &declared("y", &[1, 2]).0);
    let opset = Message::default().integer(2, 17);
    Message::default().integer(1, 8).bytes(7, &graph.0).bytes(8, &opset.0).0
}

/// A convolution, its map as a row by a chain of shapes, and a linear layer.
pub(super) fn convolutional() -> Vec<u8> {
    model(
        &[1, 3, 6, 6],
        &[
            weights("w", &[4, 3, 3, 3], 0.1),
            weights("b", &[4], 0.2),
            weights("fc", &[2, 16], 0.3),
            integers("zero", &[0]),
            integers("rest", &[-1]),
        ],
        &[
            node("Conv", &["x", "w", "b"], &["c"], &[("strides", &[2, 2]), ("pads", &[1, 1, 1, 1])]),
            node("Relu", &["c"], &["r"], &[]),
            node("MaxPool", &["r"], &["p"], &[("kernel_shape", &[2, 2])]),
            node("Shape", &["p"], &["s"], &[]),
            node("Gather", &["s", "zero"], &["n"], &[]),
            node("Concat", &["n", "rest"], &["to"], &[("axis", &[0])]),
            node("Reshape", &["p", "to"], &["f"], &[]),
            node("Gemm", &["f", "fc"], &["y"], &[("transB", &[1])]),
        ],
    )
}

/// Cells as tokens behind a class token, and attention among them.
pub(super) fn attentive() -> Vec<u8> {
    model(
        &[1, 3, 4, 4],
        &[
            weights("w", &[4, 3, 2, 2], 0.1),
            weights("token", &[1, 1, 4], 0.2),
            weights("gamma", &[4], 1.0),
            weights("beta", &[4], 0.1),
            weights("qkv", &[4, 12], 0.3),
            weights("head", &[4, 2], 0.4),
            integers("flat", &[1, 4, 4]),
            integers("zero", &[0]),
            integers("one", &[1]),
            integers("two", &[2]),
            integers("three", &[1, 5, 3, 4]),
        ],
        &[
            node("Conv", &["x", "w"], &["c"], &[("strides", &[2, 2])]),
            node("Reshape", &["c", "flat"], &["f"], &[]),
            node("Transpose", &["f"], &["t"], &[("perm", &[0, 2, 1])]),
            node("Expand", &["token", "one"], &["e"], &[]),
            node("Concat", &["e", "t"], &["tokens"], &[("axis", &[1])]),
            node("LayerNormalization", &["tokens", "gamma", "beta"], &["norm"], &[]),
            node("MatMul", &["norm", "qkv"], &["all"], &[]),
            node("Reshape", &["all", "three"], &["parts"], &[]),
            node("Split", &["parts"], &["q", "k", "v"], &[("axis", &[2])]),
            node("Squeeze", &["q", "two"], &["q1"], &[]),
            node("Squeeze", &["k", "two"], &["k1"], &[]),
            node("Squeeze", &["v", "two"], &["v1"], &[]),
            node("Transpose", &["k1"], &["kt"], &[("perm", &[0, 2, 1])]),
            node("MatMul", &["q1", "kt"], &["scores"], &[]),
            node("Softmax", &["scores"], &["shares"], &[("axis", &[-1])]),
            node("MatMul", &["shares", "v1"], &["mixed"], &[]),
            node("Add", &["mixed", "tokens"], &["sum"], &[]),
            node("Slice", &["sum", "zero", "one", "one"], &["first"], &[]),
            node("Squeeze", &["first", "one"], &["row"], &[]),
            node("MatMul", &["row", "head"], &["y"], &[]),
        ],
    )
}

/// What is computed before any image is there: sizes, masks, ranges.
pub(super) fn folding() -> Vec<u8> {
    model(
        &[1, 4, 4, 3],
        &[
            weights("w", &[3, 3, 1, 1], 0.5),
            weights("fc", &[3, 2], 0.3),
            weights("scale", &[1, 1, 3], 0.01),
            integers("shape", &[2, 3]),
            integers("start", &[0]),
            integers("limit", &[6]),
            integers("step", &[2]),
            integers("pads", &[0, 0, 1, 1, 0, 0, 1, 1]),
            integers("times", &[1, 1]),
        ],
        &[
            node("Mul", &["x", "scale"], &["m"], &[]),
            node("Transpose", &["m"], &["t"], &[("perm", &[0, 3, 1, 2])]),
            node("Pad", &["t", "pads"], &["p"], &[]),
            node("Conv", &["p", "w"], &["c"], &[]),
            node("ReduceMean", &["c"], &["r"], &[("axes", &[2, 3]), ("keepdims", &[0])]),
            node("ConstantOfShape", &["shape"], &["zeros"], &[]),
            node("Range", &["start", "limit", "step"], &["range"], &[]),
            node("Cast", &["range"], &["floats"], &[("to", &[1])]),
            node("Add", &["zeros", "floats"], &["grid"], &[]),
            node("Equal", &["grid", "zeros"], &["mask"], &[]),
            node("Where", &["mask", "grid", "zeros"], &["chosen"], &[]),
            node("Tile", &["chosen", "times"], &["tiled"], &[]),
            node("ReduceSum", &["tiled", "start"], &["row"], &[]),
            node("CumSum", &["row", "start"], &["sums"], &[]),
            node("Sub", &["r", "sums"], &["d"], &[]),
            node("MatMul", &["d", "fc"], &["y"], &[]),
        ],
    )
}
