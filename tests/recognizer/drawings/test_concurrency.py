"""What belongs to one person changes in one place at a time: nobody meets a half-deleted drawing."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts import deletion, people
from accounts.models import User
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.models import Correction, Drawing, Recognizer
from tests.ink import SEVEN

ROUNDS = 4


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call gives when all are made from threads of their own."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def ask(client: Client, method: str, url: str, body: Any = None) -> int:
    return client.generic(method, url, json.dumps(body).encode(), "application/json").status_code


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.django_db(transaction=True)
def test_correcting_and_deleting_a_drawing_never_break_each_other(digits: Recognizer, alice: User) -> None:
    tabs = [browser(alice) for _ in range(6)]
    for _ in range(ROUNDS):
        drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SEVEN))
        url = f"/api/v1/drawings/{drawing.uuid}"
        puts = [partial(ask, tabs[i], "PUT", f"{url}/correction", {"label": str(i)}) for i in range(3)]
        deletes = [partial(ask, tabs[3], "DELETE", f"{url}/correction")]
        deletes += [partial(ask, tab, "DELETE", url) for tab in tabs[4:]]
        assert set(at_once(*puts, *deletes)) <= {200, 204, 404}
    assert not Drawing.objects.exists()
    assert not Correction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_leaving_while_a_drawing_arrives_leaves_nothing(digits: Recognizer, alice: User) -> None:
    body = {"recognizer": "digits", "ink": SEVEN}
    tabs = [browser(alice) for _ in range(4)]
    keeps = [partial(ask, tab, "POST", "/api/v1/drawings", body) for tab in tabs]
    *statuses, _none = at_once(*keeps, partial(deletion.delete_person, person=alice))
    assert set(statuses) <= {201, 401, 403}
    assert not User.objects.exists()
    assert not Drawing.objects.exists()


@pytest.mark.django_db
def test_a_drawing_that_was_deleted_in_another_tab_cannot_be_corrected(digits: Recognizer, alice: User) -> None:
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SEVEN))
    Drawing.objects.all().delete()
    with pytest.raises(Drawing.DoesNotExist):
        corrections.correct(drawing=drawing, label="7")


@pytest.mark.django_db
def test_consent_that_was_withdrawn_while_the_model_was_asked_counts(digits: Recognizer, alice: User) -> None:
    in_this_request = User.objects.get(pk=alice.pk)
    people.withdraw_consent(person=alice)
    with pytest.raises(store.ConsentRequiredError):
        store.save_drawing(author=in_this_request, recognizer="digits", content=Content.from_ink(SEVEN))
    assert not Drawing.objects.exists()
