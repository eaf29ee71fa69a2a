"""Makes operators.json: a small network around each operator, as the hexadecimal digits of its ONNX file, with onnxruntime's scores.

    pip install onnx onnxruntime numpy
    python operators.py

Written with onnx 1.23 and onnxruntime 1.32. Every network reads the picture of make.py at 6 x 6 pixels and ends in a linear layer.
"""

import json
import pathlib

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from make import picture

HERE = pathlib.Path(__file__).parent
SIDE, SCORES = 6, 2
random = numpy.random.default_rng(11)


def weights(*shape):
    return random.uniform(-1, 1, shape).astype(numpy.float32)


def positive(*shape):
    return random.uniform(0.5, 1.5, shape).astype(numpy.float32)


def ints(*values):
    return numpy.array(values, numpy.int64)


class Network:
    """Nodes one behind the other; `add` returns the name of the last one's first result."""

    def __init__(self, opset):
        self.opset, self.constants, self.count = opset, [], 0
        # The layer that a classifier could be cut at.
        self.nodes = [helper.make_node("LeakyRelu", ["picture"], ["x"], alpha=0.5)]

    def constant(self, value):
        self.constants.append(numpy_helper.from_array(numpy.asarray(value), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def add(self, op, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"v{self.count}.{i}" for i in range(outputs)]
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}{self.count}", **attributes))
        return names[0] if outputs == 1 else names

    def model(self, end):
        flat = self.add("Flatten", end)
        # The width of the row is only known to the library that infers shapes.
        width = self.width(flat)
        self.nodes.append(helper.make_node("MatMul", [flat, self.constant(weights(width, SCORES) / width**0.5)], ["scores"]))
        return self.made("scores", [1, SCORES])

    def made(self, output, shape):
        declared = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE, SIDE])]
        result = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, "g", declared, result, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    def width(self, name):
        return run(self.made(name, None)).shape[1]


def run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"picture": picture(SIDE)})[0]


def unary(op, *inputs, opset=18, **attributes):
    return op, opset, lambda n: n.add(op, "x", *inputs, **attributes)


def chain(name, build, opset=18):
    return name, opset, build


def tokens(n):
    return n.add("Transpose", n.add("Reshape", "x", ints(1, 3, 36)), perm=[0, 2, 1])


def last(n, x):
    return n.add("Transpose", x, perm=[0, 2, 3, 1])


def shuffled(n):
    x = n.add("Conv", "x", weights(4, 3, 1, 1))
    x = n.add("Reshape", x, ints(1, 2, 2, 6, 6))
    return n.add("Conv", n.add("Reshape", n.add("Transpose", x, perm=[0, 2, 1, 3, 4]), ints(1, 4, 6, 6)), weights(4, 1, 3, 3), group=4)


def computed_size(n):
    shape = n.add("Shape", "x")
    half = n.add("Div", n.add("Slice", shape, ints(2), ints(4)), ints(2, 2))
    return n.add("Reshape", "x", n.add("Concat", ints(1, -1), half, axis=0))


def masked_attention(n):
    mask = n.add("Trilu", n.add("ConstantOfShape", ints(36, 36), value=helper.make_tensor("v", 1, [1], [-5.0])), upper=1)
    t = tokens(n)
    scores = n.add("Add", n.add("MatMul", t, n.add("Transpose", t, perm=[0, 2, 1])), mask)
    return n.add("MatMul", n.add("Softmax", scores, axis=-1), t)


def indexed(n):
    table = n.add("ScatterND", numpy.zeros(6, numpy.float32), ints(1, 4).reshape(2, 1), weights(2))
    counted = n.add("Mod", n.add("Range", numpy.int64(0), numpy.int64(6), numpy.int64(1)), ints(4))
    picked = n.add("Where", n.add("Equal", counted, ints(2)), table, n.add("Cast", n.add("CumSum", counted, numpy.int64(0)), to=1))
    return n.add("Mul", "x", picked)


CASES = [
    unary("Abs"), unary("Elu", alpha=0.7), unary("Erf"), unary("Exp"), unary("Gelu", opset=20), unary("Gelu", opset=20, approximate="tanh"),
    unary("HardSigmoid"), unary("HardSwish"), unary("LeakyRelu"), unary("Mish"), unary("Neg"), unary("PRelu", positive(3, 1, 1)),
    unary("PRelu", positive(1)), unary("Selu"), unary("Sigmoid"), unary("Softplus"), unary("Softsign"), unary("Tanh"), unary("Sin"), unary("Cos"),
    unary("Clip", numpy.float32(-0.3), numpy.float32(0.4)), unary("Clip", "", numpy.float32(0.4)), unary("Clip", opset=6, min=0.0, max=6.0),
    unary("Pow", numpy.float32(3.0)), unary("Min", numpy.float32(0.2)), unary("Max", weights(6)),
    chain("Sqrt of Exp", lambda n: n.add("Reciprocal", n.add("Sqrt", n.add("Log", n.add("Add", n.add("Exp", "x"), numpy.float32(1)))))),
    unary("Add", weights(3, 1, 1)), unary("Add", weights(6, 6)), unary("Sub", weights(3, 6, 6)), unary("Mul", weights(6)), unary("Div", positive(3, 1, 1)),
    chain("constant first", lambda n: n.add("Div", numpy.float32(1), n.add("Sub", numpy.float32(3), "x"))),
    chain("channels last", lambda n: n.add("Sub", n.add("Mul", last(n, "x"), positive(3)), weights(6, 6, 1))),
    chain("map and map of other orders", lambda n: n.add("Mul", last(n, "x"), n.add("Reshape", "x", ints(1, 6, 6, 3)))),
    chain("gate", lambda n: n.add("Mul", n.add("GlobalAveragePool", "x"), "x")),
    chain("rows of a map", lambda n: n.add("Add", "x", n.add("ReduceMean", "x", ints(2), keepdims=1))),
    chain("silu", lambda n: n.add("Mul", "x", n.add("Sigmoid", "x"))),
    chain("hard swish", lambda n: n.add("Div", n.add("Mul", "x", n.add("Clip", n.add("Add", "x", numpy.float32(3)), numpy.float32(0), numpy.float32(6))), numpy.float32(6))),
    chain("gelu", lambda n: n.add("Mul", n.add("Mul", "x", numpy.float32(0.5)), n.add("Add", n.add("Erf", n.add("Div", "x", numpy.float32(2**0.5))), numpy.float32(1)))),
    unary("Conv", weights(4, 3, 3, 3), weights(4), dilations=[2, 1], pads=[1, 0, 2, 1]),
    unary("Conv", weights(6, 1, 2, 3), group=3, auto_pad="SAME_UPPER", strides=[2, 2]), unary("Conv", weights(3, 3, 2, 2), auto_pad="SAME_LOWER"),
    unary("MaxPool", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1), unary("MaxPool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
    unary("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1), unary("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
    unary("GlobalMaxPool"), unary("BatchNormalization", positive(3), weights(3), weights(3), positive(3)),
    unary("InstanceNormalization", positive(3), weights(3)),
    chain("GroupNormalization", lambda n: n.add("GroupNormalization", n.add("Conv", "x", weights(4, 3, 1, 1)), positive(4), weights(4), num_groups=2), 21),
    chain("GroupNormalization of one weight a group", lambda n: n.add("GroupNormalization", n.add("Conv", "x", weights(4, 3, 1, 1)), positive(2), weights(2), num_groups=2)),
    unary("LayerNormalization", positive(3, 6, 6), weights(3, 6, 6), axis=1),
    chain("LayerNormalization of tokens", lambda n: n.add("LayerNormalization", tokens(n), positive(3), weights(3), epsilon=0.01)),
    unary("Softmax", axis=1), unary("Softmax", opset=11, axis=2), unary("LogSoftmax", axis=3),
    unary("ReduceMax", ints(1)), unary("ReduceMin", opset=17, axes=[-1], keepdims=0), unary("ReduceSum", ints(2, 3)), unary("ReduceL2", ints(1)), unary("ReduceMean", ints(2, 3), keepdims=0),
    unary("Resize", "", numpy.float32([1, 1, 2, 3]), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    unary("Resize", "", "", ints(1, 3, 12, 12), mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
    chain("DepthToSpace", lambda n: n.add("DepthToSpace", n.add("Conv", "x", weights(8, 3, 1, 1)), blocksize=2)),
    chain("DepthToSpace by columns", lambda n: n.add("DepthToSpace", n.add("Conv", "x", weights(8, 3, 1, 1)), blocksize=2, mode="CRD")),
    unary("SpaceToDepth", blocksize=3), unary("Tile", ints(1, 1, 2, 1)), unary("Transpose", perm=[0, 3, 1, 2]), chain("Transpose of all", lambda n: n.add("Reshape", n.add("Transpose", "x"), ints(1, -1))),
    unary("Slice", ints(-1, 0), ints(-7, 5), ints(2, 3), ints(-2, 3)), unary("Gather", ints(2, -3), axis=1), unary("Gather", ints(1, 4, 4, 0).reshape(2, 2), axis=3),
    chain("Split", lambda n: n.add("Concat", *reversed(n.add("Split", "x", ints(1, 2), outputs=2, axis=1)), axis=1)),
    chain("Split of rows", lambda n: n.add("Mul", *n.add("Split", "x", outputs=2, axis=2, num_outputs=2))),
    chain("Concat of columns", lambda n: n.add("Concat", "x", n.add("Relu", "x"), axis=3)),
    chain("Squeeze", lambda n: n.add("Squeeze", n.add("Unsqueeze", n.add("ReduceMean", "x", ints(2)), ints(0, 5)), ints(0, 3))),
    unary("Pad", ints(0, 0, 1, 0, 0, 0, 2, 1)), unary("Pad", ints(1, 2), numpy.float32(0.5), ints(3)), unary("Pad", ints(0, 1, 0, 0, 0, 0, 0, 0)),
    chain("Pad before Conv", lambda n: n.add("Conv", n.add("Pad", "x", ints(0, 0, 0, 1, 0, 0, 1, 2)), weights(4, 3, 3, 3), strides=[2, 2])),
    chain("Pad before MaxPool", lambda n: n.add("MaxPool", n.add("Pad", "x", ints(0, 0, 1, 1, 0, 0, 1, 1)), kernel_shape=[2, 2], strides=[2, 2])),
    chain("MatMul over channels", lambda n: n.add("Add", n.add("MatMul", last(n, "x"), weights(3, 5)), weights(5))),
    chain("MatMul over columns", lambda n: n.add("MatMul", "x", weights(6, 4))), chain("MatMul of two", lambda n: n.add("MatMul", "x", last(n, n.add("Transpose", "x", perm=[0, 3, 1, 2])))),
    chain("MatMul from the left", lambda n: n.add("MatMul", weights(4, 6), "x")),
    chain("Gemm", lambda n: n.add("Gemm", n.add("Flatten", "x"), weights(5, 108), weights(5), transB=1, alpha=0.5, beta=2.0)),
    chain("Gemm of channels last", lambda n: n.add("Gemm", n.add("Flatten", last(n, "x")), weights(108, 5))),
    chain("BatchNormalization of a row", lambda n: n.add("BatchNormalization", n.add("Relu", n.add("Gemm", n.add("Flatten", "x"), weights(108, 5))), positive(5), weights(5), weights(5), positive(5))),
    chain("Einsum", lambda n: n.add("Einsum", "x", weights(3, 6, 2), equation="nchw,chd->ncwd")),
    chain("shuffled channels", shuffled), chain("computed size", computed_size), chain("masked attention", masked_attention), chain("indexed", indexed),
]


def main():
    cases = []
    for name, opset, build in CASES:
        network = Network(opset)
        try:
            model = network.model(build(network))
            scores = run(model)[0]
        except Exception as error:
            raise RuntimeError(name) from error
        cases.append({"name": name, "file": model.SerializeToString().hex(), "scores": [float(v) for v in scores]})
    (HERE / "operators.json").write_text(json.dumps(cases, indent=1) + "\n")
    print(len(cases), (HERE / "operators.json").stat().st_size)


if __name__ == "__main__":
    main()
