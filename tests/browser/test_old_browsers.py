"""The oldest browsers that docs/browsers.md names, and older ones."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.models import User
from recognizer.models import Recognizer
from tests.browser.test_pictures import choose, seven_on_paper
from tests.browser.visitors import SEVEN, said_by

# What Chrome 92, Firefox 98 or Safari 15.4 lack, or any browser on a page without HTTPS, and what a module might use.
# The names are deleted, not set to undefined, so that `name in object` is false.
LACKING = """
    const lacking = {
        "AbortSignal": "timeout any",
        "crypto": "randomUUID",
        "URLSearchParams.prototype": "size",
        "Element.prototype": "checkVisibility moveBefore setHTMLUnsafe",
        "HTMLElement.prototype": "popover showPopover hidePopover togglePopover",
        "HTMLDialogElement.prototype": "requestClose",
        "PointerEvent.prototype": "getCoalescedEvents getPredictedEvents",
        "navigator": "clipboard locks storage share",
        "window": "structuredClone caches requestIdleCallback scheduler CompressionStream OffscreenCanvas",
        "document": "startViewTransition",
        "Array": "fromAsync",
        "Array.prototype": "findLast findLastIndex toSorted toReversed toSpliced with",
        "Object": "groupBy hasOwn",
        "Map": "groupBy",
        "Promise": "withResolvers try",
        "URL": "canParse parse",
        "Set.prototype": "union intersection difference isSubsetOf",
        "String.prototype": "isWellFormed toWellFormed",
        "Iterator.prototype": "map filter take drop flatMap reduce toArray forEach some every find",
        "Blob.prototype": "bytes",
        "Intl": "Segmenter DurationFormat",
    };
    for (const [path, names] of Object.entries(lacking)) {
        const object = path.split(".").reduce((each, part) => each?.[part], globalThis);
        for (const name of object ? names.split(" ") : []) {
            for (let each = object; each; each = Object.getPrototypeOf(each)) delete each[name];
            if (name in object) throw new Error(`${path}.${name} is still there`);
        }
    }
    window.lacks = true;
"""


PAGED = """async () => {
    const { Client } = await import("/static/js/api.js");
    const found = [];
    for await (const { id } of new Client({ root: "/api/v1/" }).drawings({ page_size: 1 })) {
        found.push(id);
        if (found.length > 2) break; // it reads the first page again and again
    }
    return found.length;
}"""


def test_a_browser_without_newer_features_draws_answers_and_saves(
    visit: Any, digits: Recognizer, as_alice: Client, alice: User
) -> None:
    visitor = visit(as_alice, viewport={"width": 390, "height": 844})
    visitor.page.add_init_script(LACKING)
    visitor.open_sheet()
    assert visitor.page.evaluate("window.lacks && !AbortSignal.timeout")
    visitor.draw(SEVEN)
    visitor.sees("answer", "7")
    visitor.press("Enter")
    visitor.sees_outcome("saved")
    visitor.press("Enter")
    choose(visitor, seven_on_paper())
    visitor.sees("answer", "7")
    visitor.press("/", "7")
    visitor.sees_outcome("saved")
    assert said_by(alice) == ["7", "7"]
    assert visitor.page.evaluate(PAGED) == 2
    visitor.page.click(".more")
    visitor.page.click("#more a:visible >> nth=1")
    visitor.page.wait_for_url(lambda address: address != visitor.site + "/")
    assert visitor.complaints == []


def test_a_browser_that_cannot_run_the_scripts_is_told_which_can(visit: Any, digits: Recognizer) -> None:
    visitor = visit()
    newer = {
        "body": "for (const x of y) { using z = ; }",
        "content_type": "text/javascript",
    }  # a syntax that it does not know
    visitor.page.route("**/draw/draw*.js", lambda route: route.fulfill(**newer))
    visitor.go("/")
    visitor.page.wait_for_selector("[data-too-old]:visible")
