"""Small recognizers, built once for all tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml.bundles.build import export_bundle
from ml.bundles.bundle import Bundle, save_bundle, with_history
from ml.recipes.base import Material
from tests.ml import trained
from tests.ml.tiny import HISTORY, LABELS, random_rasters, tiny_network

if TYPE_CHECKING:
    import keras


@pytest.fixture(scope="session")
def tiny_model() -> keras.Model:
    return tiny_network(len(LABELS) + 1)


@pytest.fixture(scope="session")
def tiny_bundle(tiny_model: keras.Model) -> Bundle:
    bundle = export_bundle(
        tiny_model,
        recognizer="digits",
        labels=LABELS,
        unsure_below=0.3,
        probe=random_rasters(8),
        metrics={"accuracy": 0.5},
        training={"seed": 7},
    )
    return with_history(bundle, HISTORY)


@pytest.fixture(scope="session")
def tiny_folder(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    save_bundle(tiny_bundle, folder)
    return folder


@pytest.fixture(scope="session")
def training_material() -> Material:
    return trained.material()


@pytest.fixture(scope="session")
def trained_base(training_material: Material) -> Bundle:
    return trained.base(training_material)
