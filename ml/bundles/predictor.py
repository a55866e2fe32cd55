"""Answer rasters with a LiteRT model, without TensorFlow.

A LiteRT interpreter must not be shared by threads: of eight threads that share one, most calls fail. So a `Predictor`
has one interpreter for each thread that uses it. A new model version is a new `Predictor`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ml.preprocessing.ink import MAX_SIZE, MIN_SIZE

# The names of the model's outputs.
PROBABILITIES = "probabilities"
EMBEDDING = "embedding"


class PredictorError(ValueError):
    """A model file that cannot be read, or that is no model of a recognizer."""


class ModelOutput(NamedTuple):
    """The answers of a model to n rasters."""

    probabilities: np.ndarray
    """float32 (n, labels). A row adds up to at most 1: the rest is the probability of "none of these"."""
    embeddings: np.ndarray
    """float32 (n, width): the last hidden layer."""


def is_unsure(probabilities: np.ndarray, unsure_below: float) -> np.ndarray:
    """Whether answers are "not sure": the probability of the first guess is below the model version's threshold.

    `probabilities` is float (labels,) or (n, labels); the result is bool () or (n,). The threshold is chosen when
    the version is trained, so that 1 % of real drawings are below it, and is stored in the bundle.
    """
    return np.asarray(probabilities, np.float64).max(axis=-1) < unsure_below


class Head(NamedTuple):
    """A last layer. The probabilities are `softmax(embeddings @ weights + bias)`."""

    weights: np.ndarray
    """float32 (width, labels + 1). The last class is "other"."""
    bias: np.ndarray
    """float32 (labels + 1,)."""


class StoredHead(NamedTuple):
    """A last layer as a model file stores it."""

    weights: np.ndarray
    """int8 or float32 (labels + 1, width)."""
    scales: np.ndarray | None
    """float32 (labels + 1,) or (1,): what one step of 8-bit weights is worth. None for weights in 32 bits."""
    bias: np.ndarray | None
    """float32 (labels + 1,). None if all of it is 0: then the file leaves it out."""


class Predictor:
    """One model version, ready to answer in any thread."""

    def __init__(self, tflite: bytes, labels: int) -> None:
        """`tflite` is the content of a model file for `labels` labels. Raises PredictorError if they do not fit."""
        self._tflite = tflite
        self._local = threading.local()
        self.labels = labels
        session = self._session()
        if session.classes != labels + 1:
            raise PredictorError(
                f"The model has {session.classes} classes; {labels} labels and 'other' need {labels + 1}."
            )
        self.embedding_size = session.width
        self.size = session.size

    def predict(self, rasters: np.ndarray) -> ModelOutput:
        """Answer rasters, uint8 (n, size, size), white on black; n may be 0. Any number of threads may call it.

        Raises ValueError for rasters of another type or size.
        """
        rasters = np.asarray(rasters)
        if rasters.dtype != np.uint8 or rasters.ndim != 3 or rasters.shape[1:] != (self.size, self.size):
            raise ValueError(
                f"Rasters must be uint8 (n, {self.size}, {self.size}), not {rasters.dtype} {rasters.shape}."
            )
        session = self._session()
        pictures = (rasters.astype(np.float32) / np.float32(255))[..., np.newaxis]  # (n, size, size, 1)
        probabilities = np.empty((len(pictures), self.labels), np.float32)
        embeddings = np.empty((len(pictures), session.width), np.float32)
        for row in range(len(pictures)):  # one at a time: the model has a batch of 1
            answer, embeddings[row] = session.run(pictures[row : row + 1])
            probabilities[row] = answer[: self.labels]
        return ModelOutput(probabilities, embeddings)

    def stored_head(self) -> StoredHead:
        """The last layer as the file stores it. Raises PredictorError if there is none of the expected shape."""
        return self._session().stored_head()

    def head(self) -> Head:
        """The last layer with its weights as numbers. Raises what `stored_head` raises."""
        weights, scales, bias = self.stored_head()
        numbers = weights.T.astype(np.float32) * (1 if scales is None else scales)
        return Head(numbers, np.zeros(self.labels + 1, np.float32) if bias is None else bias)

    def _session(self) -> _Session:
        session: _Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _Session(self._tflite)
        return session


class _Session:
    """One interpreter and the indices of its tensors, for one thread."""

    def __init__(self, tflite: bytes) -> None:
        try:
            with _no_startup_line():
                self.interpreter = Interpreter(model_content=tflite, num_threads=1)
                self.interpreter.allocate_tensors()
            outputs = self.interpreter.get_signature_runner().get_output_details()
        except (RuntimeError, ValueError, TypeError, KeyError) as error:
            raise PredictorError(f"The model file cannot be read by LiteRT: {error}") from error
        inputs = self.interpreter.get_input_details()
        shapes = [tuple(int(side) for side in tensor["shape"]) for tensor in inputs]
        if shapes not in [[(1, size, size, 1)] for size in range(MIN_SIZE, MAX_SIZE + 1)]:
            raise PredictorError(
                f"The model takes {shapes}, not one raster of {MIN_SIZE} to {MAX_SIZE} pixels a side: "
                "(1, size, size, 1). Export it with a batch of 1."
            )
        if not {PROBABILITIES, EMBEDDING} <= outputs.keys():
            raise PredictorError(
                f"The model has the outputs {sorted(outputs)}, not '{PROBABILITIES}' and '{EMBEDDING}'."
            )
        self.input = int(inputs[0]["index"])
        self.size = shapes[0][1]
        # The outputs by name, because the converter does not promise their order.
        self.probabilities = int(outputs[PROBABILITIES]["index"])
        self.embedding = int(outputs[EMBEDDING]["index"])
        self.classes = int(outputs[PROBABILITIES]["shape"][-1])
        self.width = int(outputs[EMBEDDING]["shape"][-1])

    def run(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer one picture, float32 (1, size, size, 1): probabilities (labels + 1,) and embedding (width,)."""
        self.interpreter.set_tensor(self.input, picture)
        self.interpreter.invoke()
        # get_tensor returns copies, so the next run does not overwrite them.
        return self.interpreter.get_tensor(self.probabilities)[0], self.interpreter.get_tensor(self.embedding)[0]

    def stored_head(self) -> StoredHead:
        layers = [op["inputs"] for op in self.interpreter._get_ops_details() if op["op_name"] == "FULLY_CONNECTED"]
        tensors = {int(tensor["index"]): tensor for tensor in self.interpreter.get_tensor_details()}
        for _, weights, bias in reversed(layers):
            tensor = tensors[int(weights)]
            if tuple(tensor["shape"]) == (self.classes, self.width):
                scales = tensor["quantization_parameters"]["scales"]
                return StoredHead(
                    self.interpreter.get_tensor(int(weights)),
                    scales if scales.size else None,
                    self.interpreter.get_tensor(int(bias)) if bias >= 0 else None,
                )
        raise PredictorError(f"The model has no last layer of {self.width} x {self.classes}. Export it again.")


_first_interpreter = threading.Lock()  # taken once in a process, and kept


@contextmanager
def _no_startup_line() -> Iterator[None]:
    """Drop the line "Created TensorFlow Lite XNNPACK delegate" that LiteRT's first interpreter writes to stderr.

    LiteRT has no option for it. What else is written meanwhile is written again afterwards.
    """
    if not _first_interpreter.acquire(blocking=False):
        yield
        return
    stderr, (reader, writer) = os.dup(2), os.pipe()
    os.dup2(writer, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(writer)
        with os.fdopen(reader, "rb") as lines, os.fdopen(stderr, "wb") as shown:
            shown.writelines(line for line in lines if b"XNNPACK delegate" not in line)
