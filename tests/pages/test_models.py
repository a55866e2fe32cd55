"""/models/: the cards of the versions, for everybody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from ml.bundles.bundle import Bundle
from recognizer.models import Recognizer
from recognizer.pages.models import cards
from recognizer.registry import install, promotions
from tests import small_bundles
from tests.pages.training_runs import learned

CARD: dict[str, Any] = {
    "summary": "It tells numerals apart.",
    "data": [
        {"name": "scans", "title": "Scanned numerals", "origin": "A school", "licence": "CC0", "drawings": 12_000},
        {"name": "made-up", "title": "Made-up numerals", "origin": "Us", "licence": "MIT", "drawings": None},
    ],
    "trained_on": {str(at): 100 * (at + 1) for at in range(10)},
    "recipe": ["`python -m ml train runes` repeats it.", "It takes <5 minutes."],
    "results": [
        {
            "test": "kept-out scans",
            "count": 10_000,
            "accuracy": 0.99512,
            "top3": 1.0,
            "sure_accuracy": 0.998,
            "unsure": 0.01,
            "ece": None,
        },
        {"test": "other scripts", "count": 0, "accuracy": None, "junk_count": 1560, "junk_unsure": 0.9179},
    ],
    "by_label": [
        {"test": name, "labels": [{"slug": str(at), "count": 1000, "accuracy": 1 - at / 1000} for at in range(10)]}
        for name in ("kept-out scans", "photographs")
    ],
    "confusions": [{"drawn": "5", "answered": "6", "count": 31}, {"drawn": "no longer", "answered": "6", "count": 1}],
    "confusion": [
        [1000 if row == column else 31 * (row == 5 and column == 6) for column in range(10)] for row in range(10)
    ],
    "limits": ["Reading cheques."],
    "notes": ["More epochs gave nothing."],
}


@pytest.fixture
def bangla(digits: Recognizer, starter: Bundle) -> Recognizer:
    """A recognizer whose version has a card."""
    told = small_bundles.bangla_digits(starter)
    install.install(bundle=Bundle({**told.manifest, "card": CARD}, told.tflite, told.keras, told.rehearsal))
    return Recognizer.objects.get(slug="bangla-digits")


def _text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_card_tells_what_it_is_made_of_and_what_it_must_not_be_used_for(client: Client, bangla: Recognizer) -> None:
    html = _text(client, "/models/bangla-digits/")
    assert "Bangla digits, version 1" in html
    assert 'data-live="now"' in html
    assert "It tells numerals apart." in html
    assert "<td>A school</td><td>CC0</td><td>12,000</td>" in html
    assert "<td>MIT</td><td>–</td>" in html
    assert "<code>python -m ml train runes</code> repeats it." in html
    assert "It takes &lt;5 minutes." in html
    assert "<li>Reading cheques.</li>" in html
    assert "More epochs gave nothing." in html


def test_figures_are_never_rounded_up_and_what_was_not_measured_is_a_dash(client: Client, bangla: Recognizer) -> None:
    html = _text(client, "/models/bangla-digits/")
    figures = "<td>10,000</td><td><b>99.51%</b></td><td>100.00%</td><td>99.80%</td><td>1.00%</td><td>–</td>"
    assert figures in html
    assert re.search(r"<p>other scripts: [^<]*91.7%[^<]*1,560[^<]*</p>", html)


def test_each_label_has_its_share_in_every_test(client: Client, bangla: Recognizer) -> None:
    html = _text(client, "/models/bangla-digits/")
    assert html.count('<caption class="small muted">') == 2
    assert '<th scope="row"><span lang="bn">৭</span> seven</th>' in html
    assert re.search(r"tone-violet.*?<circle cx=.*?<td>99.3%</td>", html)


def test_the_picture_of_confusions_has_the_table_behind_it(client: Client, bangla: Recognizer) -> None:
    html = _text(client, "/models/bangla-digits/")
    assert html.count('<rect class="right"') == 10
    assert html.count('<rect class="wrong"') == 1
    assert "<title>five, answered six: 31</title>" in html
    assert re.search(r"<td><span lang=\"bn\">৫</span> .*?</td><td><span lang=\"bn\">৬</span> .*?</td><td>31</td>", html)
    assert html.count("<td>1,000</td>") >= 10


def test_no_number_is_formatted_into_the_picture(client: Client, bangla: Recognizer, settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"
    html = _text(client, "/models/bangla-digits/")
    drawn = re.search(r'<svg class="confusion".*?</svg>', html)
    assert drawn
    assert not re.search(r'(?:x|y|cx|opacity|viewBox)="[^"]*,', drawn[0])


def test_a_card_that_lacks_a_figure_is_shown_all_the_same(client: Client, digits: Recognizer, starter: Bundle) -> None:
    told = small_bundles.bangla_digits(starter)
    few = {"summary": "Little is known.", "results": [{"test": "some", "count": 10, "accuracy": 0.5}]}
    install.install(bundle=Bundle({**told.manifest, "card": few}, told.tflite, told.keras, told.rehearsal))
    html = _text(client, "/models/bangla-digits/")
    assert "<td>10</td><td><b>50.0%</b></td><td>–</td><td>–</td><td>–</td><td>–</td>" in html
    assert 'id="confusions"' not in html
    assert 'id="data"' not in html


def test_all_that_answer_are_listed_with_their_figures(client: Client, bangla: Recognizer) -> None:
    html = _text(client, "/models/")
    assert html.index('href="/models/digits/"') < html.index('href="/models/bangla-digits/"')
    assert "<dt>kept-out scans</dt><dd>99.51%" in html
    assert "“not sure”" in html


def test_a_version_without_a_card_says_so(client: Client, sketches: Recognizer) -> None:
    html = _text(client, "/models/sketches/")
    assert client.get("/models/sketches/").context["card"].card == {}
    assert 'href="/progress/?recognizer=sketches"' in html
    assert 'id="figures"' not in html


def test_a_version_that_was_taught_here_says_whose_card_it_shows(client: Client, bangla: Recognizer) -> None:
    first = bangla.versions.get()
    learned(bangla, promotions.bundle_of(first))
    html = _text(client, "/models/bangla-digits/")
    assert 'data-base="1"' in html
    assert 'href="/progress/?recognizer=bangla-digits#v2"' in html
    assert "It tells numerals apart." in html


def test_older_versions_keep_their_cards(client: Client, bangla: Recognizer) -> None:
    learned(bangla, promotions.bundle_of(bangla.versions.get()))
    html = _text(client, "/models/bangla-digits/1/")
    assert "Bangla digits, version 1" in html
    assert "data-live=" not in html
    assert 'href="/models/bangla-digits/2/"' in html
    assert re.search(r'href="/models/bangla-digits/1/" aria-current="page"', html)


@pytest.mark.parametrize("path", ["/models/runes/", "/models/digits/7/", "/models/digits/0/x/"])
def test_what_is_not_there_is_not_found(client: Client, digits: Recognizer, path: str) -> None:
    assert client.get(path).status_code == 404


def test_there_is_no_version_0(client: Client, digits: Recognizer) -> None:
    assert client.get("/models/digits/1/").status_code == 200
    assert client.get("/models/digits/0/").status_code == 404


def test_a_recognizer_that_never_answered_has_no_card(client: Client, db: None) -> None:
    Recognizer.objects.create(slug="runes", name="Runes")
    assert client.get("/models/runes/").status_code == 404
    assert client.get("/models/").context["cards"] == []


def test_weights_are_left_in_the_database(
    client: Client, bangla: Recognizer, django_assert_max_num_queries: Any
) -> None:
    learned(bangla, promotions.bundle_of(bangla.versions.get()))
    client.get("/models/bangla-digits/")  # the first visit reads the layers of the network and the shapes of labels
    with django_assert_max_num_queries(9) as asked:
        client.get("/models/bangla-digits/")
    read = " ".join(query["sql"] for query in asked.captured_queries)
    assert '"tflite"' not in read
    assert '"rehearsal"' not in read


def test_the_pages_that_speak_of_models_lead_to_their_cards(client: Client, bangla: Recognizer) -> None:
    assert 'href="/models/"' in _text(client, "/")
    html = _text(client, "/progress/?recognizer=bangla-digits")
    assert 'href="/models/bangla-digits/"' in html
    assert 'href="/models/bangla-digits/1/"' in html


def test_a_matrix_of_another_size_is_left_out(bangla: Recognizer) -> None:
    version = cards.versions_with_card(bangla).get()
    version.card = CARD | {"confusion": [[1]]}  # type: ignore[attr-defined]
    assert cards.model_card(version, bangla, active=True).matrix is None
    version.card = {"by_label": [{"test": "t", "labels": [{"slug": "7", "count": 0, "accuracy": None}]}]}  # type: ignore[attr-defined]
    (chart,) = cards.model_card(version, bangla, active=True).charts
    assert chart.lines == []


def test_words_get_room_and_no_numbers_in_the_picture(sketches: Recognizer) -> None:
    labels = list(sketches.labels.all())
    matrix = cards.MatrixPicture(labels, [[0] * 30 for _ in labels])
    assert not matrix.numbered
    assert matrix.margin == len("alarm clock") * cards.LETTER_WIDTH + 8
    assert matrix.cells == []
