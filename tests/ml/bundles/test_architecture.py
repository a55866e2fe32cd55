"""The layers that are read from a Keras file are those that Keras builds from it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ml.bundles.architecture import ArchitectureError, Layer, group_layers, read_layers
from ml.bundles.build import load_keras
from ml.bundles.bundle import Bundle, load_bundle

SHIPPED = sorted(path.parent for path in Path("ml/models").glob("*/manifest.json"))


def layers_of_keras(bundle: Bundle) -> list[tuple[str, str, tuple[int, ...], int]]:
    model = load_keras(bundle)
    return [
        (layer.name, type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params())
        for layer in model.layers
    ]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_the_layers_of_a_shipped_bundle_are_those_that_keras_loads(folder: Path) -> None:
    bundle = load_bundle(folder)
    found = [(layer.name, layer.kind, layer.output, layer.parameters) for layer in read_layers(bundle.keras)]
    assert found == layers_of_keras(bundle)


def test_other_networks_are_read_too(tiny_bundle: Bundle) -> None:
    found = [(layer.name, layer.kind, layer.output, layer.parameters) for layer in read_layers(tiny_bundle.keras)]
    assert found == layers_of_keras(tiny_bundle)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_layer_is_in_one_block_and_stays_in_order(folder: Path) -> None:
    layers = read_layers((folder / "model.keras").read_bytes())
    blocks = group_layers(layers)
    assert [layer for block in blocks for layer in block.layers] == layers
    assert sum(block.parameters for block in blocks) == sum(layer.parameters for layer in layers)
    assert [block.layers[0].kind for block in (blocks[0], blocks[-1])] == ["InputLayer", "Dense"]
    assert blocks[-1].output == (len(load_bundle(folder).slugs) + 1,)


def test_a_pool_belongs_to_the_convolution_before_it_and_stands_alone_elsewhere() -> None:
    layers = read_layers(Path("ml/models/digits/model.keras").read_bytes())
    pooled = [block for block in group_layers(layers) if any(layer.kind == "MaxPooling2D" for layer in block.layers)]
    assert {block.layers[0].kind for block in pooled} == {"Conv2D"}
    alone = group_layers(
        [layer("input", "InputLayer"), layer("add", "ReLU", "input"), layer("p", "MaxPooling2D", "add")]
    )
    assert [block.layers[0].name for block in alone] == ["input", "p"]


def layer(name: str, kind: str, *inputs: str) -> Layer:
    return Layer(name, kind, (4, 4, 2), 0, inputs)


def test_a_shortcut_leads_from_the_block_whose_output_is_added() -> None:
    layers = [
        *(layer("input", "InputLayer"), layer("a", "Conv2D", "input"), layer("b", "Conv2D", "a")),
        *(layer("c", "Conv2D", "b"), layer("sum", "Add", "a", "c"), layer("relu", "ReLU", "sum")),
    ]
    assert [block.shortcut_from for block in group_layers(layers)] == [None, None, None, 1]


def test_reading_needs_no_tensorflow() -> None:
    program = (
        "import sys; from ml.bundles.architecture import read_layers;"
        "assert read_layers(open('ml/models/digits/model.keras', 'rb').read());"
        "assert not {'keras', 'tensorflow', 'h5py'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def zipped(config: Any, name: str = "config.json") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, config if isinstance(config, str) else json.dumps(config))
    return file.getvalue()


@pytest.mark.parametrize(
    "keras",
    [
        *(b"", b"...", zipped("{"), zipped({}), zipped([]), zipped({"config": {"layers": [{}]}}), zipped({}, "other")),
        zipped(" " * 5_000_000),
        zipped({"config": {"layers": [{"name": "x", "class_name": "Unknown", "config": {}, "inbound_nodes": []}]}}),
    ],
)
def test_what_is_no_network_is_refused(keras: bytes) -> None:
    with pytest.raises(ArchitectureError):
        read_layers(keras)
