"""Makes keras.onnx, as Keras exports it through tf2onnx, and adds it to expected.json. Run it after make.py, which starts the list anew.

    pip install tensorflow-cpu tf2onnx onnx onnxruntime numpy
    python keras.py

Written with TensorFlow 2.21, Keras 3.15, tf2onnx 1.17 and onnxruntime 1.32. The network has what is particular to Keras: channels
last, the preparation of the pixels inside, padding as a layer of its own and as "same", a flattened map, and a softmax at the end.
"""

import json
import pathlib
import sys

sys.path.pop(0)  # this file has Keras's own name

import keras
import numpy
import onnx
import onnxruntime
import tensorflow as tf
from keras import layers

HERE = pathlib.Path(__file__).parent
SIDE, CLASSES = 64, 7


def uniform(name, count):
    """The values of `tests/it/fill.rs`, in 0..1."""
    seed = numpy.uint32(0x811C9DC5)
    with numpy.errstate(over="ignore"):
        for byte in name.encode():
            seed = (seed ^ numpy.uint32(byte)) * numpy.uint32(0x01000193)
        h = seed ^ (numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B9))
        h = (h ^ (h >> numpy.uint32(16))) * numpy.uint32(0x7FEB352D)
        h = (h ^ (h >> numpy.uint32(15))) * numpy.uint32(0x846CA68B)
        h = h ^ (h >> numpy.uint32(16))
    return h / 4294967296.0


def squeezed(x):
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(4, 1, activation="swish")(gate)
    gate = layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(gate)
    return layers.Multiply()([x, gate])


def network():
    picture = keras.Input((SIDE, SIDE, 3), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    x = layers.ZeroPadding2D(1)(x)
    x = layers.MaxPooling2D(3, strides=2)(x)
    shortcut = x
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.Activation("swish")(squeezed(x))
    x = layers.Add()([x, shortcut])
    x = layers.Concatenate()([x, layers.SeparableConv2D(6, 5, padding="same", activation="leaky_relu")(x)])
    x = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu", name="last")(x)
    x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(16, activation="relu")(x)
    x = layers.BatchNormalization()(x)
    return keras.Model(picture, layers.Dense(CLASSES, activation="softmax")(x))


def main():
    keras.utils.set_random_seed(5)
    net = network()
    generator = numpy.random.default_rng(5)
    for weight in net.weights:
        if "variance" in weight.path or "gamma" in weight.path:
            weight.assign(generator.uniform(0.7, 1.3, weight.shape))
        elif len(weight.shape) == 1:
            weight.assign(generator.uniform(-0.3, 0.3, weight.shape))
    path = HERE / "keras.onnx"
    net(numpy.zeros((1, SIDE, SIDE, 3), numpy.float32))
    net.export(str(path), format="onnx", verbose=False)
    # The picture of make.py in bytes' range, channels last.
    x = uniform("onnx.input", 3 * SIDE * SIDE).astype(numpy.float32).reshape(1, 3, SIDE, SIDE)
    x = numpy.ascontiguousarray((255.0 * x).transpose(0, 2, 3, 1))
    net.layers[-1].activation = keras.activations.linear
    features = keras.Model(net.inputs, net.get_layer("last").output)(x)
    with tf.GradientTape() as tape:
        tape.watch(features)
        tail = features
        for layer in net.layers[net.layers.index(net.get_layer("last")) + 1:]:
            tail = layer(tail)
        target = int(numpy.argmax(tail[0]))
        score = tail[0, target]
    alpha = tf.reduce_mean(tape.gradient(score, features)[0], (0, 1))
    cam = tf.nn.relu(tf.reduce_sum(alpha * features[0], -1)).numpy()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    probabilities = session.run(None, {session.get_inputs()[0].name: x})[0][0]
    logits = tail[0].numpy()
    softmax = numpy.exp(logits - logits.max())
    assert numpy.abs(softmax / softmax.sum() - probabilities).max() < 1e-6
    cases = json.loads((HERE / "expected.json").read_text())
    cases = [case for case in cases if case["file"] != path.name]
    cases.append({
        "file": path.name,
        "side": SIDE,
        "layer": next(node.name for node in onnx.load(path).graph.node if node.op_type == "Relu" and "/last" in node.name),
        "logits": [float(v) for v in logits],
        "target": target,
        "grid": list(cam.shape),
        "cam": [float(v) for v in cam.flatten()],
    })
    print(path.stat().st_size, cases[-1])
    (HERE / "expected.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
