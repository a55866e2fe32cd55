"""`install_recognizer` and `install_models`: a bundle becomes a recognizer, or the next version of one."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from ml.bundles.bundle import Bundle, load_bundle, save_bundle, verify_bundle
from recognizer.management.commands.install_recognizer import describe_result
from recognizer.models import Label, ModelVersion, Promotion, Recognizer, TrainingRun
from recognizer.registry import install as installing
from recognizer.registry import promotions
from tests import small_bundles
from tests.recognizer.drawings.test_concurrency import at_once


def told(command: str, *arguments: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def saved(bundle: Bundle, folder: Path, **manifest: Any) -> Path:
    save_bundle(replace(bundle, manifest={**bundle.manifest, **manifest}), folder)
    return folder


@pytest.fixture
def runes(starter: Bundle, tmp_path: Path) -> Path:
    labels = [small_bundles.label_of_word(name) for name in small_bundles.WORDS]
    bundle = small_bundles.with_labels(starter, "runes", labels, title="Runes", prompt="Scratch {name}")
    return saved(bundle, tmp_path / "runes")


def outcome(name: str, number: int, *, is_new: bool, promoted: bool) -> str:
    """The line that a command prints for a version that is live now."""
    version = ModelVersion.objects.get(recognizer__slug=name.lower(), number=number)
    done = installing.Installed(version, is_new=is_new, is_live=True, promoted=promoted)
    return f"{name}: {describe_result(done)}\n"


def answering(slug: str) -> int:
    last = promotions.current_promotion(Recognizer.objects.get(slug=slug).pk)
    assert last is not None
    return last.model_version.number


def test_a_new_recognizer_answers_at_once(db: None, runes: Path, client: Client) -> None:
    assert told("install_recognizer", runes) == outcome("Runes", 1, is_new=True, promoted=True)
    labels = Label.objects.filter(recognizer__slug="runes")
    assert [label.slug for label in labels] == [name.replace(" ", "-") for name in small_bundles.WORDS]
    assert labels[0].prompt == "a ring"
    assert len({label.tone for label in labels}) == len(small_bundles.WORDS)
    answer = client.post(
        "/api/v1/predict", {"recognizer": "runes", "ink": [[[0, 0], [0, 99]]]}, content_type="application/json"
    )
    assert answer.json()["guesses"][0]["label"] == "line"


def test_it_stands_behind_those_that_are_there(digits: Recognizer, runes: Path) -> None:
    told("install_recognizer", runes)
    assert [each.slug for each in Recognizer.objects.all()] == ["digits", "runes"]


def test_installing_the_same_again_changes_nothing(db: None, runes: Path) -> None:
    told("install_recognizer", runes)
    assert told("install_recognizer", runes) == outcome("Runes", 1, is_new=False, promoted=False)
    assert ModelVersion.objects.count() == Promotion.objects.count() == 1


def test_the_next_version_waits_to_be_promoted(db: None, runes: Path, starter: Bundle) -> None:
    told("install_recognizer", runes)
    said = told("install_recognizer", saved(load_bundle(runes), runes, unsure_below=0.7))
    assert said.startswith("Runes: version 2 is installed;")
    assert answering("runes") == 1
    assert told("install_recognizer", runes, promote=True) == outcome("Runes", 2, is_new=False, promoted=True)
    assert answering("runes") == 2


def test_labels_that_a_later_bundle_adds_come_last(db: None, runes: Path) -> None:
    bundle = load_bundle(runes)
    labels = bundle.manifest["labels"]
    fewer = [{**labels[0]}, *labels[2:], {**labels[1], "slug": "stroke"}]
    told("install_recognizer", runes)
    Label.objects.filter(slug="line").delete()
    told("install_recognizer", saved(bundle, runes, labels=fewer), promote=True)
    added = Label.objects.get(slug="stroke")
    assert added.position == Label.objects.count()  # the place that "line" left stays free
    assert added.recognizer.labels.count() == 10


def respelled(bundle: Bundle, folder: Path, **manifest: Any) -> Path:
    """The bundle with another last label, one that is not known here."""
    labels = bundle.manifest["labels"]
    return saved(bundle, folder, labels=[*labels[:-1], {**labels[-1], "slug": "moon", "name": "moon"}], **manifest)


def without_the_last_label(slug: str) -> None:
    Label.objects.filter(recognizer__slug=slug).last().delete()  # type: ignore[union-attr]


def offered(client: Client, slug: str) -> list[str]:
    results = client.get("/api/v1/recognizers").json()["results"]
    return [label["slug"] for each in results if each["slug"] == slug for label in each["labels"]]


def test_labels_that_the_answering_version_does_not_know_are_not_offered(db: None, runes: Path, client: Client) -> None:
    told("install_recognizer", runes)
    without_the_last_label("runes")
    before = offered(client, "runes")
    with pytest.raises(CommandError, match=r"\bmoon\b.* --promote"):
        told("install_recognizer", respelled(load_bundle(runes), runes))
    assert offered(client, "runes") == before
    assert ModelVersion.objects.count() == 1


def test_a_label_keeps_what_people_call_it_here(db: None, runes: Path) -> None:
    told("install_recognizer", runes)
    Label.objects.filter(slug="ring").update(name="circle")
    told("install_recognizer", saved(load_bundle(runes), runes, unsure_below=0.7))
    assert Label.objects.get(slug="ring").name == "circle"


def test_a_bundle_that_lacks_a_label_is_refused(digits: Recognizer, starter: Bundle, tmp_path: Path) -> None:
    Label.objects.create(recognizer=digits, slug="ten", name="ten", position=10)
    folder = saved(starter, tmp_path / "digits", unsure_below=0.7)
    with pytest.raises(CommandError, match=r"\bten\b"):
        told("install_recognizer", folder)
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"recognizer": "old runes"}, "'old runes'.* slug: "),
        ({"title": "R" * 81}, " name: "),
        (
            {"labels": [small_bundles.label_of_word("word " * 20) | {"slug": f"s{n}"} for n in range(10)]},
            "'s0'",
        ),
        ({"preprocess_version": 99}, "version 99"),
    ],
)
def test_what_the_site_cannot_keep_leaves_nothing_behind(
    db: None, runes: Path, manifest: dict[str, Any], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        told("install_recognizer", saved(load_bundle(runes), runes, **manifest))
    assert not Recognizer.objects.exists()


def test_a_prompt_in_which_no_label_can_stand_is_refused(db: None, runes: Path) -> None:
    with pytest.raises(CommandError, match=r"prompt: A prompt needs \{glyph\} or \{name\} once"):
        told("install_recognizer", saved(load_bundle(runes), runes, prompt="Draw a rune"))
    assert not Recognizer.objects.exists()


CARD = {"summary": "Runes.", "by_label": [{"test": "kept out", "labels": [{"slug": "ring"}]}], "confusion": [[1, 2]]}


def test_a_card_that_no_page_can_show_is_refused(db: None, runes: Path) -> None:
    with pytest.raises(CommandError, match=r"card.*by_label"):
        told("install_recognizer", saved(load_bundle(runes), runes, card=CARD))
    assert not Recognizer.objects.exists()


def test_a_card_written_anew_makes_no_new_version(db: None, runes: Path) -> None:
    told("install_recognizer", runes)
    again = saved(load_bundle(runes), runes, card={"summary": "Runes, measured again."}, metrics={"accuracy": 0.9})
    assert told("install_recognizer", again) == outcome("Runes", 1, is_new=False, promoted=False)
    assert ModelVersion.objects.count() == Promotion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_installs_the_same_at_the_same_moment_finds_it_installed(runes: Path) -> None:
    for bundle in (load_bundle(runes), load_bundle(saved(load_bundle(runes), runes, unsure_below=0.7))):
        install = partial(installing.install, bundle=bundle, promote=installing.PromoteWhen.ALWAYS)
        done = at_once(*[install] * 4)
        assert sorted(each.is_new for each in done) == [False, False, False, True]
    assert ModelVersion.objects.count() == Promotion.objects.count() == 2


def test_a_folder_without_a_bundle_is_one_line(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be installed: No bundle in"):
        told("install_recognizer", tmp_path)


def test_a_newer_shipped_model_follows_the_one_that_shipped_before(db: None, starter: Bundle, tmp_path: Path) -> None:
    told("install_models")
    saved(starter, tmp_path / "digits", unsure_below=0.7)
    assert told("install_models", folder=tmp_path) == outcome("digits", 2, is_new=True, promoted=True)
    assert told("install_models", folder=tmp_path) == outcome("digits", 2, is_new=False, promoted=False)


@pytest.mark.django_db
def test_a_label_that_was_added_here_does_not_stop_the_next_start(shipped: Bundle) -> None:
    digits = installing.install(bundle=shipped).version.recognizer
    Label.objects.create(recognizer=digits, slug="ten", name="ten", position=10)
    assert outcome("digits", 1, is_new=False, promoted=False) in told("install_models")


def test_a_bundle_that_is_refused_does_not_keep_the_others_out(
    digits: Recognizer, starter: Bundle, tmp_path: Path
) -> None:
    Label.objects.create(recognizer=digits, slug="ten", name="ten", position=10)
    saved(starter, tmp_path / "digits", unsure_below=0.7)
    saved(small_bundles.bangla_digits(starter), tmp_path / "bangla-digits")
    refused = io.StringIO()
    printed = told("install_models", folder=tmp_path, stderr=refused)
    assert printed == outcome("bangla-digits", 1, is_new=True, promoted=True)
    assert refused.getvalue().startswith("digits cannot be installed: Digits")
    assert answering("digits") == 1


def test_a_newer_shipped_model_brings_its_labels_where_it_answers(
    digits: Recognizer, starter: Bundle, tmp_path: Path
) -> None:
    promotions.promote(
        version=digits.versions.get(), replaces=promotions.current_promotion(digits.pk), reason=installing.SHIPPED
    )
    without_the_last_label("digits")
    respelled(starter, tmp_path / "digits")
    assert told("install_models", folder=tmp_path) == outcome("digits", 2, is_new=True, promoted=True)
    assert digits.labels.filter(slug="moon").exists()


def test_it_does_not_take_the_place_of_what_was_taught_here(db: None, starter: Bundle, tmp_path: Path) -> None:
    told("install_models")
    digits = Recognizer.objects.get(slug="digits")
    taught = promotions.register(recognizer=digits, bundle=starter)
    TrainingRun.objects.create(recognizer=digits, state="passed", version=taught, finished=timezone.now())
    promotions.promote(version=taught, replaces=promotions.current_promotion(digits.pk), reason="It passed.")
    saved(starter, tmp_path / "digits", unsure_below=0.7)
    assert "another version" in told("install_models", folder=tmp_path)
    assert answering("digits") == 2


def test_it_does_not_take_the_place_of_what_somebody_chose(starter: Bundle, alice: User, tmp_path: Path) -> None:
    told("install_models")
    digits = Recognizer.objects.get(slug="digits")
    saved(starter, tmp_path / "digits", unsure_below=0.7)
    told("install_models", folder=tmp_path)
    promotions.roll_back(recognizer=digits, reason="It misread sevens.", by=alice)
    told("install_models", folder=tmp_path)
    saved(starter, tmp_path / "digits", unsure_below=0.6)
    told("install_models", folder=tmp_path)
    assert answering("digits") == 1


def test_an_upgraded_site_gets_new_recognizers_except_those_whose_name_it_has(
    digits: Recognizer, starter: Bundle, tmp_path: Path
) -> None:
    own = [small_bundles.label_of_word(name) for name in small_bundles.WORDS]
    told("install_recognizer", saved(small_bundles.with_labels(starter, "shapes", own), tmp_path / "own"))
    release = tmp_path / "release"
    for bundle in (starter, small_bundles.maths(starter), small_bundles.shapes(starter)):
        saved(bundle, release / bundle.manifest["recognizer"])
    refused = io.StringIO()
    told("install_models", folder=release, stderr=refused)
    assert answering("maths") == answering("digits") == answering("shapes") == 1
    shapes = Recognizer.objects.get(slug="shapes")
    assert [label.slug for label in shapes.labels.all()] == [label["slug"] for label in own]
    assert shapes.versions.count() == 1
    assert refused.getvalue().startswith("shapes cannot be installed: ")


def test_shipped_recognizers_stand_in_their_order(db: None, starter: Bundle, tmp_path: Path) -> None:
    labels = starter.manifest["labels"]
    for slug in ("sketches", "abacus", "digits", "bangla-digits"):
        saved(small_bundles.with_labels(starter, slug, labels), tmp_path / slug)
    told("install_models", folder=tmp_path)
    assert [each.slug for each in Recognizer.objects.all()] == ["digits", "bangla-digits", "sketches", "abacus"]


def test_labels_get_the_names_and_codes_of_a_bundle(maths: Recognizer) -> None:
    label = maths.labels.get(slug="pm")
    assert label.names == ["plus or minus sign"]
    assert label.codes["latex"] == [{"code": "\\pm", "package": "", "mode": "math"}]


def test_labels_of_an_older_bundle_get_codes_but_keep_those_that_people_changed(
    digits: Recognizer, starter: Bundle
) -> None:
    known = small_bundles.maths(starter)
    bare = [{key: label[key] for key in ("slug", "glyph", "name")} for label in known.manifest["labels"]]
    installing.install(bundle=small_bundles.with_labels(starter, "maths", bare))
    changed = Label.objects.get(recognizer__slug="maths", slug="pm")
    changed.codes = {"typst": ["pm.mine"]}
    changed.save()
    installing.install(bundle=known)
    assert Label.objects.get(pk=changed.pk).codes == {"typst": ["pm.mine"]}
    other = Label.objects.get(recognizer__slug="maths", slug="infty")
    assert other.codes["html"] == ["&#x221E;"]


def test_a_version_keeps_the_shapes_of_its_bundle(maths: Recognizer) -> None:
    bundle = promotions.bundle_of(maths.versions.get())
    assert bundle.glyphs == small_bundles.GLYPHS
    verify_bundle(bundle)
