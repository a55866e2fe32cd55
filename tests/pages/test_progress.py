"""/progress/: how the recognizers got better, for everybody; and which version answers, for those who may say so."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import ANY

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.insights import counts
from recognizer.models import Promotion, Recognizer, Review
from recognizer.registry import promotions
from tests.ink import ONE, SEVEN
from tests.pages.conftest import named
from tests.pages.training_runs import State, ended, learned, running, verdict
from tests.people import allow

PAGE = "/progress/"


@pytest.fixture
def as_promoter(bob: User, as_bob: Client) -> Client:
    """bob may promote versions."""
    allow(bob, "add_promotion")
    return as_bob


def _text(client: Client, query: str = "") -> str:
    response = client.get(PAGE + query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def _active(recognizer: Recognizer) -> int:
    newest = promotions.current_promotion(recognizer.pk)
    assert newest
    return newest.model_version.number


def _seen(recognizer: Recognizer) -> str:
    newest = promotions.current_promotion(recognizer.pk)
    assert newest
    return str(newest.pk)


def _message_level(response: Any) -> str:
    *_earlier, message = response.context["messages"]
    return str(message.level_tag)


def test_without_a_model_there_is_no_history(client: Client, db: None) -> None:
    assert client.get("/progress/").context["recognizer"] is None
    assert 'class="history"' not in _text(client)


def test_with_the_shipped_version_only_it_tells_what_that_can_do_and_what_comes_next(
    client: Client, digits: Recognizer
) -> None:
    shown = client.get("/progress/").context
    assert (shown["active"].model_version.number, shown["waiting"], shown["policy"].train_after) == (1, 0, 30)
    html = _text(client)
    assert 'id="tests-title"' in html
    assert "MNIST test" in html
    assert "“not sure”" in html
    assert 'href="/"' in html
    assert '<figure class="plot">' not in html


def test_approved_drawings_are_counted_towards_the_next_run(
    client: Client, digits: Recognizer, alice: User, bob: User
) -> None:
    said = named(alice, SEVEN, "7")
    Review.objects.create(correction=said, decision="accepted", label=said.label, by=bob)
    assert '<progress max="30" value="1"' in _text(client)
    digits.policy.train_after = 1
    digits.policy.save()
    assert '<progress max="1" value="1"' in _text(client)
    assert not client.get("/progress/").context["learning"]
    running(digits)
    assert client.get("/progress/").context["learning"]


def test_each_version_tells_what_it_learned_and_how_it_was_judged(
    client: Client, digits: Recognizer, starter: Bundle
) -> None:
    learned(digits, starter)
    now, first = client.get("/progress/").context["history"]
    assert (now.number, now.active, now.trained_on) == (2, True, {"drawings": 214, "people": 31})
    assert now.field_test == (0.95, 0.975, 40)
    assert (first.number, first.active, first.trained_on) == (1, False, None)
    html = _text(client)
    for figure in ("214 drawings", "31 people", "97.5%", "95.0%", "It beat version 1."):
        assert figure in html
    assert "<b>Field test.</b> 97.5% right of 40 drawings by 6 people." in html


def test_the_plot_has_a_dot_for_each_test_and_a_table_behind_it(
    client: Client, digits: Recognizer, starter: Bundle
) -> None:
    learned(digits, starter)
    learned(digits, starter, before=0.975, after=0.99)
    html = _text(client)
    assert "<title>Version 3, Field test: 99.0% of 40</title>" in html
    assert "<title>Version 1, Base test: " in html
    assert html.count('<circle cx="') == 3 + 3 + 2 + 2  # legend; base test; field test; the versions before
    assert '<th scope="row">3</th>' in html
    assert "<td>97.5%</td> <td>99.0%</td>" in html
    assert ' style="' not in html  # the policy about content forbids it


def test_refused_runs_stand_between_the_versions(client: Client, digits: Recognizer, starter: Bundle) -> None:
    ended(digits, verdict=verdict("refused"))
    learned(digits, starter)
    ended(digits, reason="Too few drawings.", verdict=verdict("not-enough-evidence"))
    ended(digits, reason="A clear gain needs 6 more.", verdict=verdict("no-better"))
    ended(digits, reason="No drawing is approved to learn from.")  # nothing was judged: nothing to tell
    ended(digits, State.FAILED, reason="Its worker died.")
    html = _text(client)
    outcomes = [f'data-outcome="{outcome}"' for outcome in ("no-better", "not-enough-evidence")]
    entries = [*outcomes, 'id="v2"', 'data-outcome="refused"', 'id="v1"']
    assert re.findall(r'<li class="entry" ([^>]*)>', html) == entries
    assert "It loses more than it wins." in html
    assert "A clear gain needs 6 more." in html
    assert "Its worker died" not in html
    assert "No drawing is approved" not in html


def test_the_base_test_is_shown_as_the_gate_judged_it(client: Client, digits: Recognizer, starter: Bundle) -> None:
    run = learned(digits, starter).training_run
    assert [entry.base_test.after for entry in client.get(PAGE).context["history"]] == [0.9958, ANY]
    run.verdict["figures"]["base"]["mean"] = {"before": 0.946, "after": 0.944}
    run.save()
    assert [entry.base_test.after for entry in client.get(PAGE).context["history"]] == [0.944, ANY]


def test_a_rollback_is_told_with_its_reason(client: Client, digits: Recognizer, starter: Bundle) -> None:
    learned(digits, starter)
    promotions.roll_back(recognizer=digits, reason="People corrected it more.", by=None)
    assert client.get("/progress/").context["active"].model_version.number == 1
    assert "version 2: People corrected it more." in _text(client)


def test_a_version_that_nobody_promoted_says_so(client: Client, digits: Recognizer, starter: Bundle) -> None:
    learned(digits, starter, promoted=False)
    assert 'data-live="never"' in _text(client)


def test_a_version_that_came_and_went_often_tells_of_the_last_times(
    client: Client, digits: Recognizer, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognizer.pages.progress.history.MAX_PROMOTIONS", 12)
    versions = [digits.versions.get(), learned(digits, starter)]
    for number in range(20):
        promotions.promote(
            version=versions[number % 2], replaces=promotions.current_promotion(digits.pk), reason=f"Time {number}."
        )
    learned(digits, starter, promoted=False)
    html = _text(client)
    assert html.count("Time ") == 10
    assert "Time 9." not in html
    assert html.count('data-live="never"') == 1


def test_it_tells_nothing_about_single_people(client: Client, digits: Recognizer, starter: Bundle, alice: User) -> None:
    version = learned(digits, starter, promoted=False)
    promotions.promote(version=version, replaces=promotions.current_promotion(digits.pk), reason="By hand.", by=alice)
    ended(digits, by=alice, verdict=verdict("refused"))
    assert "alice" not in _text(client)


def test_what_people_said_to_the_answers_is_told_of_the_model_alone_and_as_they_got_them(
    client: Client, digits: Recognizer, starter: Bundle, alice: User
) -> None:
    assert client.get("/progress/").context["live_accuracies"] == []
    for _ in range(4):
        named(alice, ONE, "7")  # the model alone says 1; from the second time on alice's memory says 7
    learned(digits, starter)
    counts.recount()
    html = _text(client)
    assert re.search(r'<th scope="row">1</th>\s*<td>4</td>\s*<td>0.0%</td>\s*<td>75.0%</td>', html)


def test_recognizers_have_a_page_each(client: Client, digits: Recognizer) -> None:
    other = Recognizer.objects.create(slug="letters", name="Letters", position=1)
    assert "Letters" not in _text(client)  # it has never answered
    version = digits.versions.get()
    Promotion.objects.create(recognizer=other, model_version=version, reason="For a test.")
    assert 'href="?recognizer=letters"' in _text(client)
    assert client.get("/progress/?recognizer=letters").context["recognizer"] == other
    assert client.get("/progress/?recognizer=nonsense&page=nonsense").context["recognizer"] == digits


def test_a_long_history_comes_in_pages(
    client: Client, digits: Recognizer, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognizer.pages.progress.history.PAGE_SIZE", 2)
    for _ in range(3):
        learned(digits, starter)
    assert "Page 1 of 2" in _text(client)
    older = _text(client, "?recognizer=digits&page=2")
    assert 'id="v1"' in older
    assert 'id="v2"' in older
    assert 'id="v3"' not in older


def test_the_number_of_queries_does_not_grow_and_no_weights_are_loaded(
    client: Client, digits: Recognizer, starter: Bundle
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            _text(client)
        for query in found:
            assert not any(f'"{heavy}"' in query["sql"] for heavy in ("tflite", "keras", "rehearsal")), query["sql"]
        return len(found)

    learned(digits, starter)
    _text(client)
    before = queries()
    for _ in range(4):
        learned(digits, starter)
        ended(digits, verdict=verdict("refused"))
    assert queries() == before
    assert before <= 12


def test_only_those_who_may_are_offered_to_promote(
    client: Client, as_alice: Client, as_rita: Client, as_promoter: Client, digits: Recognizer, starter: Bundle
) -> None:
    learned(digits, starter)
    for other in (client, as_alice, as_rita):
        assert "<form" not in _text(other)
    html = _text(as_promoter)
    assert 'action="/progress/digits/promote/"' in html
    assert 'action="/progress/digits/roll-back/"' in html


@pytest.mark.parametrize("path", ["promote", "roll-back"])
def test_only_those_who_may_promote(
    client: Client, as_alice: Client, as_rita: Client, digits: Recognizer, starter: Bundle, path: str
) -> None:
    learned(digits, starter)
    data = {"number": "1", "replaces": _seen(digits), "reason": "I like it."}
    assert client.post(f"/progress/digits/{path}/", data).status_code == 302
    for other in (as_alice, as_rita):
        assert other.post(f"/progress/digits/{path}/", data).status_code == 403
        assert other.get(f"/progress/digits/{path}/").status_code == 405
    assert _active(digits) == 2


def test_any_version_can_be_promoted_with_a_reason(
    as_promoter: Client, bob: User, digits: Recognizer, starter: Bundle
) -> None:
    learned(digits, starter)
    learned(digits, starter)
    data = {"number": "1", "replaces": _seen(digits), "reason": "  For \n a while. "}
    assert _message_level(as_promoter.post("/progress/digits/promote/", data, follow=True)) == "success"
    newest = promotions.current_promotion(digits.pk)
    assert newest
    assert (newest.model_version.number, newest.reason, newest.by) == (1, "For a while.", bob)


def test_one_click_rolls_back(as_promoter: Client, digits: Recognizer, starter: Bundle) -> None:
    learned(digits, starter)
    seen = _seen(digits)
    data = {"replaces": seen, "reason": "Taken back by hand."}
    assert as_promoter.post("/progress/digits/roll-back/", data)["Location"] == "/progress/?recognizer=digits"
    assert _active(digits) == 1
    twice = as_promoter.post("/progress/digits/roll-back/", data, follow=True)
    assert _message_level(twice) == "warning"
    assert _active(digits) == 1


def test_rolling_back_the_first_version_is_refused_with_words(as_promoter: Client, digits: Recognizer) -> None:
    data = {"replaces": _seen(digits), "reason": "Back."}
    response = as_promoter.post("/progress/digits/roll-back/", data, follow=True)
    assert _message_level(response) == "warning"
    assert _active(digits) == 1


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_a_reason_is_needed(as_promoter: Client, digits: Recognizer, starter: Bundle, reason: str) -> None:
    learned(digits, starter)
    data = {"number": "1", "replaces": _seen(digits), "reason": reason}
    assert _message_level(as_promoter.post("/progress/digits/promote/", data, follow=True)) == "warning"
    assert _active(digits) == 2


def test_a_page_that_is_out_of_date_changes_nothing(as_promoter: Client, digits: Recognizer, starter: Bundle) -> None:
    seen = _seen(digits)
    learned(digits, starter)
    data = {"number": "1", "replaces": seen, "reason": "Back."}
    assert _message_level(as_promoter.post("/progress/digits/promote/", data, follow=True)) == "warning"
    assert _active(digits) == 2


@pytest.mark.parametrize("number", ["9", "x", "", "0"])
def test_a_version_that_does_not_exist_is_not_found(as_promoter: Client, digits: Recognizer, number: str) -> None:
    data = {"number": number, "replaces": _seen(digits), "reason": "Why not."}
    assert as_promoter.post("/progress/digits/promote/", data).status_code == 404


def test_the_first_look_at_a_run_that_passed_leads_to_its_version(
    as_rita: Client, digits: Recognizer, starter: Bundle
) -> None:
    version = learned(digits, starter)
    run: Any = version.training_run
    assert f'href="/progress/?recognizer=digits#v{version.number}"' in as_rita.get(f"/runs/{run.pk}/").content.decode()
