"""The network of a version as a picture: its blocks from input to output, drawn from the bundle's own layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from ml.bundles.architecture import ArchitectureError, Block, Layer, group_layers, read_layers
from recognizer.models import ModelVersion

# SVG units
PIXEL = 4  # the side of a pixel of the raster
CHANNELS_PER_UNIT = 4
MIN_WIDTH, VECTOR_WIDTH = 4, 8
NUMBERS_PER_UNIT, MIN_HEIGHT, MAX_HEIGHT = 4, 8, 128  # of a block whose output is a row of numbers
GAP = 18
TOP, BOTTOM = 28, 24  # room for shortcuts above and block numbers below
SIDE = 4

NAMES = {  # by the class of a layer; a class that is missing here is shown as it is
    "InputLayer": _("input"),
    "Conv2D": _("convolution %(window)s"),
    "DepthwiseConv2D": _("depthwise convolution %(window)s"),
    "MaxPooling2D": _("maximum of %(window)s"),
    "AveragePooling2D": _("mean of %(window)s"),
    "GlobalAveragePooling2D": _("mean over all positions"),
    "BatchNormalization": _("normalisation"),
    "Flatten": _("all numbers in one row"),
    "Dropout": _("dropout, in training only"),
    "Dense": _("dense"),
    "Add": _("plus the output of block %(block)s"),
}


@dataclass(frozen=True)
class DrawnBlock:
    """A block and where it is drawn. `number` counts from 0, the input."""

    number: int
    block: Block
    x: float
    y: float
    width: float
    height: float

    @property
    def kind(self) -> str:
        """Which of four kinds it is drawn as."""
        first = self.block.layers[0].kind
        if first == "InputLayer":
            return "input"
        return "dense" if first == "Dense" else "convolution" if "Conv" in first else "pooling"

    @property
    def middle(self) -> float:
        """x of its centre."""
        return self.x + self.width / 2

    @property
    def right(self) -> float:
        """x of its right edge."""
        return self.x + self.width

    @cached_property
    def layers(self) -> str:
        """Its layers in words."""
        return ", ".join(_describe(layer, self.block.shortcut_from) for layer in self.block.layers)

    @property
    def output(self) -> str:
        """The shape of its output, as text."""
        return " × ".join(map(str, self.block.output))


@dataclass(frozen=True)
class NetworkPicture:
    """A network as SVG, with the numbers of the table beside it."""

    layers: list[Layer]

    @cached_property
    def blocks(self) -> list[DrawnBlock]:
        """The blocks from left to right."""
        drawn: list[DrawnBlock] = []
        x = float(SIDE)
        sizes = [_size(block) for block in group_layers(self.layers)]
        tallest = max(height for _width, height in sizes)
        for number, (block, (width, height)) in enumerate(zip(group_layers(self.layers), sizes, strict=True)):
            drawn.append(DrawnBlock(number, block, x, TOP + (tallest - height) / 2, width, height))
            x += width + GAP
        return drawn

    @cached_property
    def width(self) -> float:
        """SVG units."""
        return self.blocks[-1].right + SIDE

    @cached_property
    def middle(self) -> float:
        """y of the line from input to output."""
        return self.blocks[0].y + self.blocks[0].height / 2

    @cached_property
    def height(self) -> float:
        """SVG units."""
        return max(block.y + block.height for block in self.blocks) + BOTTOM

    @property
    def lines(self) -> list[tuple[float, float]]:
        """x of the start and of the end of each line from a block to the next."""
        return [(block.right, after.x) for block, after in zip(self.blocks, self.blocks[1:], strict=False)]

    @property
    def shortcuts(self) -> list[str]:
        """The paths of lines around blocks, as the `d` of an SVG path."""
        found = []
        for end in self.blocks:
            if end.block.shortcut_from is not None:
                start = self.blocks[end.block.shortcut_from]
                above = min(block.y for block in self.blocks[start.number : end.number + 1]) - 16
                found.append(f"M{start.middle} {start.y}V{above}H{end.middle}V{end.y}")
        return found

    @property
    def parameters(self) -> int:
        """All of them."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def convolutions(self) -> int:
        """The number of convolutions."""
        return sum("Conv" in layer.kind for layer in self.layers)


def _size(block: Block) -> tuple[float, float]:
    """Width and height of a block: its channels across and the side of its output down."""
    if len(block.output) == 3:
        rows, _columns, channels = block.output
        return max(MIN_WIDTH, channels / CHANNELS_PER_UNIT), rows * PIXEL
    return VECTOR_WIDTH, min(max(block.output[-1] / NUMBERS_PER_UNIT, MIN_HEIGHT), MAX_HEIGHT)


def _describe(layer: Layer, shortcut_from: int | None) -> str:
    window = " × ".join(map(str, layer.kernel))
    return str(NAMES.get(layer.kind, layer.kind)) % {"window": window, "block": shortcut_from}


def network_of(version: Any) -> NetworkPicture | None:
    """The picture of one of `cards.versions_with_details`; None if its layers cannot be read."""
    key = f"network:{version.checksums.get('keras')}"
    layers = cache.get(key)
    if layers is None:  # megabytes are read for it
        keras = ModelVersion.objects.values_list("keras", flat=True).get(pk=version.pk)
        try:
            layers = read_layers(bytes(keras))
        except ArchitectureError:
            layers = []
        cache.set(key, layers, timeout=None)
    return NetworkPicture(layers) if layers else None
