"""`manage.py base_data`: what is on this machine, and its download."""

from __future__ import annotations

import gzip
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ml.data.download import recorded_checksums
from ml.data.sources import SOURCES
from recognizer.management.commands.base_data import COMPLETE, INCOMPLETE
from recognizer.models import Recognizer
from tests.publisher import Publisher
from tests.recognizer.training.base_data import LINE, publish_words, row
from tests.recognizer.training.queue import take_messages

pytestmark = pytest.mark.django_db(transaction=True)


def base_data(**options: Any) -> str:
    out = StringIO()
    call_command("base_data", stdout=out, **options)
    return out.getvalue()


def test_it_lists_the_base_data_of_each_recognizer(digits: Recognizer, data_folder: Path) -> None:
    said = base_data()
    assert str(data_folder) in said
    assert INCOMPLETE in said
    for name in ("mnist", "pendigits", "quickdraw", "omniglot"):
        source = SOURCES[name]
        assert all(
            text in said for text in (f"{name}: {source.title}", source.licence, source.licence_page, source.page)
        )
    assert "bhmsds" not in said
    assert not data_folder.exists()


def test_it_says_how_to_get_what_it_cannot_download(
    digits: Recognizer, data_folder: Path, words_only: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recognizer.training import base_data as training_data

    monkeypatch.setattr(training_data, "base_data_of", lambda _: training_data.BaseData(["numtadb"], None, ""))
    assert SOURCES["numtadb"].by_hand in base_data()
    with pytest.raises(CommandError) as caught:
        base_data(fetch=[])
    assert SOURCES["numtadb"].by_hand in str(caught.value)


def test_it_downloads_what_is_missing_and_the_trainer_is_asked_for_a_report(
    words_only: Recognizer, data_folder: Path, publisher: Publisher
) -> None:
    take_messages("training")
    publish_words(publisher)
    said = base_data(fetch=["digits"])
    assert COMPLETE in said
    assert "3 of 3 files here" in said
    assert "3 as downloaded" in said
    cat = data_folder / "quickdraw/strokes/cat.jsonl.gz"
    assert gzip.decompress(cat.read_bytes()) == LINE
    assert take_messages("training") == [("recognizer.tasks.base_data", ["quickdraw"])]
    assert row().reported is None  # this process may run on another machine than the trainer


def test_details_show_the_checksum_of_each_file(
    words_only: Recognizer, data_folder: Path, publisher: Publisher
) -> None:
    publish_words(publisher)
    base_data(fetch=[])
    said = base_data(verbosity=2)
    sums = recorded_checksums(data_folder)
    assert len(sums) == 3
    assert all(f"{digest}  as downloaded" in said for digest in sums.values())


def test_a_second_download_has_nothing_to_do(words_only: Recognizer, publisher: Publisher) -> None:
    publish_words(publisher)
    base_data(fetch=[])
    publisher.asked.clear()
    base_data(fetch=[])
    assert publisher.asked == []


def test_what_cannot_be_had_is_an_error(words_only: Recognizer, data_folder: Path, publisher: Publisher) -> None:
    publish_words(publisher, "cat", "apple")
    with pytest.raises(CommandError, match=r"quickdraw: .*airplane\.ndjson .*HTTP 404"):
        base_data(fetch=[])
    assert len(list(data_folder.rglob("*.jsonl.gz"))) == 2


@pytest.mark.usefixtures("no_network")
def test_without_network_the_error_names_the_address(words_only: Recognizer) -> None:
    with pytest.raises(CommandError, match=r"airplane\.ndjson .*Connection refused"):
        base_data(fetch=[])


def test_an_unknown_recognizer_is_an_error(digits: Recognizer, data_folder: Path) -> None:
    with pytest.raises(CommandError, match=r"runes.*digits"):
        base_data(fetch=["runes"])


def test_the_reason_is_given_where_all_layers_cannot_be_trained(
    words_only: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml.recipes import RECIPES

    monkeypatch.delitem(RECIPES, "digits")
    said = base_data()
    assert "recipe for digits" in said
    assert "quickdraw" not in said
