"""Failures of the demonstration. Its success is tested with real processes (tests/processes)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from recognizer.management.demo import scenario as module
from recognizer.management.demo.handwriting import leaning_writers, upright_writer
from recognizer.management.demo.scenario import DemoPlan, StoppedError
from recognizer.management.demo.users import create_reviewer, create_user
from recognizer.models import Drawing, Recognizer, Review, TrainingRun
from recognizer.registry import promotions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _embedded(settings: Any) -> None:
    settings.EMBEDDED = True


def plan(digits: Recognizer, said: list[str], url: str = "", patience: float = 0.0) -> DemoPlan:
    return DemoPlan(url, digits, people=1, drawings=3, at_once=False, patience=patience, say=said.append)


def run_of(digits: Recognizer, state: str, reason: str = "It says why.") -> TrainingRun:
    closed = {"finished": timezone.now(), "reason": reason} if state != "waiting" else {}
    return TrainingRun.objects.create(recognizer=digits, state=state, trigger="a test", **closed)


def test_drawings_are_saved_and_reviewed_and_a_missing_scheduler_is_an_error(
    digits: Recognizer, live_server: LiveServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="beat"):
        call_command("demo_loop", url=live_server.url, people=2, drawings=3, patience=0.1)
    out = capsys.readouterr().out
    assert all(name in out for name in ("Ada", "Rosa"))
    assert Review.objects.approving().count() == Drawing.objects.count() == module.ONE_PERSON


def test_corrected_digits_are_read_afterwards_and_a_memory_that_does_not_help_is_an_error(
    digits: Recognizer, live_server: LiveServer
) -> None:
    said: list[str] = []
    played = plan(digits, said, live_server.url)
    ada, bela = create_user("Ada"), create_user("Bela")
    module._use_memory(played, ada, module._sign_in(played, ada), leaning_writers(1)[0])
    with_memory, without = map(int, re.findall(r"(\d+) (?:are read|without)", said[-1]))
    assert without < with_memory <= module.MEMORISED
    with pytest.raises(StoppedError, match="Bela"):  # the model reads all of these
        module._use_memory(played, bela, module._sign_in(played, bela), upright_writer())


def test_drawings_of_real_users_are_not_reviewed(digits: Recognizer, live_server: LiveServer, as_alice: Any) -> None:
    kept = as_alice.post(
        "/api/v1/drawings", {"recognizer": "digits", "ink": [[[0, 1], [0, 9]]]}, content_type="application/json"
    ).json()
    as_alice.put(f"/api/v1/drawings/{kept['id']}/correction", {"label": "1"}, content_type="application/json")
    with pytest.raises(CommandError):
        call_command("demo_loop", url=live_server.url, people=1, drawings=2, patience=0)
    assert not Review.objects.filter(correction__drawing__author__email="alice@example.org").exists()


def test_waiting_for_a_run_without_a_worker_ends(digits: Recognizer) -> None:
    said: list[str] = []
    with pytest.raises(StoppedError, match="queue training"):
        module._follow(plan(digits, said, patience=0), run_of(digits, "waiting"))
    assert said == ["  waiting"]


def test_a_run_without_a_clear_gain_is_named_by_its_verdict(digits: Recognizer) -> None:
    run = run_of(digits, "refused")
    TrainingRun.objects.update(verdict={"outcome": "no-better", "sentences": ["Field test: no clear gain."]})
    said: list[str] = []
    run = module._follow(plan(digits, said), run)
    assert any(run.get_result_display() in line and "It says why." in line for line in said)
    with pytest.raises(StoppedError, match=run.get_result_display()):
        module._check_passed(run)


@pytest.mark.parametrize("state", ["refused", "failed", "cancelled"])
def test_a_run_without_a_version_fails_the_demonstration(digits: Recognizer, state: str) -> None:
    said: list[str] = []
    run = module._follow(plan(digits, said), run_of(digits, state))
    assert any(state in line and "It says why." in line for line in said)
    with pytest.raises(StoppedError, match=state):
        module._check_passed(run)


def test_the_reviewer_promotes_if_the_policy_leaves_it_to_people(digits: Recognizer) -> None:
    version = promotions.register(recognizer=digits, bundle=promotions.bundle_of(digits.versions.get()))
    run = TrainingRun.objects.create(
        recognizer=digits, state="passed", trigger="a test", version=version, finished=timezone.now()
    )
    module.training.policy_of(digits)
    digits.policy.__class__.objects.update(auto_promote=False)
    said: list[str] = []
    rosa = create_reviewer()
    promotion = module._promotion(plan(digits, said), run, rosa)
    assert (promotion.model_version, promotion.by) == (version, rosa)
    assert "Rosa" in said[0]


def test_a_site_with_real_users_needs_yes(digits: Recognizer, settings: Any) -> None:
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="--yes"):
        call_command("demo_loop")
    assert not User.objects.exists()


@pytest.mark.parametrize(("name", "value"), [("people", 0), ("people", 13), ("drawings", 0), ("drawings", 51)])
def test_numbers_out_of_range_are_refused(digits: Recognizer, name: str, value: int) -> None:
    with pytest.raises(CommandError, match=f"--{name} is {value}"):
        call_command("demo_loop", **{name: value})


def test_without_models_the_error_names_the_command_to_install_them(transactional_db: None) -> None:
    with pytest.raises(CommandError, match="install_models"):
        call_command("demo_loop")


def test_a_site_that_does_not_answer_is_named(digits: Recognizer) -> None:
    with pytest.raises(CommandError, match=r"http://127\.0\.0\.1:1/accounts/login/"):
        call_command("demo_loop", url="http://127.0.0.1:1")


def test_cleaning_up_says_how_many_users_were_removed(digits: Recognizer, capsys: pytest.CaptureFixture[str]) -> None:
    create_reviewer()
    call_command("demo_loop", clean=True)
    assert "1" in capsys.readouterr().out
    assert not User.objects.exists()
