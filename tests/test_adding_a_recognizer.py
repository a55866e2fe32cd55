"""Adding a recognizer as docs/adding-a-recognizer.md says: a folder, `train`, `install_recognizer`, predict."""

from __future__ import annotations

import base64
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command
from django.test import Client

from ml.bundles.bundle import sha256_hex
from ml.commands.main import main
from ml.evaluation.base_test import BASE_TEST_FILE
from recognizer.models import BaseTest, Promotion, Recognizer
from tests.ml.runes import SIGNS, picture, write_folder

WRITER = np.random.default_rng(77)  # draws signs that are not in the training data


def predict(client: Client, **content: Any) -> dict[str, Any]:
    reply = client.post("/api/v1/predict", {"recognizer": "runes", **content}, content_type="application/json")
    assert reply.status_code == 200, reply.content
    prediction: dict[str, Any] = reply.json()
    return prediction


def test_a_folder_of_labelled_drawings_becomes_a_recognizer_that_predicts(
    digits: Recognizer, client: Client, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "runes", count=12)
    assert main(["train", "--from", str(folder), "--out", str(tmp_path / "bundle"), "--epochs", "3"]) == 0
    call_command("install_recognizer", str(tmp_path / "bundle"), stdout=StringIO())
    assert Promotion.objects.get(recognizer__slug="runes").model_version.number == 1
    tested = BaseTest.objects.get(recognizer__slug="runes")
    assert tested.sha256 == sha256_hex((tmp_path / "bundle" / BASE_TEST_FILE).read_bytes())

    # The bundle of an earlier release has no base test: made from the same folder, it is the same.
    (tmp_path / "bundle" / BASE_TEST_FILE).unlink()
    assert main(["base-test", "--from", str(folder), "--bundle", str(tmp_path / "bundle")]) == 0
    assert tested.sha256 == sha256_hex((tmp_path / "bundle" / BASE_TEST_FILE).read_bytes())

    guesses: Counter[str] = Counter()
    for sign, draw in SIGNS.items():
        for _ in range(5):
            prediction = predict(client, ink=draw(WRITER))
            guesses[sign] += prediction["guesses"][0]["label"] == sign
    assert sum(guesses.values()) >= 14, guesses
    drawn = "data:image/png;base64," + base64.b64encode(picture(SIGNS["ring"](WRITER))).decode()
    first = predict(client, image=drawn)["guesses"][0]
    assert (first["label"], first["glyph"], first["name"]) == ("ring", "○", "ring")

    listed = client.get("/api/v1/recognizers").json()
    runes = next(each for each in listed["results"] if each["slug"] == "runes")
    assert [label["slug"] for label in runes["labels"]] == ["ring", "vee", "aitch"]
    assert "Runes" in client.get("/?recognizer=runes").content.decode()
