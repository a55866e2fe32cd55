"""/runs/: the pages of training runs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer import training
from recognizer.models import Recognizer, TrainingRun
from recognizer.pages.runs import details
from tests.ink import ONE, SEVEN, ZERO
from tests.pages.conftest import keep, message_codes
from tests.pages.training_runs import ended, examined, learned, running, superuser, verdict

PAGE = "/runs/"


def _text(client: Client, path: str = PAGE) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_only_reviewers_can_see_runs(client: Client, as_alice: Client, as_rita: Client, digits: Recognizer) -> None:
    run = running(digits)
    paths = [PAGE, f"/runs/{run.pk}/", f"/runs/{run.pk}/status"]
    root = Client()
    root.force_login(superuser())
    for path in paths:
        assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
        assert as_alice.get(path).status_code == 403
        assert as_rita.get(path).status_code == 200
        assert root.get(path).status_code == 200
        assert "no-store" in as_rita.get(path)["Cache-Control"]


def test_only_reviewers_can_start_and_stop_runs(client: Client, as_alice: Client, digits: Recognizer) -> None:
    run = running(digits)
    for other, status in ((client, 302), (as_alice, 403)):
        assert other.post(PAGE, {"recognizer": "digits"}).status_code == status
        assert other.post(f"/runs/{run.pk}/cancel/").status_code == status
    run.refresh_from_db()
    assert (run.cancelling, TrainingRun.objects.count()) == (False, 1)


def test_without_runs_the_page_offers_to_start_one(as_rita: Client, digits: Recognizer) -> None:
    html = _text(as_rita)
    assert 'class="empty-state' in html
    assert '<button class="button" name="recognizer" value="digits">' in html


def test_runs_are_listed_with_their_reasons_the_newest_first(
    as_rita: Client, digits: Recognizer, starter: Bundle
) -> None:
    learned(digits, starter)
    ended(digits, reason="It loses more than it wins.", verdict=verdict("refused"))
    running(digits)
    html = _text(as_rita)
    assert all(word in html for word in ["It loses more than it wins.", "version 2", "It passed."])
    assert re.findall(r'data-state="(\w+)"', html) == ["running", "refused", "passed"]
    assert 'name="recognizer"' not in html  # it is being trained


def test_a_reviewer_can_start_a_run(
    as_rita: Client, rita: User, digits: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = as_rita.post(PAGE, {"recognizer": "digits"})
    run = TrainingRun.objects.get()
    assert response["Location"] == f"/runs/{run.pk}/"
    assert (run.state, run.by, run.trigger) == ("waiting", rita, "By hand.")
    assert message_codes(as_rita.post(PAGE, {"recognizer": "digits"}, follow=True)) == ["already-training"]
    assert as_rita.post(PAGE, {"recognizer": "nothing"}).status_code == 404
    assert TrainingRun.objects.count() == 1


def test_a_running_run_shows_its_progress(as_rita: Client, digits: Recognizer) -> None:
    run = running(digits, step="training", epoch=3, epochs=8, loss=0.04215, seconds_left=37.4)
    html = _text(as_rita, f"/runs/{run.pk}/")
    assert f'data-run="/runs/{run.pk}/status" data-open' in html
    assert all(f">{word}</dd>" in html for word in ("3 of 8", "0.0421", "37 s"))
    assert '<progress max="1" value="0.375"' in html
    assert "10:00:00 gathering" in html
    assert f'action="/runs/{run.pk}/cancel/"' in html
    assert "js/runs/run.js" in html


def test_the_status_has_the_same_values_for_the_script(as_rita: Client, digits: Recognizer) -> None:
    run = running(digits, step="training", epoch=3, epochs=8, loss=0.04215, seconds_left=200)
    assert as_rita.get(f"/runs/{run.pk}/status").json() == {
        "state": "running",
        "stateName": "running",
        "final": False,
        "cancelling": False,
        "chosen": False,
        "step": details.STEPS["training"],
        "epoch": "3 of 8",
        "loss": "0.0421",
        "left": "3 min",
        "share": 0.375,
        "log": "10:00:00 gathering",
    }
    assert as_rita.get("/runs/999/status").status_code == 404


@pytest.mark.parametrize(
    ("progress", "step"),
    [({}, details.STEPS[""]), ({"step": "judging"}, details.STEPS["judging"]), ({"step": "odd"}, "odd")],
)
def test_a_step_without_numbers_is_shown(
    as_rita: Client, digits: Recognizer, progress: dict[str, Any], step: str
) -> None:
    status = as_rita.get(f"/runs/{running(digits, **progress).pk}/status").json()
    assert (status["step"], status["epoch"], status["loss"], status["left"]) == (step, "", "", "")
    assert status["share"] is None


def test_a_waiting_run_has_a_step_of_its_own(as_rita: Client, digits: Recognizer) -> None:
    run = training.open_run(recognizer=digits, trigger="for a test")
    status = as_rita.get(f"/runs/{run.pk}/status").json()
    assert status["state"] == "waiting"
    assert status["step"] not in ("", *details.STEPS.values())


def test_only_the_end_of_a_long_log_is_sent(as_rita: Client, digits: Recognizer) -> None:
    run = running(digits)
    TrainingRun.objects.filter(pk=run.pk).update(log="x" * 30_000 + "the end")
    log = as_rita.get(f"/runs/{run.pk}/status").json()["log"]
    assert (len(log), log[-7:]) == (20_000, "the end")


def test_stopping_a_run_sets_its_flag(as_rita: Client, digits: Recognizer) -> None:
    run = running(digits)
    html = " ".join(as_rita.post(f"/runs/{run.pk}/cancel/", follow=True).content.decode().split())
    run.refresh_from_db()
    assert run.cancelling
    assert "data-stopping" in html
    assert f'action="/runs/{run.pk}/cancel/"' not in html


def test_stopping_an_ended_run_gives_a_message(as_rita: Client, digits: Recognizer) -> None:
    run = ended(digits)
    assert message_codes(as_rita.post(f"/runs/{run.pk}/cancel/", follow=True)) == ["ended"]


def test_an_ended_run_shows_its_verdict_and_figures(as_rita: Client, digits: Recognizer, starter: Bundle) -> None:
    run: Any = learned(digits, starter).training_run
    html = _text(as_rita, f"/runs/{run.pk}/")
    assert "214 drawings by 31 people" in html
    assert "Split by author" in html
    rows = as_rita.get(f"/runs/{run.pk}/").context["rows"]
    assert rows[0][1:] == ("99.60%", "99.58%", "10,000")
    assert "<td>99.60%</td><td>99.58%</td><td>10,000</td>" in html
    assert len(rows) == 4  # base, field, not sure and speed: there were no negative examples to measure
    assert "<b>Labels</b> <span>none is worse.</span>" in html
    assert "data-live-version" in html
    assert "js/runs/run.js" not in html


def test_a_verdict_without_earlier_figures_is_shown(as_rita: Client, digits: Recognizer) -> None:
    said = verdict("not-enough-evidence")
    said["figures"]["field"] |= {"count": 3, "before": None}
    run = ended(digits, verdict=said)
    page = as_rita.get(f"/runs/{run.pk}/")
    assert 'data-outcome="not-enough-evidence"' in page.content.decode()
    assert page.context["rows"][1].before == "–"


def test_drawings_with_changed_answers_are_shown(as_rita: Client, digits: Recognizer, alice: User) -> None:
    run = ended(digits, verdict=verdict("refused"))
    examined(run, keep(alice, SEVEN), "7", before="1", after="7")
    examined(run, keep(alice, ONE), "1", before="1", after=None)
    examined(run, keep(alice, ZERO), "0", before="0", after="0")
    examined(run, keep(alice, ZERO), "0", before="1", after="2")
    page = as_rita.get(f"/runs/{run.pk}/")
    right, wrong = page.context["flips"]
    assert [(each.total, len(each.shown)) for each in (right, wrong)] == [(1, 1), (1, 1)]
    html = page.content.decode()
    assert 'data-flips="right"' in html
    assert '<s class="muted">1</s> → <b>7</b>' in html
    assert '<b>1</b> → <s class="muted">?</s>' in html


def test_a_deleted_drawing_is_not_shown(as_rita: Client, digits: Recognizer, alice: User) -> None:
    run = ended(digits, verdict=verdict("refused"))
    drawing = keep(alice, SEVEN)
    examined(run, drawing, "7", before="1", after="7")
    drawing.delete()
    assert "data-flips" not in _text(as_rita, f"/runs/{run.pk}/")


def test_a_new_version_can_be_promoted_from_its_run(as_rita: Client, digits: Recognizer, starter: Bundle) -> None:
    run: Any = learned(digits, starter, promoted=False).training_run
    assert "/progress/digits/promote/" not in _text(as_rita, f"/runs/{run.pk}/")
    root = Client()
    root.force_login(superuser())
    assert 'action="/progress/digits/promote/"' in _text(root, f"/runs/{run.pk}/")


def test_the_number_of_queries_does_not_grow_and_no_weights_are_loaded(
    as_rita: Client, digits: Recognizer, starter: Bundle, alice: User
) -> None:
    run: Any = learned(digits, starter).training_run
    paths = [PAGE, f"/runs/{run.pk}/", f"/runs/{run.pk}/status"]

    def queries() -> list[int]:
        counts = []
        for path in paths:
            with CaptureQueriesContext(connection) as found:
                _text(as_rita, path)
            for query in found:
                heavy = ("tflite", "keras", "rehearsal", "image")
                assert not any(f'"{name}"' in query["sql"].split(" FROM ")[0] for name in heavy), query["sql"]
            counts.append(len(found))
        return counts

    queries()
    before = queries()
    for _ in range(4):
        learned(digits, starter)
        examined(run, keep(alice, SEVEN), "7", before="1", after="7")
    assert queries() == before
    assert max(before) <= 12


def test_a_long_list_has_pages(as_rita: Client, digits: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.pages.runs.details.PAGE_SIZE", 2)
    for _ in range(3):
        ended(digits, finished=timezone.now())
    assert len(as_rita.get(PAGE).context["page"].object_list) == 2
    assert len(as_rita.get("/runs/?page=2").context["page"].object_list) == 1
