"""The convolutional networks: `small` for digits, `residual` for sketches, `pyramid` for hundreds of symbols.

They are small on purpose: an answer takes a fraction of a millisecond on one core, training runs on two cores,
and the `.keras` file stays under 4 MB. A block is convolution, batch normalisation (the converter folds it into
the convolution, so it costs nothing to serve) and ReLU. Where a block pools, it pools before it normalises: the
result is the same up to a sign, for a quarter of the work.

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

`residual` is twice as deep. Shortcuts around pairs of convolutions make that depth trainable (He et al. 2016),
and a mean over all positions replaces the large dense layer.

residual, 26 x 26        output            parameters (31 classes)
input                    26 x 26 x   1
conv 3x3, twice, pool    13 x 13 x  32        9,504 +   256
conv 3x3                 13 x 13 x  64       18,432 +   256
shortcut: conv 3x3 twice 13 x 13 x  64       73,728 +   512
pool, conv 3x3            6 x  6 x 128       73,728 +   512
shortcut: conv 3x3 twice  6 x  6 x 128      294,912 + 1,024
pool, conv 3x3            3 x  3 x 192      221,184 +   768
mean                               192
dense (embedding)                  128       24,576 +   512
dense, softmax                      31        3,999
                                 total      723,903

`pyramid` halves the raster three times and doubles the filters each time, so that each level costs the same and most
parameters are where they are cheap.

pyramid, 32 x 32         output            parameters (831 classes)
input                    32 x 32 x   1
conv 3x3, pool           16 x 16 x  24          216 +    96
conv 3x3                 16 x 16 x  48       10,368 +   192
shortcut: conv 3x3 twice 16 x 16 x  48       41,472 +   384
pool, conv 3x3            8 x  8 x  96       41,472 +   384
shortcut: conv 3x3 twice  8 x  8 x  96      165,888 +   768
pool, conv 3x3            4 x  4 x 160      138,240 +   640
shortcut: conv 3x3 twice  4 x  4 x 160      460,800 + 1,280
mean                               160
dense (embedding)                  128       20,480 +   512
dense, softmax                     831      107,199
                                 total      990,391
"""

from __future__ import annotations

import keras
from keras import layers

from ml.preprocessing.ink import SIZE
from ml.recipes.base import PYRAMID, RESIDUAL, SMALL

EMBEDDING_SIZE = 128  # numbers per drawing, for personal memory, outliers and replay packs
BN_MOMENTUM = 0.98  # of the running statistics, which follow the last 50 batches or so (Keras' default is 0.99)


def build_network(classes: int, size: int = SIZE, kind: str = SMALL) -> keras.Model:
    """Return a new, untrained network of a `kind`: "small", "residual" or "pyramid".

    Input: float32 (n, size, size, 1) from 0 to 1. Outputs: `probabilities`, float32 (n, classes), of which the
    last class is "other" (none of the labels), and `embedding`, float32 (n, 128), the last hidden layer.
    Raises ValueError for fewer than 2 classes and for an unknown kind.
    """
    if classes < 2:
        raise ValueError(f"A network needs at least 2 classes (the labels and 'other'), not {classes}.")
    if kind not in TRUNKS:
        raise ValueError(f"There is no network {kind!r}. Known: {', '.join(TRUNKS)}.")
    inputs = keras.Input((size, size, 1), name="raster")
    x = TRUNKS[kind](inputs)  # (n, 512) for small at 28 x 28, (n, 192) for residual
    x = layers.Dense(EMBEDDING_SIZE, use_bias=False)(x)  # (n, 128); the normalisation brings the bias
    x = layers.BatchNormalization(momentum=BN_MOMENTUM)(x)
    embedding = layers.ReLU(name="embedding")(x)  # never negative: replay packs store it as unsigned bytes
    # The head stays in float32 also where the rest trains in bfloat16: a softmax needs the precision.
    logits = layers.Dense(classes, name="logits", dtype="float32")(embedding)  # (n, classes)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    return keras.Model(inputs, {"probabilities": probabilities, "embedding": embedding})


def _small(x: keras.KerasTensor) -> keras.KerasTensor:
    x = _block(x, 16)  # (n, 26, 26, 16)
    x = _block(x, 32, pool=True)  # (n, 12, 12, 32)
    x = _block(x, 64)  # (n, 10, 10, 64)
    x = _block(x, 64, pool=True)  # (n, 4, 4, 64)
    x = _block(x, 128, padding="same")  # (n, 4, 4, 128)
    x = _block(x, 128)  # (n, 2, 2, 128)
    x = layers.Flatten()(x)  # (n, 512)
    return layers.Dropout(0.3)(x)


def _residual(x: keras.KerasTensor) -> keras.KerasTensor:
    x = _block(x, 32, padding="same")  # (n, 26, 26, 32)
    x = _block(x, 32, padding="same", pool=True)  # (n, 13, 13, 32)
    x = _shortcut_block(_block(x, 64, padding="same"), 64)  # (n, 13, 13, 64)
    x = layers.MaxPooling2D()(x)  # (n, 6, 6, 64)
    x = _shortcut_block(_block(x, 128, padding="same"), 128)  # (n, 6, 6, 128)
    x = layers.MaxPooling2D()(x)  # (n, 3, 3, 128)
    x = _block(x, 192, padding="same")  # (n, 3, 3, 192)
    x = layers.GlobalAveragePooling2D()(x)  # (n, 192)
    return layers.Dropout(0.2)(x)


def _pyramid(x: keras.KerasTensor) -> keras.KerasTensor:
    x = _block(x, 24, padding="same", pool=True)  # (n, 16, 16, 24)
    for filters in (48, 96, 160):
        x = _shortcut_block(_block(x, filters, padding="same"), filters)  # (n, 16, 16, 48) and so on
        x = layers.MaxPooling2D()(x) if filters < 160 else x
    x = layers.GlobalAveragePooling2D()(x)  # (n, 160)
    return layers.Dropout(0.2)(x)


TRUNKS = {SMALL: _small, RESIDUAL: _residual, PYRAMID: _pyramid}


def _block(x: keras.KerasTensor, filters: int, *, padding: str = "valid", pool: bool = False) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
    if pool:
        x = layers.MaxPooling2D()(x)
    x = layers.BatchNormalization(momentum=BN_MOMENTUM)(x)
    return layers.ReLU()(x)


def _shortcut_block(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """`x` plus what two convolutions make of it; the shape does not change."""
    change = layers.Conv2D(filters, 3, padding="same", use_bias=False)(_block(x, filters, padding="same"))
    change = layers.BatchNormalization(momentum=BN_MOMENTUM)(change)
    return layers.ReLU()(layers.Add()([x, change]))


def fold_temperature(model: keras.Model, temperature: float) -> None:
    """Divide the weights of the last dense layer by `temperature`, in place.

    Temperature scaling (Guo et al. 2017) divides the logits before the softmax. Folded into the weights it needs
    no extra step when the model serves. Raises ValueError for a temperature of 0 or below.
    """
    if temperature <= 0:
        raise ValueError(f"A temperature must be above 0, not {temperature}.")
    layer = model.get_layer("logits")
    layer.set_weights([weights / temperature for weights in layer.get_weights()])
