"""import_drawings: small files that would take much memory or time are refused."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from recognizer.models import ImportJob, Recognizer
from tests.ml.small_datasets import write_npz
from tests.recognizer.datasets.conftest import Command, refusals


@pytest.mark.parametrize(
    "arrays",
    [
        {"labels": ("<U30000", (1_000,), 120_000_000)},
        {"labels": ("<U30000", (300,), 36_000_000)},  # fewer bytes, but they would be read at once
        {"strokes": ("<i8", (2,), 16), "points": ("<i8", (2, 9_000), 144_000), "xyt": ("<f8", (2, 3), 48)},
        {"strokes": ("<i8", (2,), 16), "points": ("<i8", (2,), 16), "xyt": ("<f8", (2, 9_000), 144_000)},
        {"key_id": ("|O", (2,), 16)},
        {"author": ("<U100000000", (2,), 16)},
    ],
)
def test_arrays_that_would_take_much_memory_are_refused(
    digits: Recognizer, bring: Command, tmp_path: Path, arrays: Any
) -> None:
    file = write_npz(tmp_path / "some.npz", x=("|u1", (2, 28, 28), 1_568), y=("|u1", (2,), 2), **arrays)
    with pytest.raises(CommandError, match=r"some\.npz|array"):
        bring(file, "--recognizer=digits")
    assert not ImportJob.objects.exists()


def test_a_small_archive_of_very_many_lines_is_read_only_up_to_the_limit(
    digits: Recognizer, bring: Command, tmp_path: Path
) -> None:
    (tmp_path / "some.ndjson.gz").write_bytes(gzip.compress(b" " * 7_999_999 + b"\n", 1) * 20)
    assert list(refusals(bring(tmp_path / "some.ndjson.gz"))) == ["some.ndjson.gz, line 9"]
    with zipfile.ZipFile(tmp_path / "some.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("7.ndjson", b"\n" * 80_000_000)
    with pytest.raises(CommandError, match="64 MB"):
        bring(tmp_path / "some.zip", "--recognizer=digits")
