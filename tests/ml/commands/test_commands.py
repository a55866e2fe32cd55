"""The command line of `ml`: results as tables or JSON, errors in one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ml
from ml.bundles.bundle import Bundle, load_bundle, save_bundle
from ml.commands import train as train_command
from ml.commands.main import main
from ml.commands.options import MODELS
from ml.evaluation.base_test import BASE_TEST_FILE, read_base_test, read_base_test_file
from ml.recipes import RECIPES
from ml.recipes.base import Material
from tests.ml.photos import SEVEN, THREE, line_mask
from tests.ml.runes import write_folder

COMMANDS = [
    *("data", "train", "rehearse", "base-test", "evaluate", "robustness", "junk", "report", "card", "export"),
    *("bench", "bench-learning", "bench-gate", "bench-memory", "bench-filters", "notebooks"),
]


@pytest.fixture
def ink_file(tmp_path: Path) -> Path:
    rows = [
        {"label": str(number % 3), "writer": f"w{number}", "drawing": [stroke.tolist() for stroke in ink]}
        for number, ink in enumerate((SEVEN, THREE) * 3)
    ]
    path = tmp_path / "ink.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture
def picture_file(tmp_path: Path) -> Path:
    np.savez(tmp_path / "pictures.npz", x=line_mask(SEVEN, (60, 60), 0.4, 4)[None], y=[1])
    return tmp_path / "pictures.npz"


def run_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def failed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([*map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w-]+", text))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"python -m ml {command}" in capsys.readouterr().out


def test_the_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)


def test_evaluate_measures_files_of_both_formats_together(
    tiny_folder: Path, ink_file: Path, picture_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run_json(capsys, "evaluate", "digits", "--bundle", tiny_folder, "--data", ink_file, picture_file)
    assert report["count"] == 7
    assert [label["count"] for label in report["labels"]] == [2, 3, 2]
    assert sum(map(sum, report["confusion"])) == 7


def test_evaluate_prints_tables(tiny_folder: Path, ink_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--bundle", str(tiny_folder), "--data", str(ink_file), "--by-writer"]) == 0
    text = capsys.readouterr().out
    assert "ECE" in text
    assert "w5" in text


def test_evaluate_measures_only_the_held_out_writers(
    tiny_folder: Path, ink_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run_json(capsys, "evaluate", "--bundle", tiny_folder, "--data", ink_file, "--holdout")
    assert report["count"] == 1
    assert len(report["writers"]) == 1


def test_the_holdout_needs_writers(tiny_folder: Path, picture_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--holdout" in failed(capsys, "evaluate", "--bundle", tiny_folder, "--data", picture_file, "--holdout")


def test_unknown_labels_are_an_error_unless_they_count_as_negatives(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cats.jsonl"
    path.write_text('{"label": "cat", "drawing": [[[1, 5], [1, 9]]]}')
    arguments = ("evaluate", "--bundle", tiny_folder, "--data", path)
    said = failed(capsys, *arguments)
    assert "0, 1, 2" in said
    assert "cat" in said
    report = run_json(capsys, *arguments, "--junk")
    assert (report["count"], report["junk_count"]) == (0, 1)


def test_evaluate_takes_the_names_of_labels(
    tiny_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, *others = tiny_bundle.manifest["labels"]
    labels = [clock | {"slug": "alarm-clock", "name": "alarm clock", "glyph": ""}, *others]
    save_bundle(replace(tiny_bundle, manifest={**tiny_bundle.manifest, "labels": labels}), tmp_path)
    path = tmp_path / "clocks.ndjson"
    rows = [{"word": word, "drawing": [[[1, 5], [1, 9]]]} for word in ("alarm clock", "Alarm-clock", 1)]
    path.write_text("\n".join(map(json.dumps, rows)))
    arguments = ("evaluate", "--bundle", tmp_path, "--data", path)
    report = run_json(capsys, *arguments)
    assert {label["slug"]: label["count"] for label in report["labels"]} == {"alarm-clock": 2, "1": 1, "2": 0}
    report = run_json(capsys, *arguments, "--only", "alarm clock,2")
    assert {label["slug"]: label["count"] for label in report["labels"]} == {"alarm-clock": 2, "2": 0}


def test_evaluate_can_choose_among_some_labels_only(
    tiny_folder: Path, ink_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("evaluate", "--bundle", tiny_folder, "--data", ink_file)
    report = run_json(capsys, *arguments, "--only", "0, 2")
    assert [(label["slug"], label["count"]) for label in report["labels"]] == [("0", 2), ("2", 2)]
    assert sum(map(sum, report["confusion"])) == 4
    assert re.search("7.*0, 1, 2", failed(capsys, *arguments, "--only", "0,7"))


@pytest.fixture
def parted_file(tmp_path: Path) -> Path:
    x = np.stack([line_mask(ink, (60, 60), 0.4, 4) for ink in (SEVEN, THREE, SEVEN)])
    np.savez(tmp_path / "parted.npz", x=x, y=[0, 1, 2], split=["train", "train", "test"])
    return tmp_path / "parted.npz"


def test_one_part_of_a_file_is_measured(
    tiny_folder: Path, parted_file: Path, ink_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("evaluate", "--bundle", tiny_folder, "--data", parted_file)
    report = run_json(capsys, *arguments, "--split", "test")
    assert [label["count"] for label in report["labels"]] == [0, 0, 1]
    assert main([*map(str, arguments)]) == 0
    assert re.search("parted.npz.*test, train.*--split", capsys.readouterr().err)
    assert re.search("parted.npz.*'exam'", failed(capsys, *arguments, "--split", "exam"))
    assert re.search("ink.jsonl.*'test'", failed(capsys, *arguments[:-1], ink_file, "--split", "test"))


@pytest.fixture
def measured_folder(
    trained_base: Bundle, training_material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of a bundle whose recipe has tests."""
    recipe = replace(RECIPES["digits"], load=lambda data: training_material, load_to_replay=None)
    monkeypatch.setitem(RECIPES, "three-digits", recipe)
    save_bundle(trained_base, tmp_path)
    return tmp_path


def test_without_files_evaluate_measures_the_tests_of_the_recipe(
    measured_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = run_json(capsys, "evaluate", "--bundle", measured_folder)
    assert {name: (report["count"], report["junk_count"]) for name, report in reports.items()} == {
        "other junk": (0, 40), "other digits": (300, 0), "yet other digits": (30, 0),
    }  # fmt: skip
    assert reports["other digits"]["accuracy"] > 0.8
    assert main(["evaluate", "--bundle", str(measured_folder)]) == 0
    assert re.search(r"yet other digits +30 ", capsys.readouterr().out)


def test_base_test_writes_the_held_out_drawings_into_the_bundle(
    measured_folder: Path, trained_base: Bundle, training_material: Material, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["base-test", "--bundle", str(measured_folder)]) == 0
    test = read_base_test(read_base_test_file(measured_folder))
    parts = training_material.base_test
    assert len(test.labels) == sum(len(part.y) for part in parts.values())
    assert test.fits(trained_base)
    said = capsys.readouterr().out
    assert all(f"{len(part.y)} of {name}" in said for name, part in parts.items())


def test_base_test_needs_the_folder_of_a_recognizer_of_ones_own(
    tiny_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_bundle(replace(tiny_bundle, manifest={**tiny_bundle.manifest, "recognizer": "marks"}), tmp_path / "bundle")
    folder = write_folder(tmp_path / "runes")
    assert "marks" in failed(capsys, "base-test", "--bundle", tmp_path / "bundle")
    assert "--bundle" in failed(capsys, "base-test", "--from", folder)
    assert re.search("'runes'.*'marks'", failed(capsys, "base-test", "--from", folder, "--bundle", tmp_path / "bundle"))
    assert not (tmp_path / "bundle" / BASE_TEST_FILE).exists()


def test_some_labels_of_the_recipes_tests_are_measured(
    measured_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = run_json(capsys, "evaluate", "--bundle", measured_folder, "--only", "2,0")
    assert list(reports) == ["other digits", "yet other digits"]  # no junk is a drawing of these labels
    assert [(label["slug"], label["count"]) for label in reports["other digits"]["labels"]] == [("2", 100), ("0", 100)]


def test_without_files_and_without_a_recipe_it_asks_for_files(
    tiny_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_bundle(replace(tiny_bundle, manifest={**tiny_bundle.manifest, "recognizer": "runes"}), tmp_path)
    assert "--data" in failed(capsys, "evaluate", "--bundle", tmp_path)
    assert "--data" in failed(capsys, "evaluate", "--holdout")


def test_missing_data_is_one_line_and_exit_code_2(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = failed(capsys, "evaluate", "--bundle", tiny_folder, "--data", "nowhere.npz")
    assert "nowhere.npz" in said


@pytest.mark.parametrize("command", ["evaluate", "robustness", "junk", "bench", "export"])
def test_a_missing_bundle_is_one_line_and_exit_code_2(
    command: str, ink_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"evaluate": ["--data", ink_file], "robustness": ["--data", ink_file], "export": ["--out", tmp_path / "x"]}
    said = failed(capsys, command, "--bundle", tmp_path, *data.get(command, []))
    assert f"python -m ml {command}: No bundle in {tmp_path}" in said


def test_an_unknown_recognizer_has_no_bundle(ink_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No bundle in" in failed(capsys, "evaluate", "runes", "--data", ink_file)


def test_it_writes_a_report_and_compares_two_versions(
    tiny_folder: Path, ink_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("report", "--bundle", tiny_folder, "--data", ink_file, "--against", tiny_folder, "--out", tmp_path)
    figures = run_json(capsys, *arguments)
    assert figures["drawings"] == 6
    assert Path(figures["page"]).read_text().startswith("<!doctype html>")
    assert all(Path(picture).is_file() for picture in figures["pictures"])
    assert main([*map(str, arguments)]) == 0
    assert "6 drawings" in capsys.readouterr().out


def test_a_card_needs_a_recipe(tiny_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_bundle(replace(tiny_bundle, manifest={**tiny_bundle.manifest, "recognizer": "runes"}), tmp_path)
    assert set(RECIPES) <= words(failed(capsys, "card", "--bundle", tmp_path))


def test_a_card_is_measured_and_written_anew(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def measure_bundle(bundle: Bundle, recipe: Any, material: Any) -> tuple[Bundle, dict[str, Any]]:
        asked.append((recipe.title, material))
        card = json.loads((MODELS / "digits" / "manifest.json").read_text())["card"]
        card |= {"confusion": [], "confusions": [{"drawn": "0", "answered": "2", "count": 5}]}  # labels of this bundle
        return replace(bundle, manifest={**bundle.manifest, "card": card}), {}

    def load(data: Path | None) -> Any:
        return f"data of {data}"

    monkeypatch.setitem(RECIPES, "digits", replace(RECIPES["digits"], load=load))
    monkeypatch.setattr("ml.commands.report.measure_bundle", measure_bundle)
    save_bundle(tiny_bundle, tmp_path)
    assert (
        run_json(capsys, "card", "--bundle", tmp_path, "--data-dir", tmp_path) == load_bundle(tmp_path).manifest["card"]
    )
    assert asked == [("Digits", f"data of {tmp_path}")]
    written = (tmp_path / "card.md").read_text()
    assert written.startswith("# Model card")
    assert "0 as 2 (5)" in written


def test_robustness_is_measured(tiny_folder: Path, ink_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = run_json(capsys, "robustness", "--bundle", tiny_folder, "--data", ink_file)
    assert figures["moved, and scaled 0.05x to 20x"] == {"count": 6, "same raster": 1.0, "same answer": 1.0}
    assert main(["robustness", "--bundle", str(tiny_folder), "--data", str(ink_file)]) == 0
    assert "100.00%" in capsys.readouterr().out


def test_negatives_are_measured(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INKLING_DATA", str(tmp_path))
    figures = run_json(capsys, "junk", "--bundle", tiny_folder, "--count", "5")
    assert figures["all junk"]["count"] == 20
    assert main(["junk", "--bundle", str(tiny_folder), "--count", "5"]) == 0
    assert "hatchings" in capsys.readouterr().out
    assert "omniglot" in failed(capsys, "junk", "--bundle", tiny_folder, "--count", "5", "--data-dir", tmp_path)


def test_latency_is_measured(tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--bundle", str(tiny_folder), "--calls", "5"]) == 0
    text = capsys.readouterr().out
    assert "rasterise" in text
    assert "after 1,000 predictions" in text


def test_train_passes_its_options_on(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []
    figures = {"MNIST test": {"count": 100, "accuracy": 0.9}, "scribbles": {"junk_count": 50, "junk_unsure": 1.0}}
    measured = replace(tiny_bundle, manifest={**tiny_bundle.manifest, "metrics": figures})

    def train_recognizer(*names: Any, **options: Any) -> Bundle:
        asked.append((names, options))
        sys.stdout.write("Epoch 1/2\n")
        return measured

    monkeypatch.setattr(train_command, "train_recognizer", train_recognizer)
    arguments = ("train", "digits", "--out", tmp_path, "--epochs", "2", "--seed", "5", "--data-dir", tmp_path)
    assert run_json(capsys, *arguments)["metrics"] == figures
    assert asked[0] == (("digits", None), {"out": tmp_path, "epochs": 2, "seed": 5, "data": tmp_path, "onwards": None})
    main(["train", "--onwards", str(tmp_path)])
    usual = {"out": MODELS / "digits", "epochs": None, "seed": 1, "data": None}
    assert asked[1] == (("digits", None), {**usual, "onwards": tmp_path})
    captured = capsys.readouterr()
    (digits,) = [line for line in captured.out.splitlines() if line.strip().startswith("MNIST test")]
    (scribbles,) = [line for line in captured.out.splitlines() if line.strip().startswith("scribbles")]
    assert re.findall(r"[\d.]+%", digits) == ["90.00%", "82.6%", "94.5%"]
    assert re.findall(r"[\d.]+%", scribbles) == ["100.00%", "92.9%", "100.0%"]
    assert captured.err == "Epoch 1/2\n"


def test_an_unknown_recipe_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(RECIPES) <= words(failed(capsys, "train", "runes"))
    assert not (Path(ml.__file__).parent / "models" / "runes").exists(), "nothing is left behind"


def test_evaluating_needs_nothing_of_the_extra_train(tiny_folder: Path, ink_file: Path) -> None:
    program = (
        "import sys; sys.modules['tqdm'] = None; from ml.commands.main import main; code = main(sys.argv[1:]);"
        "sys.exit(code or 10 * bool({'tensorflow', 'keras', 'matplotlib'} & sys.modules.keys()))"
    )
    arguments = ["evaluate", "--bundle", str(tiny_folder), "--data", str(ink_file), "--json"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_module_is_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ml", "evaluate", "--data", "nowhere.jsonl"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
