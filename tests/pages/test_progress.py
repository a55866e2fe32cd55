"""/progress/: how the recognizers got better, for everybody; and which version answers, for those who may say so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
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

PAGE = "/progress/"


@pytest.fixture
def as_promoter(bob: User, as_bob: Client) -> Client:
    """bob may promote versions."""
    bob.user_permissions.add(Permission.objects.get(codename="add_promotion"))
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


def test_without_a_model_it_says_so(client: Client, db: None) -> None:
    assert "No model is installed on this site yet" in _text(client)


def test_with_the_shipped_version_only_it_tells_what_that_can_do_and_what_comes_next(
    client: Client, digits: Recognizer
) -> None:
    html = _text(client)
    assert "Digits: version 1 answers, since" in html
    assert "What it can do so far" in html
    assert "MNIST test" in html
    assert "called “not sure”" in html
    assert "0 approved drawings wait to teach; with 30 the next training run starts by itself." in html
    assert "Nobody has taught this model anything yet." in html
    assert '<figure class="plot">' not in html


def test_approved_drawings_are_counted_towards_the_next_run(
    client: Client, digits: Recognizer, alice: User, bob: User
) -> None:
    said = named(alice, SEVEN, "7")
    Review.objects.create(correction=said, decision="accepted", label=said.label, by=bob)
    assert "1 approved drawing waits to teach; with 30" in _text(client)
    digits.policy.train_after = 1
    digits.policy.save()
    assert "1 approved drawing waits to teach: enough" in _text(client)
    running(digits)
    assert "A training run is under way." in _text(client)


def test_each_version_tells_what_it_learned_and_how_it_was_judged(
    client: Client, digits: Recognizer, starter: Bundle
) -> None:
    learned(digits, starter)
    html = _text(client)
    assert "version 2 answers" in html
    assert "It learned from 214 drawings by 31 people." in html
    assert "Of 40 drawings that it had never seen it read 97.5% right, and the version before it 95.0%." in html
    assert "<b>Field test.</b> 97.5% right of 40 drawings by 6 people." in html
    assert "Began to answer: It beat version 1." in html
    assert "Learned from public data sets, before anybody drew here." in html


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
    ended(digits, reason="No drawing is approved to learn from.")  # nothing was judged: nothing to tell
    ended(digits, State.FAILED, reason="Its worker died.")
    html = _text(client)
    heads = ["A run without enough evidence", ">Version 2", "A run that was refused", ">Version 1"]
    assert sorted(heads, key=lambda head: html.rindex(head)) == heads
    assert "It loses more than it wins." in html
    assert "Its worker died" not in html
    assert "No drawing is approved" not in html


def test_a_rollback_is_told_with_its_reason(client: Client, digits: Recognizer, starter: Bundle) -> None:
    learned(digits, starter)
    promotions.roll_back(recognizer=digits, reason="People corrected it more.", by=None)
    html = _text(client)
    assert "Came back in place of version 2: People corrected it more." in html
    assert "version 1 answers" in html


def test_a_version_that_nobody_promoted_says_so(client: Client, digits: Recognizer, starter: Bundle) -> None:
    learned(digits, starter, promoted=False)
    assert "never answered" in _text(client)


def test_a_version_that_came_and_went_often_tells_of_the_last_times(
    client: Client, digits: Recognizer, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognizer.pages.progress.history.MOST_MOVES", 12)
    versions = [digits.versions.get(), learned(digits, starter)]
    for number in range(20):
        promotions.promote(
            version=versions[number % 2], replaces=promotions.current_promotion(digits.pk), reason=f"Time {number}."
        )
    learned(digits, starter, promoted=False)
    html = _text(client)
    assert html.count("Time ") == 10
    assert "Time 9." not in html
    assert html.count("never answered") == 1


def test_it_tells_nothing_about_single_people(client: Client, digits: Recognizer, starter: Bundle, alice: User) -> None:
    version = learned(digits, starter, promoted=False)
    promotions.promote(version=version, replaces=promotions.current_promotion(digits.pk), reason="By hand.", by=alice)
    ended(digits, by=alice, verdict=verdict("refused"))
    assert "alice" not in _text(client)


def test_what_people_said_to_the_answers_is_told_of_the_model_alone_and_as_they_got_them(
    client: Client, digits: Recognizer, starter: Bundle, alice: User
) -> None:
    assert "What people said" not in _text(client)
    for _ in range(4):
        named(alice, ONE, "7")  # the model alone says 1; from the second time on alice's memory says 7
    learned(digits, starter)
    counts.recount()
    html = _text(client)
    assert re.search(r'<th scope="row">1</th>\s*<td>4</td>\s*<td>0.0%</td>\s*<td>75.0%</td>', html)
    assert "changes nobody else's" in html


def test_recognizers_have_a_page_each(client: Client, digits: Recognizer) -> None:
    other = Recognizer.objects.create(slug="letters", name="Letters", position=1)
    assert "Letters" not in _text(client)  # it has never answered
    version = digits.versions.get()
    Promotion.objects.create(recognizer=other, model_version=version, reason="For a test.")
    assert 'href="?recognizer=letters"' in _text(client)
    assert "Letters: version 1" in _text(client, "?recognizer=letters")
    assert "Digits: version 1" in _text(client, "?recognizer=nonsense&page=nonsense")


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
    assert "Roll back to version 1" in html


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
    response = as_promoter.post("/progress/digits/promote/", data, follow=True)
    assert "Version 1 answers from now on" in response.content.decode()
    newest = promotions.current_promotion(digits.pk)
    assert newest
    assert (newest.model_version.number, newest.reason, newest.by) == (1, "For a while.", bob)


def test_one_click_rolls_back(as_promoter: Client, digits: Recognizer, starter: Bundle) -> None:
    learned(digits, starter)
    seen = _seen(digits)
    data = {"replaces": seen, "reason": "Taken back by hand."}
    assert as_promoter.post("/progress/digits/roll-back/", data)["Location"] == "/progress/?recognizer=digits"
    assert _active(digits) == 1
    html = as_promoter.post("/progress/digits/roll-back/", data, follow=True).content.decode()  # pressed twice
    assert "Another version was promoted meanwhile." in html
    assert _active(digits) == 1


def test_rolling_back_the_first_version_is_refused_with_words(as_promoter: Client, digits: Recognizer) -> None:
    data = {"replaces": _seen(digits), "reason": "Back."}
    html = as_promoter.post("/progress/digits/roll-back/", data, follow=True).content.decode()
    assert "No version answered before this one." in html


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_a_reason_is_needed(as_promoter: Client, digits: Recognizer, starter: Bundle, reason: str) -> None:
    learned(digits, starter)
    data = {"number": "1", "replaces": _seen(digits), "reason": reason}
    html = as_promoter.post("/progress/digits/promote/", data, follow=True).content.decode()
    assert "Give a reason in at most 200 letters." in html
    assert _active(digits) == 2


def test_a_page_that_is_out_of_date_changes_nothing(as_promoter: Client, digits: Recognizer, starter: Bundle) -> None:
    seen = _seen(digits)
    learned(digits, starter)
    data = {"number": "1", "replaces": seen, "reason": "Back."}
    html = as_promoter.post("/progress/digits/promote/", data, follow=True).content.decode()
    assert "Another version was promoted meanwhile." in html
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
