"""Export, delete everything, import, export again: the same data, if the format contains it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accounts.models import User
from recognizer.models import Correction, Drawing, ImportedDrawing, ModelVersion, Prediction, QueueEntry, Review
from tests.recognizer.datasets.conftest import Command, counts, refusals, wipe

Community = dict[str, Drawing]


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_an_import_exports_the_same_bytes_again(
    community: Community, export: Command, bring: Command, tmp_path: Path, form: str
) -> None:
    before, after = tmp_path / f"before.{form}", tmp_path / f"after.{form}"
    said = export(before, "--licence=CC BY 4.0")
    wipe()
    assert counts(bring(before))[:3] == (7, 0, 0)
    assert export(after, "--licence=of others").replace("after", "before") == said  # with its digest
    assert before.read_bytes() == after.read_bytes()
    assert QueueEntry.objects.filter(waits=True).count() == 2  # what nobody had decided
    assert Drawing.objects.count() == ImportedDrawing.objects.filter(licence="CC BY 4.0").count() == 7


def test_an_import_restores_the_whole_history(
    community: Community, export: Command, bring: Command, tmp_path: Path
) -> None:
    kept = {
        "drawings": list(Drawing.objects.order_by("pk").values_list("uuid", "ink", "created")),
        "said": list(Correction.objects.order_by("pk").values_list("label", "created", "replaces__created")),
        "decided": list(
            Review.objects.order_by("correction", "pk").values_list("decision", "label", "reason", "created")
        ),
        "answers": list(
            Prediction.objects.order_by("pk").values_list("model_version", "label", "probability", "guesses")
        ),
    }
    export(tmp_path / "all.ndjson")
    wipe()
    bring(tmp_path / "all.ndjson")
    assert kept == {
        "drawings": list(Drawing.objects.order_by("pk").values_list("uuid", "ink", "created")),
        "said": list(Correction.objects.order_by("drawing", "pk").values_list("label", "created", "replaces__created")),
        "decided": list(
            Review.objects.order_by("correction__drawing", "correction", "pk").values_list(
                "decision", "label", "reason", "created"
            )
        ),
        "answers": list(
            Prediction.objects.order_by("pk").values_list("model_version", "label", "probability", "guesses")
        ),
    }


def test_a_line_has_the_fields_of_quick_draw_and_more(
    community: Community, export: Command, tmp_path: Path, alice: User
) -> None:
    export(tmp_path / "all.ndjson", "--licence=CC BY 4.0")
    lines = _lines(tmp_path / "all.ndjson")
    first = lines[0]
    drawing = community["accepted"]
    assert first["key_id"] == str(drawing.uuid)
    assert first["drawing"] == drawing.ink
    assert (first["word"], first["label"], first["recognizer"], first["recognized"]) == ("seven", "7", "digits", True)
    assert (first["status"], first["model_version"], first["licence"]) == ("accepted", 1, "CC BY 4.0")
    assert first["timestamp"] == f"{drawing.created:%Y-%m-%d %H:%M:%S.%f} UTC"
    assert [line["status"] for line in lines] == [
        *("accepted", "relabelled", "rejected", "undecided", "unnamed", "accepted", "undecided")
    ]
    assert [line["label"] for line in lines] == ["7", "1", "3", "0", None, "9", "7"]
    assert lines[6]["image"].startswith("data:image/png;base64,")


def test_people_have_the_same_pseudonym_in_every_export_and_names_are_in_none(
    community: Community, export: Command, tmp_path: Path, settings: Any
) -> None:
    for form in ("ndjson", "csv"):
        export(tmp_path / f"all.{form}")
    text = (tmp_path / "all.ndjson").read_text() + (tmp_path / "all.csv").read_text()
    assert "@" not in text
    authors = [line["author"] for line in _lines(tmp_path / "all.ndjson")]
    assert authors[0] == authors[1] == authors[5] != authors[2] == authors[3]
    by = {
        review["by"]
        for line in _lines(tmp_path / "all.ndjson")
        for said in line["corrections"]
        for review in said["reviews"]
    }
    assert len(by) == 1
    assert not by & set(authors)
    settings.SECRET_KEY = "another site's"
    export(tmp_path / "elsewhere.ndjson")
    assert not {line["author"] for line in _lines(tmp_path / "elsewhere.ndjson")} & set(authors)


def test_importing_again_saves_nothing_twice(
    community: Community, export: Command, bring: Command, tmp_path: Path
) -> None:
    for form in ("ndjson", "csv", "npz", "zip"):
        options = ["--recognizer=digits"] if form == "npz" else []
        export(tmp_path / f"all.{form}", *options)
        assert counts(bring(tmp_path / f"all.{form}"))[:3] == (0, 7, 0)
    assert Drawing.objects.count() == 7
    assert User.objects.count() == 3


def test_imported_drawings_of_users_belong_to_them_again(
    community: Community, export: Command, bring: Command, tmp_path: Path, alice: User, bob: User
) -> None:
    export(tmp_path / "all.ndjson")
    Drawing.objects.all().delete()
    User.objects.filter(pk=bob.pk).update(consented_at=None)
    said = bring(tmp_path / "all.ndjson")
    assert len(refusals(said)) == 3
    assert "all.ndjson, line 3" in refusals(said)
    assert set(Drawing.objects.values_list("author", flat=True)) == {alice.pk}


def test_imported_people_have_consented_and_cannot_sign_in(
    community: Community, export: Command, bring: Command, tmp_path: Path
) -> None:
    export(tmp_path / "all.ndjson")
    authors = {line["author"] for line in _lines(tmp_path / "all.ndjson")}
    wipe()
    bring(tmp_path / "all.ndjson")
    people = User.objects.filter(drawings__isnull=False).distinct()
    assert {person.email for person in people} == {f"{author}@imported.invalid" for author in authors}
    for person in people:
        assert (person.is_active, person.has_usable_password(), person.has_consented) == (False, False, True)


def test_predictions_of_unknown_versions_are_left_out(
    community: Community, export: Command, bring: Command, tmp_path: Path
) -> None:
    export(tmp_path / "all.ndjson")
    wipe()
    ModelVersion.objects.update(sha256="0" * 64)
    said = bring(tmp_path / "all.ndjson")
    assert counts(said) == (7, 0, 0, 7)
    assert (Drawing.objects.count(), Prediction.objects.count()) == (7, 0)


def test_arrays_contain_the_rasters_of_the_recognizer(community: Community, export: Command, tmp_path: Path) -> None:
    export(tmp_path / "all.npz", "--recognizer=digits", "--licence=CC BY 4.0")
    arrays = np.load(tmp_path / "all.npz")
    assert arrays["x"].shape == (7, 28, 28)
    assert arrays["x"].dtype == np.uint8
    assert arrays["x"].reshape(7, -1).max(axis=1).min() > 100
    assert [str(arrays["labels"][y]) if y >= 0 else "" for y in arrays["y"]] == ["7", "1", "3", "0", "", "9", "7"]
    assert arrays["key_id"][0] == str(community["accepted"].uuid)
    assert arrays["strokes"].tolist() == [2, 1, 2, 1, 1, 2, 0]
    assert int(arrays["points"].sum()) == len(arrays["xyt"])
    assert arrays["licence"][3] == "CC BY 4.0"
    assert arrays["model_version"].tolist() == [1] * 7


def test_arrays_import_strokes_labels_and_statuses(
    community: Community, export: Command, bring: Command, tmp_path: Path
) -> None:
    export(tmp_path / "all.npz", "--recognizer=digits")
    inks = {drawing.uuid: drawing.ink for drawing in community.values()}
    wipe()
    assert counts(bring(tmp_path / "all.npz"))[0] == 7
    export(tmp_path / "after.ndjson")
    lines = _lines(tmp_path / "after.ndjson")
    assert [line["label"] for line in lines] == ["7", "1", "3", "0", None, "9", "7"]
    assert [line["status"] for line in lines] == [
        *("accepted", "accepted", "rejected", "undecided", "unnamed", "accepted", "undecided")
    ]
    assert {drawing.uuid: drawing.ink for drawing in Drawing.objects.filter(image=None)} == {
        uuid: ink for uuid, ink in inks.items() if ink
    }
    assert Drawing.objects.filter(image__isnull=False).count() == 1  # as the recognizer saw it


@pytest.mark.parametrize("name", ["all.zip", "all"])
def test_folders_contain_pictures_and_the_whole_history(
    community: Community, export: Command, bring: Command, tmp_path: Path, name: str
) -> None:
    image = bytes(community["picture"].image or b"")
    export(tmp_path / "before.csv", "--licence=CC BY 4.0")
    export(tmp_path / name, "--format=png", "--licence=CC BY 4.0")
    wipe()
    assert counts(bring(tmp_path / name))[:3] == (7, 0, 0)
    assert bytes(Drawing.objects.get(uuid=community["picture"].uuid).image or b"") == image
    export(tmp_path / "after.csv")
    before, after = ((tmp_path / f"{when}.csv").read_text().splitlines() for when in ("before", "after"))
    assert [line.partition(', ""guesses""')[0] for line in before] == [
        line.partition(', ""guesses""')[0] for line in after
    ]
    assert before[-1] == after[-1]  # the picture, whole
