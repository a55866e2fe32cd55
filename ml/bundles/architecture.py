"""The layers of a bundle's network, read from its Keras file without TensorFlow.

A `.keras` file is a zip with the configuration of the layers as JSON, which names the shape of each input. The numbers
of parameters follow from the configuration.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import dataclass, field
from typing import Any

CONFIG_FILE = "config.json"
MAX_CONFIG = 4_000_000  # bytes

# A layer of these classes begins a block; others (normalisation, activation, dropout) belong to the block before them.
FIRST_OF_BLOCK = {"InputLayer", "Conv2D", "DepthwiseConv2D", "Dense", "Flatten", "GlobalAveragePooling2D"}
POOLING = {"MaxPooling2D", "AveragePooling2D"}


class ArchitectureError(ValueError):
    """A Keras file whose layers cannot be read. The text says why."""


@dataclass(frozen=True)
class Layer:
    """One layer of a network."""

    name: str
    kind: str
    """Its class in Keras, such as Conv2D."""
    output: tuple[int, ...]
    """The shape of its output for one drawing: (rows, columns, channels) or (numbers,)."""
    parameters: int
    inputs: tuple[str, ...]
    """The names of the layers whose outputs it takes."""
    kernel: tuple[int, ...] = ()
    """The side lengths of a convolution or of a pooling window."""


@dataclass(frozen=True)
class Block:
    """Layers that are usually drawn as one: a convolution or dense layer with what follows it directly."""

    layers: list[Layer] = field(default_factory=list)
    shortcut_from: int | None = None
    """The number of an earlier block whose output is added to this one's, counted from 0."""

    @property
    def output(self) -> tuple[int, ...]:
        """The shape of its output for one drawing."""
        return self.layers[-1].output

    @property
    def parameters(self) -> int:
        """The sum over its layers."""
        return sum(layer.parameters for layer in self.layers)


def read_layers(keras: bytes) -> list[Layer]:
    """The layers of the network in a `.keras` file, from input to output. Raises ArchitectureError."""
    try:
        with zipfile.ZipFile(io.BytesIO(keras)) as archive:
            if archive.getinfo(CONFIG_FILE).file_size > MAX_CONFIG:
                raise ArchitectureError(f"The configuration of the network has more than {MAX_CONFIG:,} bytes.")
            config = json.loads(archive.read(CONFIG_FILE))
        return _read_config(config["config"]["layers"])
    except (zipfile.BadZipFile, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ArchitectureError(f"The layers of the network cannot be read: {error!r}.") from error


def _read_config(configs: list[dict[str, Any]]) -> list[Layer]:
    sources = {each["name"]: _sources(each) for each in configs}
    # The shape of an output is stored with the layer that takes it.
    taken = {name: shape for inputs in sources.values() for name, shape in inputs}
    layers = []
    for each in configs:
        kind, config = each["class_name"], each["config"]
        incoming = [shape for _, shape in sources[each["name"]]]
        layers.append(
            Layer(
                name=each["name"],
                kind=kind,
                output=taken.get(each["name"]) or _last_output(kind, config, incoming),
                parameters=_count_parameters(kind, config, incoming),
                inputs=tuple(name for name, _ in sources[each["name"]]),
                kernel=tuple(config.get("kernel_size") or config.get("pool_size") or ()),
            )
        )
    return layers


def _sources(layer: dict[str, Any]) -> list[tuple[str, tuple[int, ...]]]:
    """The layers that this one takes its input from, each with the shape of that input."""
    found: list[tuple[str, tuple[int, ...]]] = []

    def search(value: Any) -> None:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            tensor = value["config"]
            found.append((tensor["keras_history"][0], tuple(tensor["shape"][1:])))
        elif isinstance(value, list):
            for part in value:
                search(part)

    search([node["args"] for node in layer["inbound_nodes"]])
    return found


def _last_output(kind: str, config: dict[str, Any], incoming: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The output shape of a layer whose output no other layer takes."""
    if kind == "InputLayer":
        return tuple(config["batch_shape"][1:])
    if kind == "Dense":
        return (*incoming[0][:-1], config["units"])
    if kind in ("Softmax", "ReLU", "Activation", "BatchNormalization", "Dropout", "Add"):
        return incoming[0]
    raise ArchitectureError(f"The shape of the output of {kind!r} is not known.")


WITHOUT_PARAMETERS = {
    *("InputLayer", "ReLU", "Softmax", "Activation", "Dropout", "SpatialDropout2D", "Flatten", "Add", "Concatenate"),
    *("MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "ZeroPadding2D", "Rescaling", "Reshape"),
}


def _count_parameters(kind: str, config: dict[str, Any], incoming: list[tuple[int, ...]]) -> int:
    """How many numbers a layer has learned or, in a normalisation, measured."""
    if kind in WITHOUT_PARAMETERS:
        return 0
    channels = incoming[0][-1]
    if kind == "BatchNormalization":  # mean and variance, and what replaces them
        return channels * (2 + bool(config["scale"]) + bool(config["center"]))
    if kind == "Dense":
        return channels * config["units"] + config["use_bias"] * config["units"]
    window = math.prod(config["kernel_size"]) if "kernel_size" in config else 0
    if kind == "Conv2D":
        return window * (channels // config["groups"]) * config["filters"] + config["use_bias"] * config["filters"]
    if kind == "DepthwiseConv2D":
        outgoing = channels * config["depth_multiplier"]
        return window * outgoing + config["use_bias"] * outgoing
    raise ArchitectureError(f"The number of parameters of {kind!r} is not known.")


def group_layers(layers: list[Layer]) -> list[Block]:
    """The layers as blocks, in their order; each layer is in one block."""
    blocks: list[Block] = []
    block_of: dict[str, int] = {}
    for layer in layers:
        begins = layer.kind in FIRST_OF_BLOCK or (
            layer.kind in POOLING and not (blocks and blocks[-1].layers[-1].kind.endswith("Conv2D"))
        )
        if begins or not blocks:
            blocks.append(Block([]))
        here = len(blocks) - 1
        blocks[here].layers.append(layer)
        block_of[layer.name] = here
        if layer.kind == "Add":
            others = [block_of[name] for name in layer.inputs if block_of[name] != here]
            blocks[here] = Block(blocks[here].layers, shortcut_from=min(others, default=None))
    return blocks
