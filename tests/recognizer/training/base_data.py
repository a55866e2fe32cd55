"""A site whose digits were trained on three words of Quick, Draw! alone, so that their base data is quickly there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from ml.bundles.bundle import Bundle
from ml.data import download
from ml.data.sources import SOURCES
from ml.recipes import RECIPES
from recognizer.models import BaseDataSet, Recognizer
from recognizer.registry import install
from tests.publisher import Publisher

WORDS = ("airplane", "apple", "cat")
LINE = b'{"key_id": "1", "drawing": [[[0, 1], [0, 1]]]}\n'


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the trainer; it is not there yet."""
    monkeypatch.setenv("INKLING_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def words_only(db: None, starter: Bundle, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Recognizer:
    """The digits with a base that was trained on three words."""
    paths = tuple(f"quickdraw/strokes/{word}.jsonl.gz" for word in WORDS)
    monkeypatch.setitem(SOURCES, "quickdraw", replace(SOURCES["quickdraw"], optional=paths))
    monkeypatch.setitem(RECIPES, "digits", replace(RECIPES["digits"], sources=("quickdraw",)))
    training = starter.manifest["training"] | {"sources": ["quickdraw"]}
    install.install(bundle=replace(starter, manifest=starter.manifest | {"training": training}))
    return Recognizer.objects.get(slug="digits")


def publish_words(publisher: Publisher, *words: str) -> None:
    """These words can be downloaded; all three without an argument."""
    publisher.update({f"{download.QUICK_DRAW}{word}.ndjson": LINE for word in words or WORDS})


def row(name: str = "quickdraw") -> BaseDataSet:
    """The row of a data set as the database has it now."""
    return BaseDataSet.objects.get(name=name)


def report_base_data() -> None:
    """What the trainer of the shipped recognizers said a moment ago: some data sets are there, some are not."""
    now = timezone.now()
    for name in ("mnist", "pendigits", "quickdraw", "quickdraw-bitmaps", "omniglot", "tuberlin", "numtadb"):
        files, here = len(SOURCES[name].paths), 0 if name in ("tuberlin", "numtadb") else 1
        report = {
            "files": files,
            "here": here,
            "bytes": 1_000_000 * here,
            "as_published": 0,
            "as_downloaded": 0 if name == "pendigits" else here,
            "wrong": ["pendigits/pendigits.jsonl.gz cannot be read"] if name == "pendigits" else [],
            "is_available": here == files and name != "pendigits",
            "folder": "/data/of/the/trainer",
            "writable": True,
            "free": 10**10,
        }
        error = f"{download.QUICK_DRAW_BITMAPS}airplane.npy cannot be downloaded (HTTP 404)." if files > 5 else ""
        BaseDataSet.objects.create(name=name, report=report, asked=now, reported=now, error=error)
