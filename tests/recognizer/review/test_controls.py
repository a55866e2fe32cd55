"""Controls: known answers among what waits, which nobody can tell from the rest."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from recognizer import training
from recognizer.drawings import corrections
from recognizer.models import Claim, Control, Correction, Opinion, QueueEntry, Recognizer, Review
from recognizer.review import bulk, controls, decisions, queue
from recognizer.review.queue import QueueFilter
from tests.ink import ONE, SEVEN
from tests.pages.conftest import message_codes, named
from tests.people import allow
from tests.recognizer.training import community

ROOM = "/review/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def manager(db: None) -> User:
    """Somebody who decides and marks controls."""
    return allow(community.reviewer("manager"), "mark_controls")


@pytest.fixture
def as_manager(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def always(recognizer: Recognizer, share: float = 1.0) -> None:
    policy = training.policy_of(recognizer)
    policy.control_share = share
    policy.save()


@pytest.fixture
def control(digits: Recognizer, bob: User, manager: User) -> Control:
    """A one that bob called a seven; and every drawing that anybody is shown is to be a control."""
    always(digits)
    review = community.decided(named(bob, ONE, "7"), manager, label="1")
    return controls.mark_control(review=review, by=manager)


def shown(client: Client, query: str = "") -> Correction | None:
    card = client.get(ROOM + query).context["card"]
    return card.correction if card else None


def say(client: Client, correction: Correction, **said: str) -> Any:
    return client.post(f"{ROOM}{correction.pk}/", said, headers=JSON)


def plain(html: str) -> str:
    """A page without what differs from request to request, and from drawing to drawing."""
    html = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)
    html = re.sub(r"(version \d+), [^·<]+", r"\1 ", html)  # how long ago
    return re.sub(r'data-card="\d+"|/review/\d+/|(?<=data-waiting)[^<]+', "", html)


def test_a_control_comes_among_the_others_and_its_answer_decides_nothing(
    as_rita: Client, rita: User, control: Control, alice: User
) -> None:
    waits = named(alice, SEVEN, "7")
    before = list(Review.objects.values())
    assert shown(as_rita) == control.correction
    assert say(as_rita, control.correction, accept="yes").status_code == 200
    assert list(Review.objects.values()) == before
    answer = Opinion.objects.get(by=rita)
    assert (answer.control, answer.label and answer.label.slug, answer.shared) == (control, "7", True)
    assert shown(as_rita) == waits  # at most once to each reviewer


def test_it_looks_exactly_like_a_drawing_that_waits(
    as_rita: Client, digits: Recognizer, alice: User, manager: User
) -> None:
    said = named(alice, ONE, "7")
    alone = as_rita.get(ROOM).content.decode()
    asked = as_rita.post(f"{ROOM}next/", headers=JSON).json()["cards"]
    grid = as_rita.get(f"{ROOM}grid/?recognizer=digits&said=7").content.decode()
    Claim.objects.all().delete()
    controls.mark_control(review=community.decided(said, manager), by=manager)
    always(digits)
    other = corrections.correct(drawing=named(alice, ONE, "1").drawing, label="7")  # makes way for it
    assert shown(as_rita) == said
    assert plain(as_rita.get(ROOM).content.decode()) == plain(alone)
    (card,) = [each for each in as_rita.post(f"{ROOM}next/", headers=JSON).json()["cards"] if each["id"] == said.pk]
    assert plain(card["html"]) == plain(asked[0]["html"])
    many = as_rita.get(f"{ROOM}grid/?recognizer=digits&said=7").content.decode()
    assert plain(many).replace(str(said.pk), "") == plain(grid).replace(str(said.pk), "")
    assert shown(as_rita, f"?correction={said.pk}") == said
    assert "data-control" not in as_rita.get(f"{ROOM}?correction={said.pk}").content.decode()
    assert not Opinion.objects.filter(correction=other).exists()


def test_taking_an_answer_back_is_like_taking_any_decision_back(as_rita: Client, control: Control, alice: User) -> None:
    named(alice, SEVEN, "7")
    mine = say(as_rita, control.correction, accept="yes").json()["opinion"]
    page = as_rita.get(ROOM)
    assert [opinion.pk for opinion, _drawing in page.context["last_decisions"]] == [mine]
    card = as_rita.post(f"{ROOM}undo/", {"opinion": mine}, headers=JSON).json()["card"]
    assert card["id"] == control.correction_id
    assert shown(as_rita, f"?correction={control.correction_id}") == control.correction
    assert "review-card decided" not in card["html"]
    assert say(as_rita, control.correction, label="1").status_code == 200
    assert Opinion.objects.current().filter(control=control).count() == 1
    assert decisions.current(control.correction) is not None


def test_rounds_answer_controls_too(as_rita: Client, rita: User, control: Control, alice: User) -> None:
    waits = [named(alice, SEVEN, "7") for _ in range(2)]
    address = f"{ROOM}grid/?recognizer=digits&said=7"
    found = [card.correction.pk for card in as_rita.get(address).context["cards"]]
    assert control.correction_id in found
    page = as_rita.post(f"{ROOM}grid/", {"shown": found, "fate": "look"}, follow=True)
    assert message_codes(page) == [f"saved-{len(found)}"]
    assert Opinion.objects.get(control=control).by == rita
    assert Review.objects.filter(correction__in=waits).count() == 1
    as_rita.post(f"{ROOM}grid/undo/")
    assert not Opinion.objects.current().filter(by=rita).exists()
    assert decisions.current(control.correction) is not None
    assert QueueEntry.objects.waiting().count() == 2


def test_skipping_a_control_leaves_it_for_later(as_rita: Client, control: Control, alice: User) -> None:
    waits = named(alice, SEVEN, "7")
    say(as_rita, control.correction, skip="yes")
    assert shown(as_rita) == waits
    as_rita.post(f"{ROOM}again/")
    assert shown(as_rita) == control.correction


def test_its_author_who_decided_it_and_who_marks_controls_are_not_shown_it(
    digits: Recognizer, control: Control, alice: User, bob: User, manager: User, settings: Any
) -> None:
    settings.SELF_REVIEW = False
    named(alice, SEVEN, "7")
    bob = allow(bob, "review_drawings")
    rosa = community.reviewer("rosa")
    decided = controls.mark_control(review=community.decided(named(alice, ONE, "7"), rosa, label="1"), by=manager)
    assert control.correction not in controls.available_controls(reviewer=bob, own=False, wanted=QueueFilter())
    assert decided.correction not in controls.available_controls(reviewer=rosa, own=False, wanted=QueueFilter())
    Claim.objects.all().delete()
    (found,) = decisions.claim_next(reviewer=manager, count=1)
    assert not controls.control_of(found.pk)


def test_what_was_decided_before_there_were_opinions_is_not_shown_to_who_decided_it(
    digits: Recognizer, alice: User, manager: User
) -> None:
    rosa = community.reviewer("rosa")
    review = community.decided(named(alice, ONE, "7"), rosa, label="1")
    Opinion.objects.all().delete()
    controls.mark_control(review=review, by=manager)
    assert not controls.available_controls(reviewer=rosa, own=False, wanted=QueueFilter()).exists()


def test_controls_come_as_they_are_wanted(control: Control, digits: Recognizer, rita: User) -> None:
    seven, one = digits.labels.get(slug="7"), digits.labels.get(slug="1")

    def waiting(**wanted: Any) -> int:
        return controls.available_controls(reviewer=rita, own=False, wanted=QueueFilter(**wanted)).count()

    assert (waiting(), waiting(label=seven), waiting(label=one)) == (1, 1, 0)  # by the author's word
    assert waiting(recognizer=Recognizer.objects.create(slug="others", name="Others")) == 0


def test_about_as_many_are_mixed_in_as_the_policy_says(digits: Recognizer, alice: User, manager: User) -> None:
    always(digits, 0.2)
    known = community.scatter(digits, alice, 120)
    for review in Review.objects.filter(correction__drawing__in=known).select_related("correction__drawing"):
        controls.mark_control(review=review, by=manager)
    queue.create_entries(Correction.objects.filter(drawing__in=known))
    community.wait(alice, 200)
    rosa = community.reviewer("rosa")
    shown_so_far: Counter[bool] = Counter()
    for _ in range(40):
        held = decisions.claim_next(reviewer=rosa, count=5)
        made = bulk.accept(corrections=[each.pk for each in held], reviewer=rosa)
        shown_so_far.update(opinion.control_id is None for opinion in Opinion.objects.filter(pk__in=made))
    assert sum(shown_so_far.values()) == 200
    assert 20 <= shown_so_far[False] <= 60


def test_a_page_that_is_loaded_again_shows_the_same(as_rita: Client, control: Control, alice: User) -> None:
    for _ in range(3):
        named(alice, SEVEN, "7")
    always(control.correction.drawing.recognizer, 0.5)
    assert len({shown(as_rita) for _ in range(5)}) == 1


def test_without_the_policy_none_comes(as_rita: Client, control: Control, alice: User) -> None:
    always(control.correction.drawing.recognizer, 0)
    waits = named(alice, SEVEN, "7")
    assert shown(as_rita) == waits


# --- Marking ---


def test_a_decided_drawing_is_marked_on_its_page_and_the_mark_taken_off(
    as_manager: Client, manager: User, digits: Recognizer, alice: User
) -> None:
    review = community.decided(named(alice, ONE, "7"), manager, label="1")
    address = f"{ROOM}?correction={review.correction_id}"
    assert 'data-control=""' in as_manager.get(address).content.decode()
    page = as_manager.post(f"{ROOM}control/", {"review": review.pk}, follow=True)
    assert message_codes(page) == ["control-marked"]
    assert 'data-control="1"' in page.content.decode()
    found = Control.objects.get()
    assert (found.label and found.label.slug, found.by) == ("1", manager)
    page = as_manager.post(f"{ROOM}control/", {"control": found.pk}, follow=True)
    assert message_codes(page) == ["control-ended"]
    assert not Control.objects.current().exists()
    entries = AuditEntry.objects.filter(what__startswith="control.").order_by("pk")
    subject = f"drawing {review.correction.drawing.uuid}"
    assert [(each.what, each.subject, each.by) for each in entries] == [
        ("control.marked", subject, manager),
        ("control.ended", subject, manager),
    ]
    assert entries[1].undoes == entries[0]


def test_reviewers_neither_mark_nor_see_marks(as_rita: Client, control: Control, alice: User, manager: User) -> None:
    review = community.decided(named(alice, SEVEN, "7"), manager)
    html = as_rita.get(f"{ROOM}?correction={review.correction_id}").content.decode()
    assert "data-control" not in html
    assert "/review/control/" not in html
    assert as_rita.post(f"{ROOM}control/", {"review": review.pk}).status_code == 403
    assert as_rita.post(f"{ROOM}control/", {"control": control.pk}).status_code == 403
    assert Control.objects.get() == control


@pytest.mark.parametrize("sent", [{}, {"review": "x"}, {"control": "99999"}, {"review": "99999"}])
def test_what_is_not_there_cannot_be_marked(as_manager: Client, digits: Recognizer, sent: dict[str, str]) -> None:
    assert as_manager.post(f"{ROOM}control/", sent).status_code == 404


def test_what_nobody_looked_at_or_was_taken_back_is_no_control(
    as_manager: Client, manager: User, digits: Recognizer, alice: User
) -> None:
    named(alice, SEVEN, "7")
    decisions.accept_unseen(recognizer=digits)
    unseen = Review.objects.get()
    gone = community.decided(named(alice, ONE, "1"), manager)
    undone = decisions.undo(review=gone, reviewer=manager)
    for review in (unseen, gone, undone):
        with pytest.raises(controls.NoControlError):
            controls.mark_control(review=review, by=manager)
        page = as_manager.post(f"{ROOM}control/", {"review": review.pk}, follow=True)
        assert message_codes(page) == ["no-control"]


def test_marking_twice_is_marking_once(control: Control, manager: User) -> None:
    review = decisions.current(control.correction)
    assert review
    assert controls.mark_control(review=review, by=manager) == control


def test_a_decision_that_is_taken_back_takes_the_mark_along(
    as_rita: Client, rita: User, control: Control, alice: User, manager: User
) -> None:
    named(alice, SEVEN, "7")
    say(as_rita, control.correction, accept="yes")
    decisions.take_back(opinion=Opinion.objects.get(by=manager), reviewer=manager)
    assert not Control.objects.current().exists()
    assert not Opinion.objects.current().filter(control=control).exists()
    Claim.objects.all().delete()
    assert shown(as_rita, f"?correction={control.correction_id}") == control.correction  # it waits like any other


def test_what_was_marked_meanwhile_is_answered_by_who_was_shown_it_before(
    as_rita: Client, digits: Recognizer, alice: User, manager: User
) -> None:
    said = named(alice, SEVEN, "7")
    assert shown(as_rita) == said
    Claim.objects.all().delete()
    controls.mark_control(review=community.decided(said, manager), by=manager)
    assert say(as_rita, said, accept="yes").status_code == 200
    assert Opinion.objects.get(by__email="rita@example.org").control


# --- In the admin ---


def test_reviews_are_marked_and_marks_taken_off_in_the_admin(
    admin_client: Client, digits: Recognizer, alice: User, manager: User
) -> None:
    decided = [community.decided(named(alice, SEVEN, "7"), manager) for _ in range(2)]
    decisions.undo(review=decided[1], reviewer=manager)
    chosen = {"action": "mark_as_control", "_selected_action": [each.pk for each in decided]}
    page = admin_client.post("/admin/recognizer/review/", chosen, follow=True).content.decode()
    assert 'class="warning"' in page
    control = Control.objects.get()
    page = admin_client.get("/admin/recognizer/control/").content.decode()
    assert str(control.correction.drawing.uuid) in page
    chosen = {"action": "end_controls", "_selected_action": [control.pk]}
    page = admin_client.post("/admin/recognizer/control/", chosen, follow=True).content.decode()
    assert 'class="info"' in page
    assert not Control.objects.current().exists()


@pytest.mark.parametrize("table", ["opinion", "control"])
def test_the_lists_of_the_admin_take_as_many_queries_for_many_as_for_few(
    admin_client: Client, digits: Recognizer, alice: User, manager: User, table: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            page = admin_client.get(f"/admin/recognizer/{table}/")
            assert page.status_code == 200
        assert not any('"image"' in query["sql"] for query in found)
        return len(found)

    def one_more() -> None:
        controls.mark_control(review=community.decided(named(alice, SEVEN, "7"), manager), by=manager)

    one_more()
    queries()
    before = queries()
    for _ in range(5):
        one_more()
    assert queries() == before
    for query in ("control=yes", "control=no", "ended=yes", "ended=no"):
        if (table == "opinion") == query.startswith("control"):
            assert admin_client.get(f"/admin/recognizer/{table}/?{query}").status_code == 200


def test_staff_who_do_not_choose_controls_cannot_mark_them_in_the_admin(
    as_rita: Client, rita: User, digits: Recognizer, alice: User, manager: User
) -> None:
    allow(rita, "view_review")
    review = community.decided(named(alice, SEVEN, "7"), manager)
    chosen = {"action": "mark_as_control", "_selected_action": [review.pk]}
    as_rita.post("/admin/recognizer/review/", chosen)
    assert not Control.objects.exists()
