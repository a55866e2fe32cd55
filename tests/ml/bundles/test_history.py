"""Training histories: no bundle is saved without one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml.bundles.bundle import Bundle, BundleError, load_bundle, save_bundle, verify_bundle, with_history
from ml.bundles.history import NOT_STORED, HistoryRecorder, epochs_of, history_problem
from tests.ml.tiny import HISTORY

EPOCH = {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "seconds": 3.2}
LOST = {"missing": "A disk broke."}


def without_history(bundle: Bundle) -> Bundle:
    return replace(bundle, manifest={key: value for key, value in bundle.manifest.items() if key != "history"})


@pytest.mark.parametrize("history", [[EPOCH], [{"epoch": 1, "loss": 0}, {"epoch": 2, "loss": 3}], LOST])
def test_epochs_or_the_reason_why_there_are_none_are_a_history(history: Any) -> None:
    assert history_problem(history) == ""


@pytest.mark.parametrize(
    "history",
    [
        *(None, [], {}, {"missing": " "}, {"missing": 3}, "lost", [1]),
        *([{"epoch": 1}], [{"loss": 1}], [{"epoch": 2, "loss": 1}], [EPOCH, EPOCH]),
        *([EPOCH | {"accuracy": 1.2}], [EPOCH | {"loss": float("nan")}], [EPOCH | {"seconds": -1}]),
        [EPOCH | {"loss": "0.5"}],
    ],
)
def test_anything_else_is_none(history: Any) -> None:
    assert history_problem(history) != ""


def test_no_bundle_is_saved_without_a_history(tiny_bundle: Bundle, tmp_path: Path) -> None:
    for bundle in (
        without_history(tiny_bundle),
        replace(tiny_bundle, manifest={**tiny_bundle.manifest, "history": []}),
    ):
        with pytest.raises(BundleError, match="history"):
            save_bundle(bundle, tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BundleError, match="history"):
        with_history(tiny_bundle, [])


def test_the_history_is_a_file_of_its_own(tiny_bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(tiny_bundle, tmp_path)
    assert json.loads((tmp_path / "history.json").read_text()) == HISTORY
    assert "history" not in json.loads((tmp_path / "manifest.json").read_text())
    assert epochs_of(load_bundle(tmp_path).manifest) == HISTORY


def test_a_bundle_of_an_earlier_release_says_that_it_has_none(tiny_bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(tiny_bundle, tmp_path)
    (tmp_path / "history.json").unlink()
    bundle = load_bundle(tmp_path)
    assert bundle.manifest["history"] == {"missing": NOT_STORED}
    assert epochs_of(bundle.manifest) == []
    verify_bundle(without_history(bundle))  # as versions of earlier releases are in the database
    save_bundle(bundle, tmp_path / "again")


@pytest.mark.parametrize("content", ["{", "[1]", "[]", '[{"epoch": 1}]', '{"epoch": 1}'])
def test_a_damaged_history_is_an_error_that_names_the_file(content: str, tiny_bundle: Bundle, tmp_path: Path) -> None:
    save_bundle(tiny_bundle, tmp_path)
    (tmp_path / "history.json").write_text(content)
    with pytest.raises(BundleError, match=r"history\.json"):
        load_bundle(tmp_path)


def test_a_bundle_with_a_damaged_history_does_not_pass(tiny_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="history"):
        verify_bundle(replace(tiny_bundle, manifest={**tiny_bundle.manifest, "history": [{"epoch": 1}]}))


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in Path("ml/models").glob("*/manifest.json")), ids=lambda folder: folder.name
)
def test_every_shipped_bundle_has_a_history(folder: Path) -> None:
    assert (folder / "history.json").is_file()
    manifest = load_bundle(folder).manifest
    assert epochs_of(manifest) or len(manifest["history"]["missing"]) > 60


# Recording


def reports(*rows: tuple[str, int, float | None]) -> HistoryRecorder:
    record = HistoryRecorder(lambda progress: None)
    for step, epoch, loss in rows:
        record({"step": step, "epoch": epoch} | ({} if loss is None else {"loss": loss}))
    return record


def test_the_loss_of_an_epoch_is_the_mean_of_its_batches() -> None:
    record = reports(("making", 1, None), ("all", 1, 1.0), ("all", 1, 0.5), ("making", 2, None), ("all", 2, 0.25))
    assert [(row["epoch"], row["loss"]) for row in record.epochs] == [(1, 0.75), (2, 0.25)]
    assert history_problem(record.epochs) == ""


def test_only_the_last_of_several_fits_is_the_history() -> None:
    record = reports(("all", 1, 1.0), ("all", 2, 0.5), ("all", 3, 0.4), ("all", 1, 0.9), ("all", 2, 0.3))
    assert [row["loss"] for row in record.epochs] == [0.9, 0.3]
    assert [row["loss"] for row in reports(("a", 1, 1.0), ("b", 1, 0.5)).epochs] == [0.5]


def test_a_recorder_passes_everything_on_and_does_not_hold_up_a_stop() -> None:
    seen: list[dict[str, Any]] = []
    HistoryRecorder(seen.append)({"step": "export"})
    assert seen == [{"step": "export"}]

    def stop(progress: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        HistoryRecorder(stop)({"step": "all", "epoch": 1, "loss": 1.0})
