"""A bundle is what it says, or it is refused."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ml.bundles import build
from ml.bundles.build import export_bundle, load_keras
from ml.bundles.bundle import Bundle, BundleError, load_bundle, probe_rasters, save_bundle, sha256_hex, verify_bundle
from ml.preprocessing.ink import RasterSpec
from tests.ml.tiny import LABELS, random_rasters, tiny_network

if TYPE_CHECKING:
    import keras


def changed(bundle: Bundle, **entries: Any) -> Bundle:
    return replace(bundle, manifest={**copy.deepcopy(bundle.manifest), **entries})


def export(model: keras.Model, **options: Any) -> Bundle:
    settings: dict[str, Any] = {
        "recognizer": "digits",
        "labels": LABELS,
        "unsure_below": 0.5,
        "probe": random_rasters(3),
        "metrics": {},
        "training": {},
    }
    return export_bundle(model, **{**settings, **options})


def test_it_exports_a_bundle_that_says_what_it_is(tiny_bundle: Bundle) -> None:
    manifest = tiny_bundle.manifest
    assert manifest["format"] == 1
    assert manifest["recognizer"] == "digits"
    assert manifest["labels"] == LABELS
    assert manifest["preprocess_version"] == 1
    assert manifest["embedding_size"] == 128
    assert manifest["unsure_below"] == 0.3
    assert manifest["metrics"] == {"accuracy": 0.5}
    assert manifest["training"] == {"seed": 7}
    assert tiny_bundle.slugs == ["0", "1", "2"]


def test_its_probe_holds_the_rasters_and_their_answers(tiny_bundle: Bundle) -> None:
    rasters = probe_rasters(tiny_bundle.manifest)
    np.testing.assert_array_equal(rasters, random_rasters(8))
    assert np.shape(tiny_bundle.manifest["probe"]["probabilities"]) == (8, 3)


def test_the_exported_model_answers_like_the_keras_model(tiny_bundle: Bundle, tiny_model: keras.Model) -> None:
    rasters = random_rasters(20, seed=1)
    answers = verify_bundle(tiny_bundle).predict(rasters)
    expected = tiny_model(rasters[..., None].astype(np.float32) / 255)
    np.testing.assert_allclose(answers.probabilities, np.asarray(expected["probabilities"])[:, :3], atol=1e-5)
    np.testing.assert_allclose(answers.embeddings, np.asarray(expected["embedding"]), atol=1e-4)


def test_a_saved_bundle_is_loaded_unchanged(tiny_bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(tiny_bundle, tmp_path / "new" / "folder")
    loaded = load_bundle(tmp_path / "new" / "folder")
    assert loaded == tiny_bundle
    verify_bundle(loaded)


def test_saving_keeps_other_files_and_leaves_nothing_behind(tiny_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("about this model")
    save_bundle(tiny_bundle, tmp_path)
    save_bundle(changed(tiny_bundle, unsure_below=0.4), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "card.md", "history.json", "manifest.json", "model.keras", "model.tflite",
    ]  # fmt: skip
    assert load_bundle(tmp_path).manifest["unsure_below"] == 0.4


def test_a_failed_save_leaves_the_old_bundle(tiny_bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(tiny_bundle, tmp_path)
    with pytest.raises(ValueError, match=r"JSON"):
        save_bundle(changed(tiny_bundle, metrics={"accuracy": float("nan")}), tmp_path)
    assert load_bundle(tmp_path) == tiny_bundle


def test_a_quantised_bundle_is_smaller_and_answers_alike(tiny_bundle: Bundle, tiny_model: keras.Model) -> None:
    quantised = export(tiny_model, quantise=True, probe=random_rasters(8))
    assert quantised.manifest["quantised"] is True
    assert len(quantised.tflite) < 0.5 * len(tiny_bundle.tflite)
    answers = verify_bundle(quantised).predict(random_rasters(8)).probabilities
    np.testing.assert_allclose(answers, tiny_bundle.manifest["probe"]["probabilities"], atol=0.05)


def test_the_keras_model_comes_back_as_it_was(tiny_bundle: Bundle, tiny_model: keras.Model) -> None:
    pictures = random_rasters(4)[..., None].astype(np.float32) / 255
    loaded = load_keras(tiny_bundle)
    np.testing.assert_allclose(loaded(pictures)["probabilities"], tiny_model(pictures)["probabilities"], atol=1e-6)


def test_a_keras_file_of_another_checksum_is_not_opened(tiny_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match=r"model\.keras .*sha256"):
        load_keras(replace(tiny_bundle, keras=b"anything"))


def test_an_export_that_lost_its_weights_is_refused(tiny_model: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    convert = build.convert_to_tflite
    monkeypatch.setattr(build, "convert_to_tflite", lambda model, quantise: convert(model, quantise=quantise)[:7_000])
    with pytest.raises(BundleError, match=r"7,000 bytes"):
        export(tiny_model)


def test_an_export_that_answers_differently_is_refused(
    tiny_model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tiny_network(4)
    other.set_weights([weights + 0.1 * np.sign(weights) for weights in other.get_weights()])
    convert = build.convert_to_tflite
    monkeypatch.setattr(build, "convert_to_tflite", lambda model, quantise: convert(other, quantise=quantise))
    with pytest.raises(BundleError, match=r"Keras model.* 0\.\d{4} .*0\.001"):
        export(tiny_model)


@pytest.mark.parametrize("probe", [np.zeros((0, 28, 28), np.uint8), np.zeros((2, 28, 28)), np.zeros((2, 8, 8), "u1")])
def test_an_export_needs_a_probe_of_rasters(tiny_model: keras.Model, probe: np.ndarray) -> None:
    with pytest.raises(BundleError, match=rf"uint8 \(1 to 1000, 28, 28\).*{re.escape(str(probe.shape))}"):
        export(tiny_model, probe=probe)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"format": 2}, "format 2"),
        ({"preprocess_version": 99}, "version 99"),
        ({"unsure_below": 1.5}, "from 0 to 1"),
        ({"labels": None}, "labels"),
        ({"labels": []}, "no labels"),
        ({"labels": LABELS[:2]}, "4 classes.* 2 labels"),
        ({"labels": [*LABELS[:2], LABELS[0]]}, "slug: 0, 1, 0"),
        ({"labels": [*LABELS[:2], {"slug": "2"}]}, "slug, glyph and name"),
        ({"labels": [*LABELS[:2], "2"]}, "slug, glyph and name"),
        ({"embedding_size": 64}, "128 numbers.*64"),
        ({"probe": {}}, "probe"),
        ({"probe": {"rasters": "!", "probabilities": []}}, "probe"),
        ({"sha256": {}}, "sha256"),
    ],
)
def test_an_invalid_manifest_is_refused(tiny_bundle: Bundle, entries: dict[str, Any], expected: str) -> None:
    with pytest.raises(BundleError, match=expected):
        verify_bundle(changed(tiny_bundle, **entries))


def _without_answers(probe: dict[str, Any]) -> None:
    del probe["probabilities"]


def _other_answers(probe: dict[str, Any]) -> None:
    probe["probabilities"][3] = [0.9, 0.0, 0.0]


def _fewer_answers(probe: dict[str, Any]) -> None:
    del probe["probabilities"][0]


def _no_number(probe: dict[str, Any]) -> None:
    probe["probabilities"][0] = [None, None, None]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_without_answers, "probabilities"),
        (_other_answers, r"probe.* (\d\.\d{4}|nan)"),
        (_fewer_answers, "8 rasters and answers of shape"),
        (_no_number, r"probe.* (\d\.\d{4}|nan)"),
    ],
)
def test_a_probe_answered_differently_is_refused(
    tiny_bundle: Bundle, change: Callable[[dict[str, Any]], None], expected: str
) -> None:
    bundle = changed(tiny_bundle)
    change(bundle.manifest["probe"])
    with pytest.raises(BundleError, match=expected):
        verify_bundle(bundle)


@pytest.mark.parametrize("name", ["tflite", "keras"])
def test_a_model_of_another_checksum_is_refused(tiny_bundle: Bundle, name: str) -> None:
    with pytest.raises(BundleError, match=rf"model\.{name} .*sha256"):
        verify_bundle(replace(tiny_bundle, **{name: getattr(tiny_bundle, name) + b"\0"}))


def test_a_model_that_is_no_model_is_refused(tiny_bundle: Bundle) -> None:
    broken = b"not a model"
    sha256 = {**tiny_bundle.manifest["sha256"], "tflite": sha256_hex(broken)}
    with pytest.raises(BundleError, match="LiteRT"):
        verify_bundle(replace(changed(tiny_bundle, sha256=sha256), tflite=broken))


def test_the_error_for_a_missing_bundle_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"manifest\.json .*No such file"):
        load_bundle(tmp_path)


@pytest.mark.parametrize(("text", "expected"), [("{", "JSON"), ("[]", "list"), ("{}", "format, recognizer, labels")])
def test_a_broken_manifest_is_refused(tiny_folder: Path, tmp_path: Path, text: str, expected: str) -> None:
    for name in ("model.tflite", "model.keras"):
        (tmp_path / name).write_bytes((tiny_folder / name).read_bytes())
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=expected):
        load_bundle(tmp_path)


def test_the_manifest_on_disk_is_plain_json(tiny_folder: Path) -> None:
    assert json.loads((tiny_folder / "manifest.json").read_text())["recognizer"] == "digits"


def test_importing_and_verifying_needs_no_tensorflow(tiny_folder: Path) -> None:
    program = (
        "import sys; from ml.bundles.bundle import load_bundle, verify_bundle; verify_bundle(load_bundle(sys.argv[1]));"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, tiny_folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# The raster and the words of a recognizer


def test_a_bundle_without_a_raster_has_the_default_raster(tiny_bundle: Bundle) -> None:
    older = {key: value for key, value in tiny_bundle.manifest.items() if key not in ("raster", "title", "prompt")}
    bundle = replace(tiny_bundle, manifest=older)
    assert bundle.raster == RasterSpec(28, 20, 2.2)
    assert verify_bundle(bundle).size == 28


def test_a_bundle_may_have_another_raster() -> None:
    spec = RasterSpec(40, 33, 2.5)
    bundle = export(tiny_network(4, 40), raster=spec, probe=random_rasters(3, size=40))
    assert bundle.manifest["raster"] == {"size": 40, "box": 33, "pen": 2.5, "centre": "mass"}
    assert bundle.raster == spec
    predictor = verify_bundle(bundle)
    assert predictor.size == 40
    assert predictor.predict(random_rasters(2, size=40)).probabilities.shape == (2, 3)
    with pytest.raises(ValueError, match=r"uint8 \(n, 40, 40\), not uint8 \(2, 28, 28\)"):
        predictor.predict(random_rasters(2))


def test_a_network_of_another_raster_is_not_exported(tiny_model: keras.Model) -> None:
    with pytest.raises(BundleError, match=r"\(28, 28, 1\).*\(32, 32, 1\)"):
        export(tiny_model, raster=RasterSpec(32), probe=random_rasters(3, size=32))


def test_a_manifest_of_another_raster_than_the_model_takes_is_refused(tiny_bundle: Bundle) -> None:
    said = changed(tiny_bundle, raster={"size": 32, "box": 24, "pen": 2.2})
    with pytest.raises(BundleError, match=r"\b28\b.*\b32\b"):
        verify_bundle(said)


@pytest.mark.parametrize(
    "raster",
    [
        {"size": 8},
        {"size": 28.5},
        {"size": 28, "box": 30},
        {"pen": 0},
        {"pen": "2"},
        {"centre": "ink"},
        {"ink": 1},
        [28],
        "28",
    ],
)
def test_an_invalid_raster_is_refused(tiny_bundle: Bundle, raster: object) -> None:
    with pytest.raises(BundleError, match=rf"raster {re.escape(repr(raster))}"):
        verify_bundle(changed(tiny_bundle, raster=raster))


def test_a_bundle_has_the_title_and_the_prompts_of_its_recognizer(tiny_model: keras.Model) -> None:
    labels = [*LABELS[:2], {"slug": "clock", "glyph": "", "name": "clock", "prompt": "a clock"}]
    manifest = export(tiny_model, labels=labels, title="Odd things", prompt="Draw {name}").manifest
    assert (manifest["title"], manifest["prompt"]) == ("Odd things", "Draw {name}")
    assert manifest["labels"] == labels


@pytest.mark.parametrize("words", [{"title": 5}, {"prompt": None}])
def test_a_title_or_prompt_that_is_no_text_is_refused(tiny_bundle: Bundle, words: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match=next(iter(words))):
        verify_bundle(changed(tiny_bundle, **words))


def test_a_prompt_of_a_label_that_is_no_text_is_refused(tiny_bundle: Bundle) -> None:
    labels = [*tiny_bundle.manifest["labels"][:2], {"slug": "2", "glyph": "2", "name": "two", "prompt": 2}]
    with pytest.raises(BundleError, match=r"'2' has a prompt.* 2\."):
        verify_bundle(changed(tiny_bundle, labels=labels))
