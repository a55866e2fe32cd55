"""`install_recognizer` and `install_models`: a bundle becomes a recognizer, or the next version of one."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ml.artifact import Bundle, load_bundle, save_bundle
from recognizer import registry
from recognizer.models import Label, ModelVersion, Promotion, Recognizer, TrainingRun
from tests import standins


def told(command: str, *arguments: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def saved(bundle: Bundle, folder: Path, **manifest: Any) -> Path:
    save_bundle(replace(bundle, manifest={**bundle.manifest, **manifest}), folder)
    return folder


@pytest.fixture
def runes(starter: Bundle, tmp_path: Path) -> Path:
    labels = [standins.word(name) for name in standins.WORDS]
    bundle = standins.relabelled(starter, "runes", labels, title="Runes", prompt="Scratch {name}")
    return saved(bundle, tmp_path / "runes")


def answering(slug: str) -> int:
    last = registry.newest(Recognizer.objects.get(slug=slug).pk)
    assert last is not None
    return last.model_version.number


def test_a_new_recognizer_answers_at_once(db: None, runes: Path, client: Client) -> None:
    assert told("install_recognizer", runes) == "Runes: version 1 is installed and promoted.\n"
    labels = Label.objects.filter(recognizer__slug="runes")
    assert [label.slug for label in labels] == [name.replace(" ", "-") for name in standins.WORDS]
    assert labels[0].prompt == "a ring"
    assert len({label.tone for label in labels}) == len(standins.WORDS)
    answer = client.post(
        "/api/v1/predict", {"recognizer": "runes", "ink": [[[0, 0], [0, 99]]]}, content_type="application/json"
    )
    assert answer.json()["guesses"][0]["label"] == "line"


def test_it_stands_behind_those_that_are_there(digits: Recognizer, runes: Path) -> None:
    told("install_recognizer", runes)
    assert [each.slug for each in Recognizer.objects.all()] == ["digits", "runes"]


def test_installing_the_same_again_changes_nothing(db: None, runes: Path) -> None:
    told("install_recognizer", runes)
    assert told("install_recognizer", runes) == "Runes: version 1 was installed already and answers.\n"
    assert ModelVersion.objects.count() == Promotion.objects.count() == 1


def test_the_next_version_waits_to_be_promoted(db: None, runes: Path, starter: Bundle) -> None:
    told("install_recognizer", runes)
    said = told("install_recognizer", saved(load_bundle(runes), runes, unsure_below=0.7))
    assert said.startswith("Runes: version 2 is installed; another version goes on answering until")
    assert answering("runes") == 1
    assert told("install_recognizer", runes, promote=True) == "Runes: version 2 was installed already and promoted.\n"
    assert answering("runes") == 2


def test_labels_that_a_later_bundle_adds_come_last(db: None, runes: Path) -> None:
    bundle = load_bundle(runes)
    labels = bundle.manifest["labels"]
    fewer = [{**labels[0]}, *labels[2:], {**labels[1], "slug": "stroke"}]
    told("install_recognizer", runes)
    Label.objects.filter(slug="line").delete()
    told("install_recognizer", saved(bundle, runes, labels=fewer))
    added = Label.objects.get(slug="stroke")
    assert added.position == Label.objects.count()  # the place that "line" left stays free
    assert added.recognizer.labels.count() == 10


def test_a_label_keeps_what_people_call_it_here(db: None, runes: Path) -> None:
    told("install_recognizer", runes)
    Label.objects.filter(slug="ring").update(name="circle")
    told("install_recognizer", saved(load_bundle(runes), runes, unsure_below=0.7))
    assert Label.objects.get(slug="ring").name == "circle"


def test_a_bundle_that_lacks_a_label_is_refused(digits: Recognizer, starter: Bundle, tmp_path: Path) -> None:
    Label.objects.create(recognizer=digits, slug="ten", name="ten", position=10)
    folder = saved(starter, tmp_path / "digits", unsure_below=0.7)
    with pytest.raises(CommandError, match=r"labels that the bundle cannot answer: ten. A recognizer keeps its labels"):
        told("install_recognizer", folder)
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"recognizer": "old runes"}, "the recognizer 'old runes' do not fit the site. slug: "),
        ({"title": "R" * 81}, "do not fit the site. name: "),
        ({"labels": [standins.word("word " * 20) | {"slug": f"s{n}"} for n in range(10)]}, "the label 's0' do not fit"),
        ({"preprocess_version": 99}, "trained on rasters of version 99"),
    ],
)
def test_what_the_site_cannot_keep_leaves_nothing_behind(
    db: None, runes: Path, manifest: dict[str, Any], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        told("install_recognizer", saved(load_bundle(runes), runes, **manifest))
    assert not Recognizer.objects.exists()


def test_a_folder_without_a_bundle_is_one_line(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be installed: No bundle in"):
        told("install_recognizer", tmp_path)


def test_a_newer_shipped_model_follows_the_one_that_shipped_before(db: None, starter: Bundle, tmp_path: Path) -> None:
    told("install_models")
    saved(starter, tmp_path / "digits", unsure_below=0.7)
    assert told("install_models", folder=tmp_path) == "digits: version 2 is installed and promoted.\n"
    assert told("install_models", folder=tmp_path) == "digits: version 2 was installed already and answers.\n"


def test_it_does_not_take_the_place_of_what_was_taught_here(db: None, starter: Bundle, tmp_path: Path) -> None:
    told("install_models")
    digits = Recognizer.objects.get(slug="digits")
    taught = registry.register(recognizer=digits, bundle=starter)
    TrainingRun.objects.create(recognizer=digits, state="passed", version=taught, finished=timezone.now())
    registry.promote(version=taught, replaces=registry.newest(digits.pk), reason="It passed.")
    saved(starter, tmp_path / "digits", unsure_below=0.7)
    assert "another version goes on answering" in told("install_models", folder=tmp_path)
    assert answering("digits") == 2


def test_it_does_not_take_the_place_of_what_somebody_chose(starter: Bundle, alice: User, tmp_path: Path) -> None:
    told("install_models")
    digits = Recognizer.objects.get(slug="digits")
    saved(starter, tmp_path / "digits", unsure_below=0.7)
    told("install_models", folder=tmp_path)
    registry.roll_back(recognizer=digits, reason="It misread sevens.", by=alice)
    told("install_models", folder=tmp_path)
    saved(starter, tmp_path / "digits", unsure_below=0.6)
    told("install_models", folder=tmp_path)
    assert answering("digits") == 1


def test_shipped_recognizers_stand_in_their_order(db: None, starter: Bundle, tmp_path: Path) -> None:
    labels = starter.manifest["labels"]
    for slug in ("sketches", "abacus", "digits", "bangla-digits"):
        saved(standins.relabelled(starter, slug, labels), tmp_path / slug)
    told("install_models", folder=tmp_path)
    assert [each.slug for each in Recognizer.objects.all()] == ["digits", "bangla-digits", "sketches", "abacus"]
