"""The CNNs, as lists of layers: `small` for digits of any script, `residual` for sketches of many words.

Small on purpose: it must answer in a fraction of a millisecond on one core, train on two, and fit
its `.keras` file into 2 MB. Each block is convolution, batch normalisation (which the converter
folds into the convolution, so it costs nothing to serve) and ReLU; where a block pools, it pools
before it normalises, which is the same up to a sign and a quarter of the work.

small, 28 x 28           output            parameters (11 classes)
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

`residual` reads pictures of things: twice as deep, with detours around pairs of convolutions (He et
al. 2016) that let it be trained, and a mean over places instead of a dense layer over all of them.

residual, 26 x 26        output            parameters (31 classes)
input                    26 x 26 x   1
conv 3x3, twice, pool    13 x 13 x  32        9,504 +   256
conv 3x3                 13 x 13 x  64       18,432 +   256
detour: conv 3x3, twice  13 x 13 x  64       73,728 +   512
pool, conv 3x3            6 x  6 x 128       73,728 +   512
detour: conv 3x3, twice   6 x  6 x 128      294,912 + 1,024
pool, conv 3x3            3 x  3 x 192      221,184 +   768
mean                               192
dense (embedding)                  128       24,576 +   512
dense, softmax                      31        3,999
                                 total      723,903
"""

from __future__ import annotations

import keras
from keras import layers

from ml.preprocessing.ink import SIZE
from ml.recipes.base import RESIDUAL, SMALL

EMBEDDING_SIZE = 128


def build_network(classes: int, size: int = SIZE, kind: str = SMALL) -> keras.Model:
    """A new, untrained network of a `kind`: "small" or "residual".

    Input: float32 (n, size, size, 1) in 0..1. Outputs: `probabilities` (n, classes), of which the last
    class is "other" (none of the labels), and `embedding` (n, 128), the last hidden layer.
    """
    if classes < 2:
        raise ValueError(f"A network tells at least 2 classes apart (the labels and 'other'), not {classes}.")
    if kind not in TRUNKS:
        raise ValueError(f"There is no network {kind!r}; there are: {', '.join(TRUNKS)}.")
    inputs = keras.Input((size, size, 1), name="raster")
    x = TRUNKS[kind](inputs)
    x = layers.Dense(EMBEDDING_SIZE, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.98)(x)
    embedding = layers.ReLU(name="embedding")(x)
    logits = layers.Dense(classes, name="logits", dtype="float32")(embedding)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    return keras.Model(inputs, {"probabilities": probabilities, "embedding": embedding})


def _small(x: keras.KerasTensor) -> keras.KerasTensor:
    x = _block(x, 16)
    x = _block(x, 32, pool=True)
    x = _block(x, 64)
    x = _block(x, 64, pool=True)
    x = _block(x, 128, padding="same")
    x = _block(x, 128)
    x = layers.Flatten()(x)
    return layers.Dropout(0.3)(x)


def _residual(x: keras.KerasTensor) -> keras.KerasTensor:
    x = _block(x, 32, padding="same")
    x = _block(x, 32, padding="same", pool=True)
    x = _detour(_block(x, 64, padding="same"), 64)
    x = layers.MaxPooling2D()(x)
    x = _detour(_block(x, 128, padding="same"), 128)
    x = layers.MaxPooling2D()(x)
    x = _block(x, 192, padding="same")
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dropout(0.2)(x)


TRUNKS = {SMALL: _small, RESIDUAL: _residual}


def _block(x: keras.KerasTensor, filters: int, *, padding: str = "valid", pool: bool = False) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
    if pool:
        x = layers.MaxPooling2D()(x)
    x = layers.BatchNormalization(momentum=0.98)(x)
    return layers.ReLU()(x)


def _detour(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """What two convolutions make of `x`, added to it."""
    way = layers.Conv2D(filters, 3, padding="same", use_bias=False)(_block(x, filters, padding="same"))
    way = layers.BatchNormalization(momentum=0.98)(way)
    return layers.ReLU()(layers.Add()([x, way]))


def fold_temperature(model: keras.Model, temperature: float) -> None:
    """Divide the last dense layer by `temperature`, so that the softmax itself is calibrated."""
    if temperature <= 0:
        raise ValueError(f"A temperature must be above 0, not {temperature}.")
    layer = model.get_layer("logits")
    layer.set_weights([weights / temperature for weights in layer.get_weights()])
