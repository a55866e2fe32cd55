"""Exported files answer like the original, or are deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.bundles.bundle import Bundle, verify_bundle
from ml.bundles.export import EXPORT_FORMATS, ExportError, export_files
from ml.commands.main import main
from tests.ml.runes import vee
from tests.ml.tiny import random_rasters


def test_every_format_answers_like_the_keras_model(
    tiny_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    drawings = tmp_path / "drawings.jsonl"
    rng = np.random.default_rng(0)
    drawings.write_text("\n".join(json.dumps({"label": "0", "drawing": vee(rng)}) for _ in range(4)))
    out = tmp_path / "out"
    arguments = ["export", "--bundle", str(tiny_folder), "--out", str(out), "--data", str(drawings), "--json"]
    assert main(arguments) == 0
    figures = json.loads(capfd.readouterr().out)
    assert figures["drawings"] == 12  # with the eight of the probe
    assert [file["format"] for file in figures["files"]] == list(EXPORT_FORMATS)
    assert all(file["same_answers"] == 1 and file["largest_difference"] < 0.05 for file in figures["files"])
    assert {path.name for path in out.iterdir()} == {form.file for form in EXPORT_FORMATS.values()} | {
        "export.json",
        "browser",
    }
    small, full = out / "model-8bit.tflite", out / "model.tflite"
    assert small.stat().st_size < full.stat().st_size / 2
    about = json.loads((out / "export.json").read_text())
    assert [label["slug"] for label in about["labels"]] == ["0", "1", "2"]
    assert about["raster"] == {"size": 28, "box": 20, "pen": 2.2, "centre": "mass"}


def test_a_single_format_replaces_the_file_of_an_earlier_export(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "saved_model" / "old").write_text("")
    arguments = ["export", "--bundle", str(tiny_folder), "--out", str(tmp_path), "--format", "savedmodel"]
    assert main(arguments) == 0
    assert "saved_model" in (said := capsys.readouterr().out)
    assert "Compared with the Keras model of the bundle on 8 drawings." in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.json", "saved_model"]
    assert not (tmp_path / "saved_model" / "old").exists()


def spoilt(name: str, write: Callable[[Any, Path], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPORT_FORMATS, name, replace(EXPORT_FORMATS[name], write=write))


def write_nonsense(model: Any, file: Path) -> None:
    file.write_bytes(b"no model")


def write_other_weights(model: Any, file: Path) -> None:
    import keras

    other = keras.models.clone_model(model)
    other.save_weights(file)


def test_a_file_that_answers_differently_is_deleted(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt("weights", write_other_weights, monkeypatch)
    with pytest.raises(ExportError, match=r"model\.weights\.h5 .*100\.0%.*\b40\b"):
        export_files(tiny_bundle, tmp_path, formats=["architecture", "weights"], drawings=random_rasters(40))
    assert [path.name for path in tmp_path.iterdir()] == ["architecture.json"]


def test_a_file_that_cannot_be_read_again_is_deleted(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt("tflite", write_nonsense, monkeypatch)
    arguments = ["export", "--bundle", str(tiny_folder), "--out", str(tmp_path), "--format", "tflite"]
    assert main(arguments) == 2
    assert "model.tflite" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_rounded_weights_may_answer_a_few_drawings_differently(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawings = random_rasters(200)
    answers = verify_bundle(tiny_bundle).predict(drawings).probabilities

    def asked(wrong: int) -> Callable[..., np.ndarray]:
        return lambda *_: np.concatenate([answers[:wrong] + 0.2, answers[wrong:]])

    form = replace(EXPORT_FORMATS["tflite-8bit"], write=write_nonsense)
    monkeypatch.setitem(EXPORT_FORMATS, "tflite-8bit", replace(form, ask=asked(2)))
    (done,) = export_files(tiny_bundle, tmp_path, formats=["tflite-8bit"], drawings=drawings)
    assert done.largest_difference == pytest.approx(0.2, abs=1e-3)
    monkeypatch.setitem(EXPORT_FORMATS, "tflite-8bit", replace(form, ask=asked(3)))
    with pytest.raises(ExportError, match=r"1\.5%.*\b200\b"):
        export_files(tiny_bundle, tmp_path, formats=["tflite-8bit"], drawings=drawings)
