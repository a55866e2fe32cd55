"""inkling_client against the real site: each method, and each way to be refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import User
from inkling_client import (
    ApiError,
    BadRequestError,
    Client,
    ConflictError,
    ForbiddenError,
    NoAnswerError,
    NotFoundError,
    Prediction,
    Retries,
    ServerError,
    ThrottledError,
    UnauthorizedError,
    ink,
)
from ml.bundles.bundle import Bundle
from recognizer.models import Correction, Drawing, Recognizer
from recognizer.registry import promotions
from tests.ink import ONE, SCRIBBLE, SEVEN, ZERO

pytestmark = pytest.mark.django_db(transaction=True)


def test_ink_is_recognised(client_of_alice: Client) -> None:
    answer = client_of_alice.predict(SEVEN, recognizer="digits")
    assert (answer.label, answer.best.glyph, answer.unsure) == ("7", "7", False)
    assert (answer.recognizer, answer.model_version, answer.id, answer.personal) == ("digits", 1, None, False)
    assert len(answer.guesses) == 10
    assert 0.9 < answer.best.probability <= 1


def test_pictures_are_recognised_as_bytes_and_by_their_path(
    client_of_alice: Client, picture: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "seven.png"
    path.write_bytes(picture)
    for drawn in (picture, path, str(path)):
        assert client_of_alice.predict(drawn, recognizer="digits", top_k=2).label == "7"


def test_a_path_of_ink_is_read(client_of_alice: Client, tmp_path: Path) -> None:
    path = tmp_path / "seven.json"
    path.write_text('{"ink": [[[20, 80, 45], [20, 20, 100]]]}')
    assert client_of_alice.predict(path, recognizer="digits").label == "7"


def test_an_answer_may_be_shorter_stricter_and_say_more(client_of_alice: Client, picture: bytes) -> None:
    for drawn in (SEVEN, picture):
        answer = client_of_alice.predict(drawn, recognizer="digits", top_k=1, as_of=1, include=["embedding", "raster"])
        assert len(answer.guesses) == 1
        assert answer.embedding
        assert answer.raster
        assert answer.raster.startswith(b"\x89PNG")
    assert client_of_alice.predict(SCRIBBLE, recognizer="digits").unsure
    assert not client_of_alice.predict(SCRIBBLE, recognizer="digits", threshold=0.0).unsure


def test_another_recognizer_that_is_far_surer_is_named(client_of_alice: Client, bangla_digits: Recognizer) -> None:
    answer = client_of_alice.predict(SEVEN, recognizer="digits", elsewhere=True)
    assert answer.elsewhere is None, "a strong answer asks nobody else"


def test_a_batch_is_answered_in_its_order_and_one_bad_item_does_not_spoil_the_rest(
    client_of_alice: Client, picture: bytes
) -> None:
    found = client_of_alice.predict_batch([SEVEN, [], picture, ZERO], recognizer="digits", top_k=1)
    labels = [each.label if isinstance(each, Prediction) else each.code for each in found]
    assert labels == ["7", "empty_ink", "7", "0"]
    assert isinstance(found[1], BadRequestError)
    assert isinstance(found[0], Prediction)
    assert (found[0].recognizer, found[0].model_version) == ("digits", 1)


def test_a_batch_of_more_than_256_is_sent_in_parts(client_of_alice: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 1000
    found = client_of_alice.predict_batch((SEVEN if i % 2 else ONE for i in range(300)), recognizer="digits", top_k=1)
    assert [each.label if isinstance(each, Prediction) else each for each in found] == ["1", "7"] * 150


def test_a_batch_of_large_pictures_is_sent_in_parts_and_one_too_large_is_told(
    client_of_alice: Client, picture: bytes
) -> None:
    small = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert small is not None
    heavy, heavier = (  # as BMP, which packs nothing: 1.9 and 4.7 MB
        cv2.imencode(".bmp", cv2.resize(small, size))[1].tobytes() for size in ((1250, 1500), (1950, 2400))
    )
    found = client_of_alice.predict_batch([heavy, heavy, heavier, picture], recognizer="digits", top_k=1)
    said = [each.label if isinstance(each, Prediction) else each.status for each in found]
    assert said == ["7", "7", 413, "7"]


def test_more_pictures_than_pass_in_a_minute_are_answered_a_minute_later(
    connect: Callable[..., Client], picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000_010.0]
    monkeypatch.setattr("recognizer.api.throttling.time", SimpleNamespace(time=lambda: now[0]))
    waits = SimpleNamespace(sleep=lambda seconds: now.append(now.pop() + seconds))
    monkeypatch.setattr("inkling_client.client.time", waits)
    found = connect(retries=Retries()).predict_batch([picture] * 61, recognizer="digits", top_k=1)
    assert [each.label for each in found if isinstance(each, Prediction)] == ["7"] * 61


def test_what_is_kept_may_be_said_to_be_something(client_of_alice: Client) -> None:
    kept = client_of_alice.predict(SEVEN, recognizer="digits", keep=True)
    assert kept.id
    assert client_of_alice.feedback(kept.id, correct=True).correction.agrees
    said = client_of_alice.feedback(kept.id, label="1")
    assert (said.prediction, said.correction.label, said.correction.agrees) == (kept.id, "1", False)
    assert Correction.objects.current().get().label.slug == "1"  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="correct=True"):
        client_of_alice.feedback(kept.id)


def test_a_drawing_is_kept_found_corrected_and_deleted(client_of_alice: Client) -> None:
    mine = uuid4()
    kept = client_of_alice.keep(SEVEN, recognizer="digits", id=mine)
    assert (kept.id, kept.recognizer, kept.ink) == (mine, "digits", SEVEN)
    assert kept.prediction
    assert (kept.prediction.label, kept.prediction.recognizer, kept.correction) == ("7", "digits", None)
    assert client_of_alice.correct(mine, "7").agrees
    found = client_of_alice.drawing(mine)
    assert found.correction
    assert (found.correction.label, found.created) == ("7", kept.created)
    none = client_of_alice.mark_none_of_these(mine)
    assert (none.label, none.none_of_these) == (None, True)
    assert client_of_alice.correct(mine, "1", origin="round").origin == "round"
    assert Correction.objects.current().get().origin == "round"
    client_of_alice.take_back(mine)
    assert client_of_alice.drawing(str(mine)).correction is None
    client_of_alice.delete(mine)
    with pytest.raises(NotFoundError):
        client_of_alice.drawing(mine)
    assert not Drawing.objects.exists()


def test_a_picture_is_kept_and_comes_back(client_of_alice: Client, picture: bytes) -> None:
    kept = client_of_alice.keep(picture, recognizer="digits")
    assert kept.ink is None
    assert client_of_alice.image(kept.id).startswith(b"\x89PNG")


def test_drawings_come_page_after_page(client_of_alice: Client, alice: User, settings: Any) -> None:
    kept = [client_of_alice.keep(SEVEN, recognizer="digits").id for _ in range(3)]
    drawn = Drawing.objects.get(uuid=kept[0])
    more = [Drawing(author=alice, recognizer=drawn.recognizer, ink=drawn.ink) for _ in range(120)]
    Drawing.objects.bulk_create(more)
    found = [each.id for each in client_of_alice.drawings()]
    assert len(found) == len(set(found)) == 123
    assert found[-1] == kept[0]


def test_drawings_may_be_filtered(client_of_alice: Client) -> None:
    seven, one = (client_of_alice.keep(drawn, recognizer="digits").id for drawn in (SEVEN, ONE))
    client_of_alice.correct(seven, "7")
    now = timezone.now()
    filters: list[tuple[dict[str, Any], list[Any]]] = [
        ({"corrected": True}, [seven]),
        ({"corrected": False}, [one]),
        ({"label": "1"}, [one]),
        ({"recognizer": "digits", "since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}, [one, seven]),
        ({"since": now + timedelta(hours=1)}, []),
        ({"since": now.date(), "until": now.date() + timedelta(days=1)}, [one, seven]),
    ]
    for asked, expected in filters:
        assert [each.id for each in client_of_alice.drawings(**asked)] == expected


def test_recognizers_are_listed_also_without_a_key(connect: Callable[..., Client]) -> None:
    (digits,) = connect(key=None).recognizers()
    assert (digits.slug, digits.name, digits.model_version) == ("digits", "Digits", 1)
    assert [label.slug for label in digits.labels] == list("0123456789")


def test_versions_come_with_what_was_measured(client_of_alice: Client, digits: Recognizer, starter: Bundle) -> None:
    promotions.register(recognizer=digits, bundle=starter)
    second, first = client_of_alice.versions("digits")
    assert (second.number, second.active, second.first_answered) == (2, False, None)
    assert (first.number, first.active, first.outcome, first.verdict) == (1, True, None, [])
    assert first.first_answered
    assert first.metrics
    assert 0 < first.unsure_below < 1
    with pytest.raises(NotFoundError):
        list(client_of_alice.versions("no-such"))


def test_the_model_is_downloaded_once(client_of_alice: Client) -> None:
    model = client_of_alice.download_model("digits")
    assert model
    (version,) = client_of_alice.versions("digits")
    assert hashlib.sha256(model.content).hexdigest() == version.sha256
    assert (model.version, len(model.content)) == (1, version.bytes)
    assert client_of_alice.download_model("digits", etag=model.etag) is None
    assert client_of_alice.download_model("digits", version=1, etag=model.etag) is None
    assert client_of_alice.download_model("digits", etag='"another"') == model
    with pytest.raises(NotFoundError):
        client_of_alice.download_model("digits", version=7)


def test_usage_counts_what_the_key_did(client_of_alice: Client) -> None:
    client_of_alice.predict_batch([SEVEN, ONE, ZERO], recognizer="digits")
    (today,) = client_of_alice.usage()
    assert (today.name, today.calls) == ("client", 4), "each drawing of the batch, and the question"
    assert today.day == timezone.now().date()


def test_an_error_tells_code_detail_field_and_what_was_asked(client_of_alice: Client) -> None:
    with pytest.raises(NotFoundError) as found:
        client_of_alice.predict(SEVEN, recognizer="no-such")
    error = found.value
    assert (error.status, error.code, error.field) == (404, "unknown_recognizer", "recognizer")
    assert error.detail == str(error)
    assert error.request
    assert error.request.url.path == "/api/v1/predict"
    assert len(error.request_id) == 32


def test_an_unexpected_error_of_the_site_names_its_request(
    client_of_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognizer.drawings.predict.recognise", lambda **_: 1 / 0)
    with pytest.raises(ServerError) as found:
        client_of_alice.predict(SEVEN, recognizer="digits")
    assert (found.value.code, len(found.value.request_id)) == ("internal_error", 32)


def test_an_item_of_a_batch_that_fails_is_an_error_of_the_server(
    client_of_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognizer.api.views.predict.model_answer_json", lambda _: 1 / 0)
    found, refused = client_of_alice.predict_batch([SEVEN, []], recognizer="digits")
    assert isinstance(found, ServerError)
    assert isinstance(refused, BadRequestError)
    assert found.request_id == refused.request_id


def test_each_status_has_a_class(
    client_of_alice: Client, connect: Callable[..., Client], alice: User, bob: User
) -> None:
    with pytest.raises(BadRequestError):
        client_of_alice.predict([], recognizer="digits")
    with pytest.raises(UnauthorizedError):
        connect(key="no key").drawing(uuid4())
    narrow = keys.create_key(person=alice, name="narrow", scopes=["predict"])[1]
    with pytest.raises(ForbiddenError) as refused:
        connect(key=narrow).keep(SEVEN, recognizer="digits")
    assert refused.value.code == "scope_missing"
    of_bob = keys.create_key(person=bob, name="drawings", scopes=["drawings"])[1]
    kept = connect(key=of_bob).keep(SEVEN, recognizer="digits").id
    with pytest.raises(ConflictError) as conflict:
        client_of_alice.keep(ONE, recognizer="digits", id=kept)
    assert conflict.value.code == "id_taken"


def test_a_limit_is_told_with_the_time_to_wait(client_of_alice: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 1
    with pytest.raises(ThrottledError) as found:
        client_of_alice.predict_batch([SEVEN, ONE], recognizer="digits")
    assert found.value.retry_after
    assert 0 < found.value.retry_after <= 60


def test_where_nobody_answers_it_says_who_was_asked(connect: Callable[..., Client]) -> None:
    with pytest.raises(NoAnswerError, match=r"No answer from http://127\.0\.0\.1:9"):
        connect(url="http://127.0.0.1:9").recognizers()


def test_an_address_that_is_none_is_refused_at_once(connect: Callable[..., Client]) -> None:
    for url in ("ink.example.org", "https://", "http://[::1", "http://\u2603.example"):
        with pytest.raises(ValueError, match="https://"):
            connect(url=url)


def test_a_key_is_read_from_a_line_and_never_stands_in_an_error(connect: Callable[..., Client], key: str) -> None:
    assert connect(key=f"{key}\n").predict(SEVEN, recognizer="digits").label == "7"
    for wrong in (f"{key}\r\nX: y", f"{key}\u00e9"):
        with pytest.raises(ValueError, match="key") as found:
            connect(key=wrong)
        assert key not in str(found.value)


def test_a_file_that_is_not_there_is_told_as_ever(client_of_alice: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client_of_alice.predict(tmp_path / "nothing.png", recognizer="digits")


def test_ink_is_made_of_points_and_of_quick_draw(client_of_alice: Client, tmp_path: Path) -> None:
    drawn = ink.from_points([[(20, 20), (80, 20), (45, 100)]])
    assert client_of_alice.predict(drawn, recognizer="digits").label == "7"
    assert ink.from_points([[(1, 2, 0), (3, 4, 16)]]) == [[[1, 3], [2, 4], [0, 16]]]
    lines = tmp_path / "sevens.ndjson"
    lines.write_text('{"word": "7", "drawing": [[[20, 80, 45], [20, 20, 100], [0, 9, 20]]]}\n\n')
    assert [client_of_alice.predict(each, recognizer="digits").label for each in ink.read_quickdraw(lines)] == ["7"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ink.from_points([[(1, 2), (3, 4, 5)]]),
        lambda: ink.from_quickdraw('{"word": "7"}'),
        lambda: ink.from_quickdraw("not json"),
        lambda: ink.read('{"word": "7"}'),
    ],
)
def test_anything_but_ink_raises_value_error(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        make()


def test_errors_have_one_root(client_of_alice: Client) -> None:
    with pytest.raises(ApiError) as found:
        client_of_alice.drawing(uuid4())
    assert found.value.code == "not_found"


def test_labels_and_guesses_have_codes(client_of_alice: Client, maths: Recognizer) -> None:
    labels = {label.slug: label for label in client_of_alice.labels("maths")}
    assert labels["pm"].names == ["plus or minus sign"]
    arrow = labels["curvearrowright"].codes
    assert [(each.code, each.package, each.mode) for each in arrow.latex] == [("\\curvearrowright", "amssymb", "math")]
    assert (arrow.typst, arrow.unicode[0].code_point, arrow.html) == (["curved.arrow.right"], "U+21B7", ["&#x21B7;"])
    answer = client_of_alice.predict(SEVEN, recognizer="maths", include=["codes"])
    assert answer.best.codes == arrow
    assert client_of_alice.predict(SEVEN, recognizer="maths").best.codes.latex == []
