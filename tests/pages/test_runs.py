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
from tests.pages.training_runs import SNAPSHOT, choice, ended, examined, learned, running, superuser, verdict

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


@pytest.mark.parametrize("outcome", ["no-better", "not-enough-evidence"])
def test_a_run_without_a_clear_gain_is_not_called_refused(as_rita: Client, digits: Recognizer, outcome: str) -> None:
    run = ended(digits, verdict=verdict(outcome), reason="A clear gain needs 6 more.")
    for html in (_text(as_rita), _text(as_rita, f"/runs/{run.pk}/")):
        assert f'data-state="{outcome}"' in html
        assert "A clear gain needs 6 more." in html
        assert "refused" not in html
    status = as_rita.get(f"/runs/{run.pk}/status").json()
    assert (status["state"], status["stateName"]) == ("refused", run.get_result_display())
    assert status["stateName"] in str(run)


def test_the_mean_over_labels_is_shown_before_the_plain_share(as_rita: Client, digits: Recognizer) -> None:
    said = verdict()
    said["figures"]["base"]["mean"] = {"before": 0.946, "after": 0.944}
    rows = as_rita.get(f"/runs/{ended(digits, verdict=said).pk}/").context["rows"]
    assert [row[1:] for row in rows[:2]] == [("94.60%", "94.40%", "10,000"), ("99.60%", "99.58%", "10,000")]


def test_the_base_test_is_named_by_its_checksum(as_rita: Client, digits: Recognizer) -> None:
    run = ended(digits, snapshot={**SNAPSHOT, "base_test": "cd" * 32})
    assert f'title="{"cd" * 32}" data-base-test>{"cd" * 6}<' in _text(as_rita, f"/runs/{run.pk}/")
    older = ended(digits)
    assert "data-base-test" not in _text(as_rita, f"/runs/{older.pk}/")


def test_the_choice_of_the_settings_is_shown_as_a_plot_and_as_a_table(as_rita: Client, digits: Recognizer) -> None:
    run = ended(digits, verdict={**verdict(), "choices": [choice()]})
    page = as_rita.get(f"/runs/{run.pk}/")
    (shown,) = page.context["choices"]
    assert [row[1:] for row in shown.rows] == [
        ("77.8%", "–", "0.00", False, False),
        ("86.0%", "0.4800", "1.20", False, True),
        ("88.0%", "0.4100", "2.10", False, True),
        ("85.0%", "0.5000", "-0.05", False, False),
        ("87.0%", "0.4400", "0.31", True, False),
    ]
    assert shown.rows[4].settings == ["3", "50%"]
    html = page.content.decode()
    assert choice()["why"] in html
    assert html.count("data-chosen-setting") == 1
    assert html.count('class="candidate chosen"') == 2  # in the plot and in its legend


def test_more_loss_is_further_right_and_more_gain_is_higher(as_rita: Client, digits: Recognizer) -> None:
    run = ended(digits, verdict={**verdict(), "choices": [choice()]})
    plot = as_rita.get(f"/runs/{run.pk}/").context["choices"][0].plot
    hard, soft = plot.curves
    dots = [plot.start, *hard, *soft]
    drops = [0.0, 0.012, 0.021, -0.0005, 0.0031]
    gains = [0.778, 0.86, 0.88, 0.85, 0.87]
    across = [float(dot.x.rstrip("%")) for dot in dots]
    assert sorted(range(5), key=lambda at: across[at]) == sorted(range(5), key=lambda at: drops[at])
    assert sorted(range(5), key=lambda at: -dots[at].y) == sorted(range(5), key=lambda at: gains[at])
    assert across[4] < float(plot.allowed.rstrip("%")) < across[1]
    assert [(start.row.correct, end.row.correct) for start, end in plot.lines] == [
        ("77.8%", "86.0%"), ("86.0%", "88.0%"), ("77.8%", "85.0%"), ("85.0%", "87.0%"),
    ]  # fmt: skip


def test_a_setting_may_lose_too_much_although_the_accuracy_does_not_say_so(as_rita: Client, digits: Recognizer) -> None:
    record = choice()
    record["candidates"][2]["fits"] = False
    page = as_rita.get(f"/runs/{ended(digits, verdict={**verdict(), 'choices': [record]}).pk}/")
    assert [row.too_much for row in page.context["choices"][0].rows] == [False, True, True, True, False]


def test_settings_that_were_not_compared_are_shown_with_the_reason(as_rita: Client, digits: Recognizer) -> None:
    record = {"layers": "all layers", "settings": {"share": 0.4}, "why": "Too few people.", "candidates": []}
    page = as_rita.get(f"/runs/{ended(digits, verdict={**verdict(), 'choices': [record]}).pk}/")
    (shown,) = page.context["choices"]
    assert (shown.plot, shown.rows, [value for _name, value in shown.chosen]) == (None, [], ["40%"])
    assert "Too few people." in page.content.decode()


def test_runs_of_earlier_releases_have_no_choices(as_rita: Client, digits: Recognizer) -> None:
    page = as_rita.get(f"/runs/{ended(digits, verdict=verdict('refused')).pk}/")
    assert page.context["choices"] == []
    assert "data-choices" not in page.content.decode()


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
    queries()  # a process reads once what it remembers of new versions
    assert queries() == before
    assert max(before) <= 12


def test_a_long_list_has_pages(as_rita: Client, digits: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.pages.runs.details.PAGE_SIZE", 2)
    for _ in range(3):
        ended(digits, finished=timezone.now())
    assert len(as_rita.get(PAGE).context["page"].object_list) == 2
    assert len(as_rita.get("/runs/?page=2").context["page"].object_list) == 1
