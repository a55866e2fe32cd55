"""Bad input gets a clear 4xx of one shape, never a 500, and nothing is kept."""

import base64
import io
import json
import struct
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from recognizer.api.errors import ApiError
from recognizer.api.input import DrawingBody, LimitedJSONParser
from recognizer.models import Drawing
from tests.ink import SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
URLS = ["/api/v1/predict", "/api/v1/drawings"]


def post(client: Client, url: str, body: Any, content_type: str = "application/json") -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic("POST", url, raw, content_type)


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def png(width: int, height: int, colour: int = 255) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A header of a huge picture with next to nothing behind it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def test_a_body_in_chunks_is_asked_for_in_one_piece(client: Client, as_alice: Client) -> None:
    """As a server gives it to us: without a length, and so without what is in it."""
    chunks = {"transfer-encoding": "chunked"}
    for url in (*URLS, "/api/v1/predict/batch"):
        refused = as_alice.generic("POST", url, b"", "application/json", headers=chunks)
        assert (refused.status_code, refused.json()["code"]) == (411, "length_required")
    assert client.get("/api/v1/recognizers", headers=chunks).status_code == 200


BAD_INK: list[tuple[str, Any]] = [
    ("empty_ink", []),
    ("invalid_ink", "7"),
    ("invalid_ink", 7),
    ("invalid_ink", {"x": [1]}),
    ("invalid_ink", [[]]),
    ("invalid_ink", [[[1], [2], [3], [4]]]),
    ("invalid_ink", [[[1, 2], [1]]]),
    ("invalid_ink", [[[], []]]),
    ("invalid_ink", [[["1"], ["2"]]]),
    ("invalid_ink", [[[None], [1]]]),
    ("invalid_ink", [[[True], [1]]]),
    ("invalid_ink", [[[[1]], [[2]]]]),
    ("invalid_ink", [[[1e300], [1]]]),
    ("invalid_ink", [[[10**400], [1]]]),
    ("too_many_strokes", [[[1], [1]]] * 257),
    ("too_many_points", [[[1] * 20_001, [1] * 20_001]]),
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(("code", "ink"), BAD_INK)
def test_ink_of_another_form_is_refused(as_alice: Client, url: str, code: str, ink: Any) -> None:
    response = post(as_alice, url, {"recognizer": "digits", "ink": ink})
    assert response.status_code == 400
    assert response.json()["code"] == code
    assert response.json()["field"] == "ink"
    assert len(response.json()["detail"]) > 15
    assert not Drawing.objects.exists()


BAD_BODIES: list[tuple[int, str, bytes]] = [
    (400, "missing_field", b""),
    (400, "parse_error", b"{"),
    (400, "parse_error", b'{"recognizer": "digits", "ink": NaN}'),
    (400, "parse_error", b'{"recognizer": "digits", "ink": [[[Infinity], [1]]]}'),
    (400, "parse_error", b"[" * 100_000),
    (400, "parse_error", b'{"ink": ' + b"9" * 5_000 + b"}"),
    (400, "parse_error", b'\xff\xfe{"a": 1}'),
    (400, "invalid", b"[]"),
    (400, "invalid", b'"digits"'),
    (400, "invalid", b"null"),
    (400, "missing_field", b"{}"),
    (400, "missing_field", b'{"recognizer": "digits"}'),
    (400, "missing_field", b'{"recognizer": "digits", "ink": [[[1], [1]]], "image": "data:image/png;base64,AAAA"}'),
    (400, "missing_field", b'{"ink": [[[1], [1]]]}'),
    (400, "invalid", b'{"recognizer": ["digits"], "ink": [[[1], [1]]]}'),
    (400, "invalid", b'{"recognizer": "di\\u0000gits", "ink": [[[1], [1]]]}'),
    (400, "invalid", b'{"recognizer": "\\ud800", "ink": [[[1], [1]]]}'),
    (404, "unknown_recognizer", b'{"recognizer": "runes", "ink": [[[1], [1]]]}'),
    (413, "too_large", b'{"recognizer": "digits", "ink": "' + b"7" * 300_000 + b'"}'),
]


@pytest.mark.parametrize("field", DrawingBody.__struct_fields__)
@pytest.mark.parametrize("value", ["\ud800", "7\udfff", ["\ud800"], {"\ud800": 1}], ids=range(4))
def test_half_of_a_surrogate_pair_is_refused_in_every_field(as_alice: Client, field: str, value: object) -> None:
    body = {"recognizer": "digits", "ink": [[[1], [1]]], field: value}
    for url in URLS:
        answer = as_alice.post(url, json.dumps(body), "application/json")
        assert answer.status_code == 400, (url, answer.content)
        assert answer.json()["field"] in (field, "ink", "image", None)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(("status", "code", "body"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_body_of_another_form_is_refused(as_alice: Client, url: str, status: int, code: str, body: bytes) -> None:
    response = post(as_alice, url, body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert set(response.json()) == {"code", "detail", "field", "request_id"}


BAD_IMAGES: list[tuple[int, str, Any]] = [
    (400, "invalid_image", "not a data url"),
    (400, "invalid_image", 7),
    (400, "invalid_image", ["data:image/png;base64,AAAA"]),
    (400, "invalid_image", "data:image/png;base64,%%%"),
    (400, "invalid_image", "data:image/png;base64,é"),
    (400, "invalid_image", data_url(b"")),
    (400, "invalid_image", data_url(b"this is text, not a picture")),
    (415, "unsupported_image", data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>")),
    (400, "invalid_image", data_url(png(40, 40, 128)[:60])),
    (400, "blank_image", data_url(png(280, 280))),
    (400, "blank_image", data_url(png(1, 1))),
    (413, "image_too_large", data_url(png_that_claims(10_000, 10_000))),
    (413, "image_too_large", data_url(png_that_claims(60_000, 2))),
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(("status", "code", "image"), BAD_IMAGES, ids=range(len(BAD_IMAGES)))
def test_a_picture_that_cannot_be_read_is_refused(
    as_alice: Client, url: str, status: int, code: str, image: Any
) -> None:
    response = post(as_alice, url, {"recognizer": "digits", "image": image})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Drawing.objects.exists()


def test_a_file_over_the_limit_is_refused_before_it_is_read(client: Client) -> None:
    file = SimpleUploadedFile("big.png", b"\0" * 6_000_000, "image/png")
    response = client.post("/api/v1/predict", {"recognizer": "digits", "image": file})
    assert response.status_code == 413
    assert response.json()["code"] == "too_large"


def test_who_sends_too_much_may_finish_so_that_they_hear_why() -> None:
    stream = io.BytesIO(b"7" * 300_000)
    request = RequestFactory().post("/", content_type="application/json", headers={"content-length": "300000"})
    with pytest.raises(ApiError):
        LimitedJSONParser().parse(stream, None, {"request": request})
    assert not stream.read()


def test_a_form_that_is_cut_off_is_refused(client: Client) -> None:
    response = client.generic("POST", "/api/v1/predict", b"--x\r\nContent", "multipart/form-data; boundary=x")
    assert response.status_code == 400


def test_a_form_without_a_boundary_is_refused(client: Client) -> None:
    response = client.generic("POST", "/api/v1/predict", b"abc", "multipart/form-data")
    assert response.status_code == 400
    assert response.json()["code"] == "parse_error"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"])
def test_another_content_type_is_refused(client: Client, kind: str) -> None:
    response = post(client, "/api/v1/predict", b"recognizer=digits", kind)
    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("identifier", ["7", "", {}, "not-a-uuid", None])
def test_an_id_that_is_no_uuid_is_refused(as_alice: Client, identifier: Any) -> None:
    response = post(as_alice, "/api/v1/drawings", {"recognizer": "digits", "ink": SEVEN, "id": identifier})
    assert response.status_code == 400
    assert response.json()["field"] == "id"


def test_an_address_that_is_not_there_answers_in_the_same_shape(client: Client) -> None:
    response = client.get("/api/v1/nothing/here")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


@pytest.mark.parametrize("query", ["?corrected=maybe", "?recognizer=%00", "?label=a b", "?cursor=x", "?cursor=%00"])
def test_a_filter_of_another_form_is_refused(as_alice: Client, query: str) -> None:
    assert 400 <= as_alice.get("/api/v1/drawings" + query).status_code < 500


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=30,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ink=json_values)
def test_no_json_whatever_breaks_it(client: Client, settings: Any, ink: Any) -> None:
    settings.PREDICT_RATE = 10_000
    response = post(client, "/api/v1/predict", {"recognizer": "digits", "ink": ink})
    assert response.status_code in (200, 400)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300), head=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF", b"BM"])
)
def test_no_bytes_whatever_break_it(client: Client, settings: Any, data: bytes, head: bytes) -> None:
    settings.PREDICT_RATE = settings.PICTURE_RATE = 10_000
    response = post(client, "/api/v1/predict", {"recognizer": "digits", "image": data_url(head + data)})
    assert 400 <= response.status_code < 500
