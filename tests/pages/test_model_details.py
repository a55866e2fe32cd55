"""/models/…: learning curves, network, preprocessing and variations, for everybody."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.cache import cache
from django.test import Client

from ml.augmentation.example_drawings import example_drawing
from ml.bundles.architecture import read_layers
from ml.bundles.bundle import Bundle, load_bundle
from ml.preprocessing.content import Content
from ml.preprocessing.filter_steps import photograph
from recognizer.models import ModelVersion, Recognizer, TrainingRun
from recognizer.pages import svg_plot
from recognizer.pages.models import learning
from recognizer.registry import install, promotions
from tests.pages.training_runs import learned

EPOCHS = [{"epoch": at, "loss": 1.5 / at, "accuracy": 1 - 0.4 / at, "seconds": 60.0} for at in range(1, 13)]


def with_history(bundle: Bundle, history: Any, **training: Any) -> Bundle:
    training = {**bundle.manifest["training"], **training}
    return replace(bundle, manifest={**bundle.manifest, "history": history, "training": training})


def of_an_earlier_release(version: ModelVersion) -> None:
    """Take away the history, as versions have none that were registered before bundles had one."""
    manifest = {key: value for key, value in version.manifest.items() if key != "history"}
    ModelVersion.objects.filter(pk=version.pk).update(manifest=manifest)


@pytest.fixture
def page(client: Client) -> Callable[[str], Any]:
    def get(path: str) -> Any:
        response = client.get(path)
        assert response.status_code == 200
        return response

    return get


# Learning curves


def test_the_curves_have_the_values_of_the_history(page: Any, db: None, starter: Bundle) -> None:
    install.install(bundle=with_history(starter, EPOCHS))
    response = page("/models/digits/")
    loss, accuracy = response.context["curves"].curves

    top, bottom = svg_plot.TOP, learning.HEIGHT - svg_plot.BOTTOM
    for curve, key, low, high in ((loss, "loss", 0.0, 1.5), (accuracy, "accuracy", 0.6, 1.0)):
        assert (curve.ticks[0][1], curve.ticks[-1][1]) == {"loss": ("0.0", "1.5"), "accuracy": ("100%", "60%")}[key]
        points = [tuple(map(float, point.split(","))) for point in curve.points.split()]
        drawn = [low + (bottom - y) / (bottom - top) * (high - low) for _x, y in points]
        assert drawn == pytest.approx([epoch[key] for epoch in EPOCHS], abs=0.01)
        assert [x for x, _y in points] == sorted(x for x, _y in points)
        assert f'points="{curve.points}"' in response.content.decode()


def test_the_table_behind_the_curves_has_every_epoch(page: Any, db: None, starter: Bundle) -> None:
    install.install(bundle=with_history(starter, EPOCHS))
    table = re.search(
        r'<table class="table small epochs">(.*?)</table>', page("/models/digits/").content.decode(), re.S
    )
    assert table
    rows = re.findall(r'<th scope="row">(\d+)</th><td>([\d.]+)</td><td>([\d.]+)%</td>', table[1])
    assert [int(number) for number, *_ in rows] == list(range(1, 13))
    assert [float(loss) for _, loss, _ in rows] == pytest.approx([epoch["loss"] for epoch in EPOCHS], abs=1e-5)
    assert [float(share) / 100 for *_, share in rows] == pytest.approx([e["accuracy"] for e in EPOCHS], abs=1e-4)


def test_a_lost_history_is_said_and_nothing_is_drawn(page: Any, digits: Recognizer, starter: Bundle) -> None:
    response = page("/models/digits/")
    missing = json.loads(Path("ml/models/digits/history.json").read_text())["missing"]
    assert starter.manifest["history"] == {"missing": missing}
    assert response.context["curves"] is None
    assert 'data-history="missing"' in response.content.decode()
    assert missing in response.content.decode()
    assert "<polyline" not in response.content.decode()


@pytest.mark.parametrize("slug", ["bangla-digits", "sketches"])
def test_versions_installed_by_an_earlier_release_have_the_curves_that_ship(page: Any, db: None, slug: str) -> None:
    folder = Path("ml/models") / slug
    of_an_earlier_release(install.install(bundle=load_bundle(folder)).version)
    epochs = json.loads((folder / "history.json").read_text())
    assert page(f"/models/{slug}/").context["curves"].epochs == epochs


def test_a_version_trained_here_shows_its_own_steps_and_where_the_others_are(
    page: Any, digits: Recognizer, starter: Bundle
) -> None:
    steps = [{"epoch": at, "loss": 0.5 / at, "seconds": 0.1} for at in range(1, 61)]
    learned(digits, with_history(starter, steps, mode="head"))
    response = page("/models/digits/")
    curves, html = response.context["curves"], response.content.decode()
    assert curves.steps
    assert [curve.key for curve in curves.curves] == ["loss"]
    assert curves.epochs == steps
    assert 'href="/models/digits/1/#learning"' in html
    assert "/runs/" not in html  # a visitor may not read the log


def test_staff_find_the_log_of_the_run(as_rita: Client, digits: Recognizer, starter: Bundle) -> None:
    learned(digits, with_history(starter, EPOCHS, mode="full"))
    html = as_rita.get("/models/digits/").content.decode()
    assert f'href="/runs/{TrainingRun.objects.get().pk}/"' in html
    assert html.count("<polyline") == 2


def test_a_version_trained_by_an_earlier_release_says_that_it_has_no_curves(
    page: Any, digits: Recognizer, starter: Bundle
) -> None:
    of_an_earlier_release(learned(digits, starter))
    response = page("/models/digits/")
    assert response.context["curves"] is None
    assert 'data-history="missing"' in response.content.decode()
    assert 'href="/models/digits/1/#learning"' in response.content.decode()


@pytest.mark.parametrize("values", [[0.3], [0.0, 0.0], [4e-7, 2e-7], [123.0, 7.0], [0.5] * 400])
def test_any_loss_is_inside_the_plot(values: list[float], page: Any, db: None, starter: Bundle) -> None:
    install.install(bundle=with_history(starter, [{"epoch": at, "loss": v} for at, v in enumerate(values, 1)]))
    (curve,) = page("/models/digits/").context["curves"].curves
    heights = [float(point.split(",")[1]) for point in curve.points.split()]
    assert len(heights) == len(values)
    assert all(svg_plot.TOP - 0.1 <= y <= learning.HEIGHT - svg_plot.BOTTOM + 0.1 for y in heights)
    assert 2 <= len(curve.ticks) <= learning.MAX_TICKS + 1


def test_no_version_is_registered_without_a_history(digits: Recognizer, starter: Bundle) -> None:
    manifest = {key: value for key, value in starter.manifest.items() if key != "history"}
    with pytest.raises(ValueError, match="history"):
        promotions.register(recognizer=digits, bundle=replace(starter, manifest=manifest))
    assert digits.versions.count() == 1


# The network


@pytest.mark.parametrize("slug", ["digits", "sketches"])
def test_the_picture_shows_the_layers_of_the_bundle(page: Any, db: None, slug: str) -> None:
    bundle = load_bundle(Path("ml/models") / slug)
    install.install(bundle=bundle)
    response = page(f"/models/{slug}/")
    network, html = response.context["network"], response.content.decode()
    assert [layer for drawn in network.blocks for layer in drawn.block.layers] == read_layers(bundle.keras)

    picture = re.search(r'<svg class="network".*?</svg>', html, re.S)
    assert picture
    assert len(re.findall("<rect", picture[0])) == len(network.blocks)
    assert len(re.findall("<path", picture[0])) == (2 if slug == "sketches" else 0)
    assert not re.search(r'(?:x|y|width|height|viewBox| d)="[^"]*,', picture[0])
    table = re.search(r'<table class="table small layers">(.*?)</table>', html, re.S)
    assert table
    outputs = re.findall(r'<th scope="row">\d+</th><td>[^<]+</td><td>([^<]+)</td><td>([\d,]+)</td>', table[1])
    assert [tuple(map(int, output.split(" × "))) for output, _ in outputs] == [b.block.output for b in network.blocks]
    assert sum(int(count.replace(",", "")) for _, count in outputs) == network.parameters


def test_blocks_stand_beside_each_other_inside_the_picture(page: Any, db: None) -> None:
    install.install(bundle=load_bundle(Path("ml/models/sketches")))
    network = page("/models/sketches/").context["network"]
    for drawn, after in zip(network.blocks, network.blocks[1:], strict=False):
        assert drawn.right < after.x
    for drawn in network.blocks:
        assert 0 < drawn.x < drawn.right < network.width
        assert 0 < drawn.y < drawn.y + drawn.height < network.height
        assert drawn.y + drawn.height / 2 == network.middle


def test_a_version_without_a_readable_network_leaves_it_out(page: Any, digits: Recognizer) -> None:
    response = page("/models/digits/")
    assert response.context["network"] is None
    assert '<svg class="network"' not in response.content.decode()


def test_the_weights_are_read_once(client: Client, db: None, django_assert_max_num_queries: Any) -> None:
    install.install(bundle=load_bundle(Path("ml/models/digits")))
    client.get("/models/digits/")
    with django_assert_max_num_queries(8) as asked:
        assert client.get("/models/digits/").context["network"]
    assert not [query for query in asked.captured_queries if '"keras"' in query["sql"].split("FROM")[0]]
    cache.clear()
    assert client.get("/models/digits/").context["network"]


# Preprocessing and variations


def pixels_of(src: str) -> np.ndarray:
    content = base64.b64decode(src.partition(",")[2])
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return pixels


@pytest.mark.parametrize("slug", ["digits", "bangla-digits", "sketches"])
def test_the_steps_end_with_what_the_network_sees(page: Any, db: None, slug: str) -> None:
    bundle = load_bundle(Path("ml/models") / slug)
    install.install(bundle=bundle)
    response = page(f"/models/{slug}/")
    steps = response.context["example"].steps
    expected = Content.from_image(photograph(example_drawing(slug).ink)).raster(bundle.raster)
    np.testing.assert_array_equal(pixels_of(steps[-1].src), expected)
    assert [step.name for step in steps][:5] == ["file", "grey", "background", "ink", "crop"]
    assert all(f'src="{step.src}"' in response.content.decode() for step in steps)


def test_the_variations_stand_beside_the_drawing_without_any(page: Any, digits: Recognizer) -> None:
    plain, ink, picture = page("/models/digits/").context["example"].variations
    assert [plain.name, ink.name, picture.name] == ["plain", "ink", "picture"]
    for strip, kinds in ((plain, 1), (ink, 6), (picture, 6)):
        pixels = pixels_of(strip.src)
        assert pixels.shape == (strip.height, strip.width) == (28, 6 * 28)
        assert len({part.tobytes() for part in np.hsplit(pixels, 6)}) == kinds


def test_a_recognizer_of_ones_own_has_all_of_it_too(page: Any, db: None, starter: Bundle) -> None:
    manifest = {**starter.manifest, "recognizer": "runes", "title": "Runes"}
    install.install(bundle=replace(starter, manifest={key: manifest[key] for key in manifest if key != "card"}))
    response = page("/models/runes/")
    assert response.context["example_label"] is None
    assert len(response.context["example"].steps) == 7
