"""The example drawings of a recognizer: installed with a release, replaced by newer ones, checked before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ml.bundles.bundle import Bundle, BundleError, save_bundle
from ml.evaluation.examples import EXAMPLES_FILE, save_examples
from recognizer.models import ExampleSet, Recognizer
from recognizer.registry.example_sets import install_examples

EXAMPLES: dict[str, Any] = {
    "labels": {"7": {"ink": [[[0, 200, 80], [0, 0, 200]]], "traced": False}},
    "sources": [{"title": "Pens", "origin": "Somebody", "licence": "CC BY 4.0", "page": ""}],
}


def content(**labels: Any) -> bytes:
    return json.dumps(EXAMPLES | ({"labels": labels} if labels else {})).encode()


@pytest.fixture
def release(starter: Bundle, tmp_path: Path) -> Path:
    """A folder of bundles with the digits and their examples, as a release has it."""
    save_bundle(starter, tmp_path / "digits")
    save_examples(EXAMPLES, tmp_path / "digits")
    return tmp_path


@pytest.mark.django_db
def test_a_release_installs_them_once(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("install_models", folder=release)
    assert ExampleSet.objects.get(recognizer__slug="digits").content == EXAMPLES
    assert "example drawings" in capsys.readouterr().out
    call_command("install_models", folder=release)
    assert "example drawings" not in capsys.readouterr().out


@pytest.mark.django_db
def test_newer_ones_replace_them(digits: Recognizer) -> None:
    assert install_examples(recognizer=digits, content=content())
    assert not install_examples(recognizer=digits, content=content())
    one = {"ink": [[[100, 100], [0, 200]]], "traced": True}
    assert install_examples(recognizer=digits, content=content(**{"1": one}))
    assert list(ExampleSet.objects.get().content["labels"]) == ["1"]


@pytest.mark.django_db
def test_examples_of_other_labels_are_refused(digits: Recognizer) -> None:
    with pytest.raises(BundleError, match="eleven"):
        install_examples(recognizer=digits, content=content(eleven=EXAMPLES["labels"]["7"]))
    assert not ExampleSet.objects.exists()


@pytest.mark.django_db
def test_a_release_with_damaged_ones_says_so_and_the_site_starts(
    release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (release / "digits" / EXAMPLES_FILE).write_text("{")
    call_command("install_models", folder=release)
    assert "examples cannot be read" in capsys.readouterr().err
    assert Recognizer.objects.get().slug == "digits"


@pytest.mark.django_db
def test_a_bundle_of_ones_own_brings_its_examples_or_is_not_installed(release: Path) -> None:
    call_command("install_recognizer", release / "digits")
    assert ExampleSet.objects.get().content == EXAMPLES
    (release / "digits" / EXAMPLES_FILE).write_text("{}")
    with pytest.raises(CommandError, match="examples"):
        call_command("install_recognizer", release / "digits")
