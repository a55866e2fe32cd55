"""static/js/api.js as other programs use it: with a key, from a page where nobody is signed in."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts import keys
from accounts.models import ApiKey, User
from ml.bundles.bundle import Bundle
from recognizer.models import Correction, Drawing, Receipt, Recognizer
from recognizer.registry import promotions
from tests.browser.visitors import Visitor
from tests.ink import ONE, SEVEN

pytestmark = pytest.mark.usefixtures("digits")


@pytest.fixture
def run(visit: Any, alice: User, live_server: LiveServer, digits: Recognizer) -> Any:
    """Call it with JavaScript that has a `client`, `Client` and `ApiError`; gives what it returns."""
    secret = keys.create_key(person=alice, name="app", scopes=list(ApiKey.Scope.values))[1]
    visitor: Visitor = visit()
    visitor.go("/privacy/")

    def running(script: str, *, path: str = live_server.url, **options: Any) -> Any:
        code = f"""async ([options, given]) => {{
            const {{ Client, ApiError }} = await import("/static/js/api.js");
            const client = new Client(options);
            {script}
        }}"""
        settings = {"url": path, "key": secret, "longest": 0.05} | options
        return visitor.page.evaluate(code, [settings, {"seven": SEVEN, "one": ONE}])

    running.page = visitor.page  # type: ignore[attr-defined]
    return running


def test_ink_is_recognised_with_a_key_and_without_a_session(run: Any) -> None:
    said = run('return client.predict({ recognizer: "digits", ink: given.seven, top_k: 2 })')
    assert (said["guesses"][0]["label"], len(said["guesses"]), said["model_version"]) == ("7", 2, 1)


def test_a_picture_is_recognised(run: Any) -> None:
    said = run("""
        const canvas = new OffscreenCanvas(120, 120), pen = canvas.getContext("2d");
        pen.fillStyle = "white";
        pen.fillRect(0, 0, 120, 120);
        pen.lineWidth = 8;
        for (const [xs, ys] of given.seven) xs.forEach((x, i) => pen[i ? "lineTo" : "moveTo"](x, ys[i]));
        pen.stroke();
        return client.predict({ recognizer: "digits", image: await canvas.convertToBlob() });
    """)
    assert said["guesses"][0]["label"] == "7"


def test_a_batch_is_answered_in_parts_and_one_bad_item_does_not_spoil_the_rest(run: Any, settings: Any) -> None:
    settings.PREDICT_RATE = 1000
    said = run("""
        const items = Array.from({ length: 258 }, (_, i) => (i === 1 ? [] : given.seven));
        const found = await client.predictBatch({ recognizer: "digits", items, top_k: 1 });
        return found.map((each) => (each instanceof ApiError ? each.code : each.guesses[0].label));
    """)
    assert said == ["7", "empty_ink", *["7"] * 256]


def test_a_batch_is_divided_by_what_the_site_reads_at_once(run: Any) -> None:
    """4 MB, and as many pictures as may pass; one that is too large by itself gets an error in its place."""
    sizes: list[int] = []

    def count(route: Any) -> None:
        sizes.append(len(route.request.post_data_json["items"]))
        route.continue_()

    run.page.route("**/api/v1/predict/batch", count)
    ask = """
        const found = await client.predictBatch({ recognizer: "digits", items, top_k: 1 });
        return found.map((each) => (each instanceof ApiError ? each.status : each.guesses.length));
    """
    ink = "[[Array.from({ length: 9000 }, Math.random), Array.from({ length: 9000 }, Math.random)]]"
    assert run(f"const ink = {ink}, items = Array.from({{ length: 16 }}, () => ink); {ask}") == [1] * 16
    assert len(sizes) == 2
    assert run(f'const items = ["data:image/png;base64," + "A".repeat(5e6), given.seven]; {ask}') == [413, 1]
    assert sizes[2:] == [1, 1]
    assert run(f'const items = Array.from({{ length: 31 }}, () => "data:image/png;base64,AAAA"); {ask}') == [400] * 31
    assert sizes[4:] == [30, 1]


def test_what_only_asks_leaves_nothing_behind(run: Any) -> None:
    run("""
        await client.predict({ recognizer: "digits", ink: given.seven });
        await client.predictBatch({ recognizer: "digits", items: [given.seven, given.one] });
    """)
    assert not Receipt.objects.exists()
    run('return client.predict({ recognizer: "digits", ink: given.seven, keep: true })')
    assert Receipt.objects.count() == Drawing.objects.count() == 1


def test_an_answer_that_broke_off_is_asked_for_again(run: Any) -> None:
    run.page.route("**/api/v1/drawings", lambda route: route.fulfill(status=201, body='{"id": "'), times=2)
    assert run('return (await client.keep({ recognizer: "digits", ink: given.seven })).id')
    run.page.route("**/api/v1/recognizers", lambda route: route.fulfill(status=200, body='{"resul'))
    assert run("return client.recognizers().catch((e) => [e.status, e.code])") == [0, "no_answer"]


def test_a_drawing_goes_its_way(run: Any) -> None:
    said = run("""
        const kept = await client.keep({ recognizer: "digits", ink: given.seven });
        const { agrees } = await client.correct(kept.id, "7");
        const { correction } = await client.drawing(kept.id);
        await client.takeBack(kept.id);
        const asked = await client.predict({ recognizer: "digits", ink: given.one, keep: true });
        const feedback = await client.feedback(asked.prediction, { correct: true });
        const ids = [];
        const since = new Date(Date.now() - 3_600_000);
        for await (const each of client.drawings({ page_size: 1, since })) ids.push(each.id);
        await client.delete(kept.id);
        const want = [asked.prediction, kept.id];
        return { agrees, label: correction.label, feedback: feedback.correction.label, ids, want };
    """)
    assert (said["agrees"], said["label"], said["feedback"]) == (True, "7", "1")
    assert said["ids"] == said["want"]
    assert Drawing.objects.count() == Correction.objects.count() == 1


def test_recognizers_versions_model_and_usage(run: Any) -> None:
    said = run("""
        const all = async (found) => { const list = []; for await (const each of found) list.push(each); return list; };
        const model = await client.downloadModel("digits");
        return {
            slugs: (await client.recognizers()).map((each) => each.slug),
            numbers: (await all(client.versions("digits"))).map((each) => each.number),
            bytes: model.content.byteLength,
            version: model.version,
            again: await client.downloadModel("digits", { etag: model.etag }),
            used: (await all(client.usage()))[0].key.name,
        };
    """)
    assert (said["slugs"], said["numbers"], said["version"], said["again"]) == (["digits"], [1], 1, None)
    assert said["bytes"] > 100_000
    assert said["used"] == "app"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('client.predict({ recognizer: "no-such", ink: given.seven })', [404, "unknown_recognizer", "recognizer"]),
        ('client.predict({ recognizer: "digits", ink: [] })', [400, "empty_ink", "ink"]),
        ('new Client({ ...options, key: "no key" }).usage().next()', [401, "key_malformed", None]),
        ('new Client({ ...options, url: "/nowhere" }).recognizers()', [404, "", None]),
    ],
)
def test_an_error_tells_status_code_detail_and_field(run: Any, script: str, told: list[Any]) -> None:
    told_of = "[e instanceof ApiError, e.detail !== e.code, e.requestId.length, e.status, e.code, e.field]"
    said = run(f"return {script}.catch((e) => {told_of})")
    assert said[0]
    assert said[2] == 32, "also of a page that is no answer of the API"
    assert said[3:] == told
    assert said[1] == bool(told[1])


def test_a_write_whose_answer_was_lost_is_done_once(run: Any) -> None:
    """Two answers are lost on the way back; each attempt carries the same key."""
    seen: list[str] = []

    def lose(route: Any) -> None:
        seen.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    run.page.route("**/api/v1/drawings", lose, times=2)
    said = run('return (await client.keep({ recognizer: "digits", ink: given.seven })).id')
    assert str(Drawing.objects.get().uuid) == said
    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_what_passes_is_tried_four_times_and_what_does_not_is_not(run: Any) -> None:
    seen: list[int] = []

    def fail(status: int) -> Any:
        def answer(route: Any) -> None:
            seen.append(status)
            route.fulfill(status=status, json={"code": "unavailable", "detail": "Later."})

        return answer

    for status, attempts in ((503, 4), (400, 1)):
        run.page.route("**/api/v1/recognizers", fail(status))
        assert run("return client.recognizers().catch((e) => e.status)") == status
        assert seen.count(status) == attempts
        run.page.unroute("**/api/v1/recognizers")


def test_a_wait_that_is_too_long_is_told_at_once(run: Any) -> None:
    answer = {"status": 429, "headers": {"Retry-After": "30"}, "json": {"code": "throttled", "detail": "Wait."}}
    run.page.route("**/api/v1/recognizers", lambda route: route.fulfill(**answer), times=1)
    assert run("return client.recognizers().catch((e) => [e.status, e.retryAfter])") == [429, 30]


def test_ink_is_answered_here_as_the_server_answers_it(run: Any) -> None:
    here, there = run(
        """
        const content = { recognizer: "digits", ink: given.seven, top_k: 3 };
        return [await client.predictLocally(content), await client.predict(content)];
        """,
        key="",
    )
    assert [guess["label"] for guess in here["guesses"]] == [guess["label"] for guess in there["guesses"]]
    assert here["guesses"][0]["probability"] == pytest.approx(there["guesses"][0]["probability"], abs=0.001)
    assert (here["unsure"], here["model_version"]) == (there["unsure"], there["model_version"])


def test_the_model_is_downloaded_once_and_again_after_a_promotion(
    run: Any, digits: Recognizer, starter: Bundle
) -> None:
    downloads: list[str] = []
    run.page.on("request", lambda request: downloads.append(request.url) if ".tflite" in request.url else None)
    second = promotions.register(recognizer=digits, bundle=starter)
    before = promotions.current_promotion(digits.pk)
    run.page.expose_function(
        "promote", lambda: promotions.promote(version=second, replaces=before, reason="Test.") and None
    )
    versions = run("""
        const answer = () => client.predictLocally({ recognizer: "digits", ink: given.seven });
        const versions = [(await answer()).model_version, (await answer()).model_version];
        await window.promote();
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await client.predict({ recognizer: "digits", ink: given.one });
        versions.push((await answer()).model_version);
        return versions;
    """)
    assert versions == [1, 1, 2]
    assert len(downloads) == 2
