"""/memory/: what is remembered of what a person said; forgetting it, switching it off and on."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import acting
from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.embeddings.personal_memory import unpack_answer
from recognizer import memory
from recognizer.drawings import corrections
from recognizer.models import Drawing, Promotion, Recognizer, Remembered
from recognizer.pages.memory import memory_page
from tests.ink import ONE, SEVEN, ZERO
from tests.pages.conftest import keep, named
from tests.pages.training_runs import learned

PAGE = "/memory/"


@pytest.fixture
def three(digits: Recognizer, alice: User) -> dict[str, Drawing]:
    """A seven that alice agreed to, a one that she called a seven, and a zero."""
    said = {"7": named(alice, SEVEN, "7"), "1": named(alice, ONE, "7"), "0": named(alice, ZERO, "0")}
    return {name: correction.drawing for name, correction in said.items()}


def _text(client: Client, query: str = "") -> str:
    response = client.get(PAGE + query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def _shown(client: Client, query: str = "") -> list[str]:
    return re.findall(r'name="drawing" value="([^"]+)"', _text(client, query))


def _remembered(person: User) -> set[str]:
    return {str(uuid) for uuid in memory.remembered_drawings(person).values_list("drawing__uuid", flat=True)}


def _on_the_sheet(client: Client) -> Any:
    match = re.search(r'<script id="config" type="application/json">(.*?)</script>', client.get("/").content.decode())
    assert match
    return json.loads(match[1])["recognizers"][0]["memory"]


def test_a_stranger_is_asked_to_sign_in(client: Client, digits: Recognizer) -> None:
    assert client.get(PAGE)["Location"] == "/accounts/login/?next=/memory/"
    for path in ("forget", "forget-all", "switch"):
        assert client.post(f"/memory/digits/{path}/").status_code == 302
    assert _on_the_sheet(client) is None


def test_while_nothing_is_remembered_it_invites_to_draw(as_alice: Client, digits: Recognizer) -> None:
    html = _text(as_alice)
    assert "empty-state" in html
    assert "/forget-all/" not in html
    assert _on_the_sheet(as_alice) == {"on": True, "holds": False}


def test_without_a_model_there_is_nothing_to_switch(as_alice: Client) -> None:
    html = _text(as_alice)
    assert "empty-state" in html
    assert "/switch/" not in html


def test_what_was_said_is_shown_by_symbol_the_newest_first(as_alice: Client, three: dict[str, Drawing]) -> None:
    html = _text(as_alice)
    assert [html.index(f'id="of-{slug}"') for slug in "07"] == sorted(html.index(f'id="of-{slug}"') for slug in "07")
    assert _shown(as_alice) == [str(three[name].uuid) for name in "017"]
    assert 'id="of-1"' not in html
    assert html.count('<svg class="thumb"') == 3
    assert _on_the_sheet(as_alice) == {"on": True, "holds": True}


def test_nobody_sees_or_forgets_what_another_said(as_bob: Client, alice: User, three: dict[str, Drawing]) -> None:
    assert _shown(as_bob) == []
    as_bob.post("/memory/digits/forget/", {"drawing": str(three["7"].uuid)})
    as_bob.post("/memory/digits/forget-all/")
    as_bob.post("/memory/digits/switch/", {"enabled": "false"})
    assert len(_remembered(alice)) == 3


def test_chosen_drawings_are_forgotten_and_stay_in_my_drawings(
    as_alice: Client, alice: User, three: dict[str, Drawing]
) -> None:
    chosen = {"drawing": [str(three["7"].uuid), str(three["0"].uuid)]}
    (message,) = as_alice.post("/memory/digits/forget/", chosen, follow=True).context["messages"]
    assert "2" in str(message)
    assert _remembered(alice) == {str(three["1"].uuid)}
    assert Drawing.objects.by(alice).corrected().count() == 3
    assert not as_alice.post("/memory/digits/forget/", chosen, follow=True).context["messages"]  # pressed twice


@pytest.mark.parametrize("chosen", [[], ["nonsense"], [str(uuid4())]])
def test_choosing_nothing_forgets_nothing(
    as_alice: Client, alice: User, three: dict[str, Drawing], chosen: list[str]
) -> None:
    assert not as_alice.post("/memory/digits/forget/", {"drawing": chosen}, follow=True).context["messages"]
    assert len(_remembered(alice)) == 3


def test_everything_can_be_forgotten_at_once(as_alice: Client, alice: User, three: dict[str, Drawing]) -> None:
    assert 'action="/memory/digits/forget-all/"' in _text(as_alice)
    response = as_alice.post("/memory/digits/forget-all/", follow=True)
    (message,) = response.context["messages"]
    assert "3" in str(message)
    assert "empty-state" in response.content.decode()
    assert _remembered(alice) == set()


def test_of_each_symbol_the_newest_are_shown_and_all_on_request(as_alice: Client, alice: User, digits: Any) -> None:
    said = [str(named(alice, SEVEN, "7").drawing.uuid) for _ in range(14)]
    assert _shown(as_alice) == said[:1:-1]
    assert 'href="?recognizer=digits&amp;label=7#of-7"' in _text(as_alice)
    assert _shown(as_alice, "?recognizer=digits&label=7") == said[::-1]
    assert "#of-7" not in _text(as_alice, "?label=7")
    response = as_alice.post("/memory/digits/forget/", {"drawing": said[0], "label": "7"})
    assert response["Location"] == "/memory/?recognizer=digits&label=7#of-7"


def test_it_can_be_switched_off_and_on_again(as_alice: Client, alice: User, three: dict[str, Drawing]) -> None:
    html = as_alice.post("/memory/digits/switch/", {"enabled": "false"}, follow=True).content.decode()
    assert 'data-memory="off"' in html
    assert len(_shown(as_alice)) == 3
    assert _on_the_sheet(as_alice) == {"on": False, "holds": False}
    html = as_alice.post("/memory/digits/switch/", {"enabled": "true"}, follow=True).content.decode()
    assert "data-memory=" not in html
    assert _on_the_sheet(as_alice) == {"on": True, "holds": True}


def test_it_can_be_switched_off_before_anything_is_remembered(as_alice: Client, digits: Recognizer) -> None:
    as_alice.post("/memory/digits/switch/", {"enabled": "false"})
    assert 'data-memory="off"' in _text(as_alice)
    assert _on_the_sheet(as_alice) == {"on": False, "holds": False}


def test_without_consent_it_rests_and_says_so(as_alice: Client, three: dict[str, Drawing]) -> None:
    as_alice.post("/accounts/consent/withdraw/")
    html = _text(as_alice)
    assert 'data-memory="no-consent"' in html
    assert 'href="/accounts/consent/?next=/memory/"' in html
    assert _on_the_sheet(as_alice) == {"on": False, "holds": False}
    as_alice.post("/accounts/consent/")
    assert "data-memory=" not in _text(as_alice)


def test_what_a_new_version_has_not_read_yet_is_told(
    as_alice: Client, three: dict[str, Drawing], digits: Recognizer, starter: Bundle
) -> None:
    assert "data-memory=" not in _text(as_alice)
    second = learned(digits, starter)
    Remembered.objects.filter(drawing=three["0"]).update(version=second)
    shown = as_alice.get(PAGE).context["memory"]
    assert (shown.outdated, shown.count, shown.number) == (2, 3, 2)
    assert 'data-memory="outdated"' in _text(as_alice)
    Remembered.objects.update(version=second)
    assert "data-memory=" not in _text(as_alice)


def test_it_tells_what_it_did_for_oneself(as_alice: Client, alice: User, digits: Recognizer) -> None:
    for _ in range(3):
        named(alice, ONE, "7")  # the model alone says 1 each time
    rate = as_alice.get(PAGE).context["memory"].rate
    assert (rate.answers, rate.personal, rate.alone) == (3, 2, 0)
    assert re.findall(r"<dd>(\d) <span[^>]*>of 3<", _text(as_alice)) == ["2", "0"]


def test_recognizers_have_a_memory_each(as_alice: Client, three: dict[str, Drawing], digits: Recognizer) -> None:
    other = Recognizer.objects.create(slug="letters", name="Letters", position=1)
    Promotion.objects.create(recognizer=other, model_version=digits.versions.get(), reason="For a test.")
    assert 'href="?recognizer=letters"' in _text(as_alice)
    assert _shown(as_alice, "?recognizer=letters") == []
    assert len(_shown(as_alice, "?recognizer=nonsense&label=nonsense")) == 3
    as_alice.post("/memory/letters/forget-all/")
    assert len(_shown(as_alice)) == 3
    assert as_alice.post("/memory/nonsense/switch/").status_code == 404


def test_the_number_of_queries_does_not_grow_and_no_pictures_are_loaded(
    as_alice: Client, alice: User, three: dict[str, Drawing]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            _text(as_alice)
        assert not any('"image"' in query["sql"] or '"packed"' in query["sql"] for query in found)
        return len(found)

    queries()  # the first visit reads what a process remembers: the shapes of labels
    before = queries()
    for number in range(14):
        corrections.correct(drawing=keep(alice, SEVEN), label=str(number % 10))
    assert queries() == before
    assert before <= 10


def test_a_look_at_it_takes_six_queries(
    alice: User, three: dict[str, Drawing], digits: Recognizer, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(6):
        memory_page.memory_page(person=alice, recognizer=digits)


def test_other_pages_lead_to_it(as_alice: Client, digits: Recognizer) -> None:
    for path in ("/drawings/", "/accounts/", "/privacy/"):
        assert 'href="/memory/"' in as_alice.get(path).content.decode(), path


def test_it_stands_in_the_navigation_where_my_drawings_do(as_alice: Client, digits: Recognizer) -> None:
    assert '<a href="/drawings/" aria-current="true">' in _text(as_alice)
    assert '<a href="/drawings/" aria-current="page">' in as_alice.get("/drawings/").content.decode()


def test_drawings_of_one_minute_are_told_apart_by_ear(as_alice: Client, alice: User, digits: Recognizer) -> None:
    for label in ("7", "7", "1"):
        named(alice, SEVEN, label)
    names = re.findall(r'type="checkbox"[^>]*aria-label="([^"]*)"', _text(as_alice))
    assert len(set(names)) == 3
    assert names[1].startswith("seven, ")


def test_the_page_is_not_kept_by_browsers_that_others_use(as_alice: Client) -> None:
    assert "no-store" in as_alice.get(PAGE)["Cache-Control"]


def test_it_holds_no_inline_scripts_or_styles(as_alice: Client, three: dict[str, Drawing]) -> None:
    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", _text(as_alice))


def _copy(client: Client, have: str = "") -> Any:
    return client.get("/memory/digits/device", {"have": have})


def test_a_device_gets_a_copy_of_its_persons_memory(
    as_alice: Client, alice: User, bob: User, digits: Recognizer
) -> None:
    mine = named(alice, SEVEN, "1").drawing
    named(bob, SEVEN, "7")
    response = _copy(as_alice)
    copy = response.json()
    assert "no-store" in response.headers["Cache-Control"]
    assert copy["account"] == acting.account_id(alice)
    assert (copy["on"], copy["version"], copy["labels"]) == (True, 1, list("0123456789"))
    (drawing,) = copy["drawings"]
    assert (drawing["id"], drawing["label"]) == (str(mine.uuid), "1")
    embedding, probabilities = unpack_answer(base64.b64decode(drawing["packed"]), len(copy["labels"]))
    assert probabilities.argmax() == 7
    assert len(embedding) > len(probabilities)
    assert _copy(as_alice, copy["revision"]).status_code == 204
    named(alice, ONE, "1")
    assert len(_copy(as_alice, copy["revision"]).json()["drawings"]) == 2


def test_a_memory_that_is_off_is_not_copied(as_alice: Client, alice: User, digits: Recognizer) -> None:
    named(alice, SEVEN, "1")
    as_alice.post("/memory/digits/switch/", {"enabled": "false"})
    copy = _copy(as_alice).json()
    assert (copy["on"], copy["drawings"]) == (False, [])


def test_nobody_else_gets_a_copy(client: Client, digits: Recognizer) -> None:
    assert _copy(client).status_code == 403
