"""/accounts/download/: everything that is kept about oneself, and about nobody else."""

import base64
import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from recognizer.datasets import personal_data_export
from tests.accounts.test_delete import WAYS
from tests.accounts.world import PNG, drawing, furnish, recalled, taught

pytestmark = pytest.mark.django_db

# Where the rows of each table are in the document; a new table has to be given a place.
PLACES = {
    "accounts.User": "person",
    "accounts.User_groups": "person.groups",
    "accounts.User_user_permissions": "person.permissions",
    "account.EmailAddress": "person.email_addresses",
    "account.EmailConfirmation": "",  # not used: links are signed, not stored
    "mfa.Authenticator": "person.second_factors",
    "accounts.ApiKey": "person.keys",
    "accounts.KeyUse": "person.keys.0.uses",
    "admin.LogEntry": "person.changes_in_the_admin",
    "accounts.AuditEntry": "person.audit",
    "recognizer.Promotion": "promotions",
    "recognizer.Memory": "memories",
    "recognizer.Remembered": "drawings.0.remembered",
    "recognizer.PersonalAnswer": "drawings.0.predictions.0.personal",
    "recognizer.PersonalAnswerReason": "drawings.0.predictions.0.personal.because",
    "recognizer.Drawing": "drawings",
    "recognizer.Prediction": "drawings.0.predictions",
    "recognizer.Correction": "drawings.0.corrections",
    "recognizer.Review": "drawings.0.corrections.0.reviews",
    "recognizer.Opinion": "drawings.0.corrections.0.opinions",
    "recognizer.Control": "drawings.0.corrections.0.controls",
    "recognizer.Claim": "claims",
    "recognizer.QueueEntry": "drawings.0.corrections.0.queue",
    "recognizer.LabelCheck": "drawings.0.label_check",
    "recognizer.Export": "exports",
    "recognizer.ExportChunk": "exports.0.pieces",
    "recognizer.Webhook": "webhooks",
    "recognizer.Delivery": "webhooks.0.deliveries",
    "recognizer.ImportedDrawing": "drawings.0.origin",
    "recognizer.Receipt": "receipts",
    "recognizer.TrainingRun": "training_runs",
    "recognizer.AuthorExclusion": "set_asides",
    "recognizer.Report": "drawings.0.reports",
    "recognizer.SnapshotItem": "drawings.0.snapshots",
}


def download(client: Client) -> Any:
    response = client.get("/accounts/download/")
    assert response.status_code == 200
    return json.loads(response.getvalue())


def test_it_comes_as_a_file(as_ada: Client) -> None:
    response = as_ada.get("/accounts/download/")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="inkling-')
    assert "no-store" in response.headers["Cache-Control"]


def test_it_holds_a_drawing_with_everything_that_was_said(as_ada: Client, ada: User) -> None:
    made = drawing(ada)
    (found,) = download(as_ada)["drawings"]
    assert found["id"] == str(made.uuid)
    assert (found["recognizer"], found["ink"], found["image"]) == ("digits", [[[1, 2], [3, 4]]], None)
    (prediction,) = found["predictions"]
    assert prediction["guesses"] == [["1", 0.6], ["7", 0.3]]
    assert (prediction["model_version"], prediction["label"], prediction["unsure"]) == (1, "1", True)
    assert [correction["label"] for correction in found["corrections"]] == ["7", None]


def test_it_holds_what_was_decided_about_a_drawing_and_which_run_used_it(as_ada: Client, ada: User, bob: User) -> None:
    taught(drawing(ada), by=bob)
    (found,) = download(as_ada)["drawings"]
    (review,) = found["corrections"][0]["reviews"]
    assert (review["decision"], review["label"], review["automatic"]) == ("accepted", "7", False)
    (opinion,) = found["corrections"][0]["opinions"]
    assert (opinion["decision"], opinion["label"], opinion["withdrawn"]) == ("accepted", "7", None)
    assert [control["label"] for control in found["corrections"][0]["controls"]] == ["7"]
    assert found["corrections"][0]["in_review_until"]
    (item,) = found["snapshots"]
    assert (item["part"], item["label"], item["model_version"], item["before"]) == ("study", "7", None, None)
    assert bob.email not in json.dumps(download(as_ada))


def test_it_holds_what_is_remembered_and_what_came_of_it(as_ada: Client, ada: User) -> None:
    made = drawing(ada)
    assert download(as_ada)["drawings"][0]["remembered"] is None
    recalled(made)
    document = download(as_ada)
    assert [(each["recognizer"], each["enabled"]) for each in document["memories"]] == [("digits", True)]
    (found,) = document["drawings"]
    remembered, personal = found["remembered"], found["predictions"][0]["personal"]
    assert (remembered["label"], remembered["model_version"]) == ("7", 1)
    assert base64.b64decode(remembered["read"]) == b"as it was seen"
    assert (personal["label"], personal["unsure"], personal["because"]) == ("7", False, [str(made.uuid)])
    assert found["predictions"][0]["label"] == "1"


def test_it_holds_what_a_reviewer_decided_and_started(as_bob: Client, ada: User, bob: User) -> None:
    taught(drawing(ada), by=bob)
    document = download(as_bob)
    assert [(each["decision"], each["label"]) for each in document["reviews"]] == [("accepted", "7")]
    assert [(each["trigger"], each["state"]) for each in document["training_runs"]] == [("By hand.", "refused")]
    assert [(each["decision"], each["label"]) for each in document["opinions"]] == [("accepted", "7")]
    assert "control" not in document["opinions"][0]  # they are not to know which ones were
    assert [each["label"] for each in document["controls"]] == ["7"]
    assert len(document["claims"]) == 1
    assert document["drawings"] == []


def test_it_holds_pictures_as_they_are_kept(as_ada: Client, ada: User) -> None:
    drawing(ada, image=PNG)
    (found,) = download(as_ada)["drawings"]
    kind, _, data = found["image"].partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == PNG


def test_it_holds_the_account_but_no_secret(as_ada: Client, ada: User) -> None:
    furnish(ada)
    document = download(as_ada)
    person = document["person"]
    assert person["email"] == "ada@example.org"
    assert person["email_addresses"] == [{"email": "ada@example.org", "verified": True, "primary": True}]
    assert (person["consented"], person["has_password"], person["groups"]) == (None, True, ["Reviewers"])
    assert [factor["type"] for factor in person["second_factors"]] == ["totp"]
    assert document["promotions"][0]["reason"] == "a try"
    (key,) = person["keys"]
    assert (key["name"], key["scopes"], key["revoked"]) == ("Scanner", ["predict"], None)
    everything = json.dumps(document)
    assert "do not tell" not in everything
    assert ada.keys.get().hash not in everything
    assert ada.password not in everything


def test_every_table_that_leads_to_a_person_is_in_it(as_ada: Client, ada: User) -> None:
    assert {model._meta.label for model, _ in WAYS} == set(PLACES)
    furnish(ada)
    document = download(as_ada)
    for label, place in PLACES.items():
        found = document
        for key in filter(None, place.split(".")):
            found = found[int(key)] if key.isdigit() else found[key]
        assert found, f"{label} should be in {place}"


def test_it_holds_nothing_of_anybody_else(as_ada: Client, ada: User, bob: User) -> None:
    furnish(ada)
    furnish(bob)
    theirs = {str(each.uuid) for each in bob.drawings.all()}
    text = json.dumps(download(as_ada))
    assert bob.email not in text
    assert not [uuid for uuid in theirs if uuid in text]
    assert len(download(as_ada)["drawings"]) == 2


def test_it_is_a_document_also_without_drawings(as_ada: Client) -> None:
    assert download(as_ada)["drawings"] == []


def test_it_reads_page_by_page_in_order(
    as_ada: Client, ada: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(personal_data_export, "PAGE_SIZE", 2)
    made = [drawing(ada) for _ in range(5)]
    pieces = personal_data_export.person_document(ada)
    next(pieces)
    # drawings; what was predicted, corrected, decided, said by reviewers, learned and reported of them, which are
    # controls, and what is remembered of them
    with django_assert_num_queries(9):
        next(pieces)
        next(pieces)
    assert [found["id"] for found in download(as_ada)["drawings"]] == [str(each.uuid) for each in made]


def test_it_can_only_be_read(as_ada: Client) -> None:
    assert as_ada.post("/accounts/download/").status_code == 405
