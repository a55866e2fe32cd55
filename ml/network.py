"""The CNN, as a list of layers.

Small on purpose: it must answer in a fraction of a millisecond on one core, train on two, and fit
its `.keras` file into 2 MB. Each block is convolution, batch normalisation (which the converter
folds into the convolution, so it costs nothing to serve) and ReLU; where a block pools, it pools
before it normalises, which is the same up to a sign and a quarter of the work.

layer                    output            parameters (11 classes)
input                    28 x 28 x   1
conv 3x3                 26 x 26 x  16          144 +    64
conv 3x3, pool           12 x 12 x  32        4,608 +   128
conv 3x3                 10 x 10 x  64       18,432 +   256
conv 3x3, pool            4 x  4 x  64       36,864 +   256
conv 3x3, padded          4 x  4 x 128       73,728 +   512
conv 3x3                  2 x  2 x 128      147,456 +   512
dense (embedding)                  128       65,536 +   512
dense, softmax                      11        1,419
                                 total      350,427
"""

from __future__ import annotations

import keras
from keras import layers

from ml.ink import SIZE

EMBEDDING_SIZE = 128


def build_network(classes: int, size: int = SIZE) -> keras.Model:
    """A new, untrained network.

    Input: float32 (n, size, size, 1) in 0..1. Outputs: `probabilities` (n, classes), of which the last
    class is "other" (none of the labels), and `embedding` (n, 128), the last hidden layer.
    """
    if classes < 2:
        raise ValueError(f"A network tells at least 2 classes apart (the labels and 'other'), not {classes}.")
    inputs = keras.Input((size, size, 1), name="raster")
    x = _block(inputs, 16)
    x = _block(x, 32, pool=True)
    x = _block(x, 64)
    x = _block(x, 64, pool=True)
    x = _block(x, 128, padding="same")
    x = _block(x, 128)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(EMBEDDING_SIZE, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.98)(x)
    embedding = layers.ReLU(name="embedding")(x)
    logits = layers.Dense(classes, name="logits", dtype="float32")(embedding)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    return keras.Model(inputs, {"probabilities": probabilities, "embedding": embedding})


def _block(x: keras.KerasTensor, filters: int, *, padding: str = "valid", pool: bool = False) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
    if pool:
        x = layers.MaxPooling2D()(x)
    x = layers.BatchNormalization(momentum=0.98)(x)
    return layers.ReLU()(x)


def fold_temperature(model: keras.Model, temperature: float) -> None:
    """Divide the last dense layer by `temperature`, so that the softmax itself is calibrated."""
    if temperature <= 0:
        raise ValueError(f"A temperature must be above 0, not {temperature}.")
    layer = model.get_layer("logits")
    layer.set_weights([weights / temperature for weights in layer.get_weights()])
