"""The page with one's own drawings, as the server makes it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from ml.preprocessing.content import Content
from recognizer.drawings import corrections, store
from recognizer.models import Drawing, Label, Recognizer, Remembered
from tests.ink import ONE, SCRIBBLE, SEVEN, ZERO
from tests.pages.conftest import keep, message_codes


@pytest.fixture
def four(digits: Recognizer, alice: User) -> dict[str, Drawing]:
    """A seven that alice agreed to, a one that she called a seven, a zero she said nothing of, and a scribble."""
    found = {name: keep(alice, ink) for name, ink in zip("710?", (SEVEN, ONE, ZERO, SCRIBBLE), strict=True)}
    corrections.correct(drawing=found["7"], label="7")
    corrections.correct(drawing=found["1"], label="7")
    return found


def _shown(client: Client, query: str = "") -> set[str]:
    cards = client.get(f"/drawings/{query}").context["cards"]
    return {str(card.drawing.uuid) for card in cards}


def test_a_stranger_is_asked_to_sign_in(client: Client, db: None) -> None:
    for path in ("/drawings/", f"/drawings/{uuid.uuid4()}/delete/"):
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")


def test_an_empty_notebook_invites_to_draw(as_alice: Client) -> None:
    html = as_alice.get("/drawings/").content.decode()
    assert "empty-state" in html
    assert '<a class="button primary" href="/">' in html


def test_newest_come_first_with_what_the_model_and_the_person_said(as_alice: Client, four: dict[str, Drawing]) -> None:
    page = as_alice.get("/drawings/")
    assert [card.drawing for card in page.context["cards"]] == [four[name] for name in "?017"]
    html = page.content.decode()
    assert page.context["count"] == 4
    assert [card.label and card.label.slug for card in page.context["cards"]] == [None, None, "7", "7"]
    assert [card.agrees for card in page.context["cards"]] == [False, False, False, True]
    assert 'data-model-answer="7" data-version="1"' in html
    assert html.count('<span class="badge amber">Not sure</span>') == 1
    assert html.count('<svg class="thumb"') == 4


def test_nobody_sees_or_touches_what_another_drew(as_bob: Client, four: dict[str, Drawing]) -> None:
    assert _shown(as_bob) == set()
    one = four["1"]
    assert as_bob.get(f"/drawings/{one.uuid}/delete/").status_code == 404
    assert as_bob.post(f"/drawings/{one.uuid}/delete/").status_code == 404
    assert as_bob.post(f"/drawings/{one.uuid}/correction/", {"label": "1"}).status_code == 404
    assert Drawing.objects.count() == 4


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?state=agreed", "7"),
        ("?state=corrected", "1"),
        ("?state=unanswered", "0?"),
        ("?state=unsure", "?"),
        ("?label=7", "71"),
        ("?label=0", "0"),
        ("?label=7&state=corrected", "1"),
        ("?label=1", ""),
        ("?label=nonsense&state=nonsense&recognizer=nonsense&page=nonsense", "710?"),
        ("?recognizer=digits", "710?"),
        ("?page=99", "710?"),
    ],
)
def test_filters_narrow_down(as_alice: Client, four: dict[str, Drawing], query: str, names: str) -> None:
    assert _shown(as_alice, query) == {str(four[name].uuid) for name in names}


def test_an_answer_that_was_taken_back_counts_as_none(as_alice: Client, four: dict[str, Drawing]) -> None:
    corrections.take_back(drawing=four["7"])
    assert _shown(as_alice, "?state=agreed") == set()
    assert str(four["7"].uuid) in _shown(as_alice, "?state=unanswered")


def test_a_drawing_that_is_none_of_these_has_a_filter_of_its_own(as_alice: Client, four: dict[str, Drawing]) -> None:
    one = four["7"]
    answer = as_alice.post(f"/drawings/{one.uuid}/correction/", {"label": "none of these"})
    assert answer.status_code == 302
    assert _shown(as_alice, "?state=none") == {str(one.uuid)}
    assert str(one.uuid) not in _shown(as_alice, "?state=unanswered") | _shown(as_alice, "?label=7")
    assert str(one.uuid) not in _shown(as_alice, "?state=agreed") | _shown(as_alice, "?state=corrected")


def test_nothing_found_is_said_and_led_out_of(as_alice: Client, four: dict[str, Drawing]) -> None:
    html = as_alice.get("/drawings/?label=9").content.decode()
    assert "empty-state" in html
    assert 'href="/drawings/"' in html


def test_filters_keep_each_other_and_pages_keep_the_filters(as_alice: Client, alice: User, digits: Recognizer) -> None:
    for _ in range(25):
        keep(alice, SEVEN)
    page = as_alice.get("/drawings/?state=unanswered&label=7")
    assert len(page.context["cards"]) == 24
    html = page.content.decode()
    assert 'href="?label=7&amp;state=unanswered&amp;page=2"' in html
    assert 'href="?label=7&amp;state=agreed"' in html
    assert len(as_alice.get("/drawings/?state=unanswered&label=7&page=2").context["cards"]) == 1


def test_recognizers_are_a_choice_where_there_are_several(as_alice: Client, four: dict[str, Drawing]) -> None:
    sketches = Recognizer.objects.create(slug="sketches", name="Sketches", position=1)
    Label.objects.create(recognizer=sketches, slug="eye", name="eye", position=0)
    assert 'href="?recognizer=sketches"' in as_alice.get("/drawings/").content.decode()
    assert _shown(as_alice, "?recognizer=sketches") == set()
    assert len(_shown(as_alice, "?recognizer=digits&state=unsure")) == 1


def test_the_number_of_queries_does_not_grow(
    as_alice: Client,
    alice: User,
    four: dict[str, Drawing],
    django_assert_num_queries: Any,
    django_assert_max_num_queries: Any,
) -> None:
    keep(alice, SEVEN)  # memory has its say
    as_alice.get("/drawings/")  # shapes of labels are looked up now and then
    with django_assert_max_num_queries(QUERIES) as with_five:
        as_alice.get("/drawings/")
    for _ in range(12):
        corrections.correct(drawing=keep(alice, SEVEN), label="7")
    with django_assert_num_queries(len(with_five)):
        as_alice.get("/drawings/")


# session (none where it is in Redis), user, recognizers, how many labels they have, the labels, count,
# drawings, predictions, what memory went by, corrections, reviews, what taught
QUERIES = 12


def test_correcting_works_without_scripts(as_alice: Client, four: dict[str, Drawing]) -> None:
    url = f"/drawings/{four['0'].uuid}/correction/"
    response = as_alice.post(url, {"label": "0", "next": "/drawings/?page=1"})
    assert response["Location"] == f"/drawings/?page=1#d-{four['0'].uuid}"
    assert _shown(as_alice, "?state=agreed") == {str(four[name].uuid) for name in "70"}
    as_alice.post(url, {"label": ""})
    assert _shown(as_alice, "?state=agreed") == {str(four["7"].uuid)}


def test_a_symbol_that_does_not_exist_is_refused(as_alice: Client, four: dict[str, Drawing]) -> None:
    assert as_alice.post(f"/drawings/{four['0'].uuid}/correction/", {"label": "x"}).status_code == 400


def test_deleting_asks_first_and_then_really_deletes(as_alice: Client, four: dict[str, Drawing]) -> None:
    url = f"/drawings/{four['7'].uuid}/delete/"
    assert '<button class="button danger">' in as_alice.get(url).content.decode()
    assert Drawing.objects.count() == 4
    response = as_alice.post(url, {"next": "/drawings/?state=agreed"})
    assert response["Location"] == "/drawings/?state=agreed"
    assert not Drawing.objects.filter(pk=four["7"].pk).exists()


@pytest.fixture
def at_home(alice: User) -> Client:
    """alice's browser, whose forms need a CSRF token."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    client.get("/drawings/")
    return client


def _delete(client: Client, drawings: list[Drawing], **fields: str) -> Any:
    token = client.cookies["csrftoken"].value
    chosen = [str(each.uuid) for each in drawings]
    return client.post("/drawings/delete/", {"drawing": chosen, "csrfmiddlewaretoken": token} | fields)


def test_many_are_deleted_after_one_question(at_home: Client, four: dict[str, Drawing]) -> None:
    chosen = [four["7"], four["?"]]
    query = "&".join(f"drawing={each.uuid}" for each in chosen)
    asked = at_home.get(f"/drawings/delete/?{query}&next=/drawings/?state=agreed")
    assert {card.drawing for card in asked.context["cards"]} == set(chosen)
    assert Drawing.objects.count() == 4
    response = _delete(at_home, chosen, next="/drawings/?state=agreed")
    assert response["Location"] == "/drawings/?state=agreed"
    assert set(Drawing.objects.all()) == {four["1"], four["0"]}
    assert message_codes(at_home.get("/drawings/")) == ["deleted-2"]
    assert not Remembered.objects.filter(drawing=four["7"]).exists()


def test_many_need_a_token_and_somebody_signed_in(at_home: Client, four: dict[str, Drawing], client: Client) -> None:
    chosen = {"drawing": str(four["7"].uuid)}
    assert at_home.post("/drawings/delete/", chosen).status_code == 403
    assert client.post("/drawings/delete/", chosen)["Location"].startswith("/accounts/login/")
    assert Drawing.objects.count() == 4


def test_nobody_deletes_many_of_another(at_home: Client, four: dict[str, Drawing], bob: User) -> None:
    his = keep(bob, SEVEN)
    query = f"?drawing={his.uuid}&drawing=nonsense"
    assert at_home.get(f"/drawings/delete/{query}")["Location"] == "/drawings/"
    _delete(at_home, [his, four["7"]])
    assert set(Drawing.objects.all()) == {his, four["1"], four["0"], four["?"]}


def test_one_request_deletes_so_many_only(at_home: Client, four: dict[str, Drawing]) -> None:
    token = at_home.cookies["csrftoken"].value
    chosen = [str(four["7"].uuid), *(str(uuid.uuid4()) for _ in range(100))]
    assert at_home.post("/drawings/delete/", {"drawing": chosen, "csrfmiddlewaretoken": token}).status_code == 400
    assert Drawing.objects.count() == 4


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:alert(1)", "drawings", ""])
def test_one_is_never_sent_elsewhere(as_alice: Client, four: dict[str, Drawing], elsewhere: str) -> None:
    response = as_alice.post(f"/drawings/{four['7'].uuid}/delete/", {"next": elsewhere})
    assert response["Location"] == "/drawings/"


def test_forms_without_a_token_are_refused_with_words(four: dict[str, Drawing], alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    response = client.post(f"/drawings/{four['7'].uuid}/delete/")
    assert response.status_code == 403
    assert "403_csrf.html" in [template.name for template in response.templates]


def test_the_page_is_not_kept_by_browsers_that_others_use(as_alice: Client) -> None:
    assert "no-store" in as_alice.get("/drawings/")["Cache-Control"]


@pytest.mark.parametrize(("language", "words"), [("en", "answered in your browser"), ("bn", "আপনার ব্রাউজারে")])
def test_an_answer_of_the_copy_in_the_browser_is_marked(
    as_alice: Client, alice: User, digits: Recognizer, language: str, words: str
) -> None:
    store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SEVEN), on_device=1)
    as_alice.cookies["django_language"] = language
    page = as_alice.get("/drawings/").content.decode()
    assert page.count("data-on-device") == 1
    assert words in page
    keep(alice, ONE)
    assert as_alice.get("/drawings/").content.decode().count("data-on-device") == 1
