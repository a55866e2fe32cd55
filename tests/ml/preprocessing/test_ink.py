"""Strokes become the same raster, wherever and however large they were drawn.

`tests/data/ink_golden.json` holds the expected rasters. The renderer of the browser is tested with the same file.
After an intended change, which needs a new PREPROCESS_VERSION, write it again with
`python -c "from tests.ml.preprocessing.test_ink import write_golden; write_golden()"`.
"""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.preprocessing.golden import golden_inks
from ml.preprocessing.ink import (
    DEFAULT_SPEC,
    MAX_POINTS,
    MAX_STROKES,
    PEN,
    PREPROCESS_VERSION,
    InkError,
    RasterSpec,
    parse_ink,
    rasterise,
)

GOLDEN = Path(__file__).parents[2] / "data" / "ink_golden.json"

SEVEN = [[[20, 80, 45], [20, 20, 95]], [[30, 70], [58, 58]]]


INKS = golden_inks()


# Other specs: nearly without a margin, like sketches; large, with a pen that is no whole number of samples wide.
OTHERS = [RasterSpec(26, 25.5, 1.5), RasterSpec(48, 36, 3.0625), RasterSpec(26, 25, 1.5, "box")]
every_spec = pytest.mark.parametrize("spec", [DEFAULT_SPEC, *OTHERS], ids=lambda spec: f"{spec.size} by {spec.centre}")


def raster(data: Any, spec: RasterSpec = DEFAULT_SPEC, **options: Any) -> np.ndarray:
    return rasterise(parse_ink(data), spec, **options)


def moved(data: list[Any], scale: float, dx: float, dy: float) -> list[Any]:
    return [[[x * scale + dx for x in stroke[0]], [y * scale + dy for y in stroke[1]]] for stroke in data]


def write_golden() -> None:
    """Save what the renderer draws today as the golden file."""
    entries = [
        {"name": name, "ink": data, "raster": base64.b64encode(raster(data).tobytes()).decode()}
        for name, data in INKS.items()
    ]
    others = [
        {"spec": asdict(spec), "rasters": [_packed(raster(data, spec)) for data in INKS.values()]} for spec in OTHERS
    ]
    pinned = {"preprocess_version": PREPROCESS_VERSION, "size": 28, "rasters": entries, "others": others}
    text = json.dumps(pinned, separators=(",", ":"))
    GOLDEN.write_text(text.replace('{"name"', '\n{"name"').replace('{"spec"', '\n{"spec"') + "\n")


def _packed(drawn: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(drawn.tobytes(), 9)).decode()


def golden() -> Any:
    return json.loads(GOLDEN.read_text())


# The golden vectors


@pytest.mark.parametrize("name", INKS)
def test_the_renderer_draws_the_golden_rasters(name: str) -> None:
    entry = next(entry for entry in golden()["rasters"] if entry["name"] == name)
    assert entry["ink"] == INKS[name]
    expected = np.frombuffer(base64.b64decode(entry["raster"]), np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(raster(entry["ink"]), expected)


@pytest.mark.parametrize("index", range(len(OTHERS)))
def test_the_renderer_draws_the_golden_rasters_of_other_specs(index: int) -> None:
    pinned = golden()["others"][index]
    spec = RasterSpec(**pinned["spec"])
    assert spec == OTHERS[index]
    for entry, packed in zip(golden()["rasters"], pinned["rasters"], strict=True):
        expected = np.frombuffer(zlib.decompress(base64.b64decode(packed)), np.uint8).reshape(spec.size, spec.size)
        np.testing.assert_array_equal(raster(entry["ink"], spec), expected, err_msg=entry["name"])


def test_the_golden_rasters_are_of_this_preprocess_version() -> None:
    assert golden()["preprocess_version"] == PREPROCESS_VERSION
    assert [entry["name"] for entry in golden()["rasters"]] == list(INKS)


# Properties of a raster


@every_spec
@pytest.mark.parametrize("name", INKS)
def test_a_raster_is_white_ink_on_black(name: str, spec: RasterSpec) -> None:
    drawn = raster(INKS[name], spec)
    assert drawn.shape == (spec.size, spec.size)
    assert drawn.dtype == np.uint8
    assert drawn.max() > (200 if spec.pen > 2 else 100)  # a thin pen covers no pixel wholly


@every_spec
@pytest.mark.parametrize("name", ["a horizontal line", "a vertical line", "a zero", "a seven with a bar", "very small"])
def test_the_longer_side_of_the_drawn_line_fills_the_box(name: str, spec: RasterSpec) -> None:
    rows, columns = np.nonzero(raster(INKS[name], spec) > 127)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(spec.box, abs=1)


@pytest.mark.parametrize("name", ["a dot", "a horizontal line", "a zero", "a seven with a bar", "a diagonal"])
def test_ink_is_centred_by_its_mass(name: str) -> None:
    drawn = raster(INKS[name]).astype(float)
    y, x = np.mgrid[:28, :28]
    assert abs((drawn * x).sum() / drawn.sum() - 13.5) < 0.1
    assert abs((drawn * y).sum() / drawn.sum() - 13.5) < 0.1


def test_centring_keeps_all_ink_inside_the_raster() -> None:
    drawn = raster(INKS["a long L, whose mass cannot reach the centre"])
    rows, columns = np.nonzero(drawn)
    assert rows.min() == 0  # it would leave by the top
    assert np.ptp(rows) + 1 >= 20
    assert np.ptp(columns) + 1 >= 20


@every_spec
def test_a_dot_is_as_wide_as_the_pen(spec: RasterSpec) -> None:
    area = raster([[[7], [7]]], spec).sum() / 255
    assert area == pytest.approx(math.pi / 4 * spec.pen**2, rel=0.2)


def test_a_wider_pen_draws_more() -> None:
    assert raster(SEVEN, pen=3.5).sum() > 1.3 * raster(SEVEN).sum()


def test_times_do_not_change_the_raster() -> None:
    timed = [[*stroke, list(range(len(stroke[0])))] for stroke in SEVEN]
    np.testing.assert_array_equal(raster(timed), raster(SEVEN))


def test_the_order_and_the_direction_of_strokes_do_not_change_the_raster_much() -> None:
    backwards = [[axis[::-1] for axis in stroke] for stroke in SEVEN[::-1]]
    assert np.abs(raster(backwards).astype(int) - raster(SEVEN)).mean() < 1


# Ink that is moved and scaled

coordinates = st.integers(-500, 500)
strokes = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12).map(
    lambda points: [[float(x) for x, _ in points], [float(y) for _, y in points]]
)
inks = st.lists(strokes, min_size=1, max_size=5)
quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(inks, st.floats(0.05, 20), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_moving_and_scaling_ink_does_not_change_one_pixel(data: Any, scale: float, dx: float, dy: float) -> None:
    np.testing.assert_array_equal(raster(moved(data, scale, dx, dy)), raster(data))


@quick
@given(inks, st.floats(0.05, 20), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_moving_and_scaling_ink_changes_no_pixel_on_another_raster(
    data: Any, scale: float, dx: float, dy: float
) -> None:
    np.testing.assert_array_equal(raster(moved(data, scale, dx, dy), OTHERS[0]), raster(data, OTHERS[0]))


@quick
@given(inks)
def test_a_point_given_twice_changes_nothing(data: Any) -> None:
    doubled = [[[value for value in axis for _ in range(2)] for axis in stroke] for stroke in data]
    np.testing.assert_array_equal(raster(doubled), raster(data))


# Invalid ink

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=20,
)
numbers = st.floats() | st.integers() | st.none()
nearly_ink = st.lists(st.lists(st.lists(numbers, max_size=3), max_size=4), max_size=3)


@quick
@given(json_values | nearly_ink)
def test_any_json_is_either_drawn_or_refused_with_a_reason(data: Any) -> None:
    try:
        ink = parse_ink(data)
    except InkError as error:
        reason = f"{error.code}: {error}"
    else:
        assert rasterise(ink).any()
        return
    assert len(reason) > 20


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, "invalid_ink"),
        ({}, "invalid_ink"),
        ("[[1], [1]]", "invalid_ink"),
        ([], "empty_ink"),
        ([[]], "invalid_ink"),
        ([[[1]]], "invalid_ink"),
        ([[[1], [1], [1], [1]]], "invalid_ink"),
        ([[[], []]], "invalid_ink"),
        ([[[1, 2], [1]]], "invalid_ink"),
        ([[[1, 2], [1, 2], [0]]], "invalid_ink"),
        ([[1, 2], [3, 4]], "invalid_ink"),
        ([[["1"], [1]]], "invalid_ink"),
        ([[[True], [1]]], "invalid_ink"),
        ([[[None], [1]]], "invalid_ink"),
        ([[[math.nan], [1]]], "invalid_ink"),
        ([[[1], [math.inf]]], "invalid_ink"),
        ([[[1], [1], [math.inf]]], "invalid_ink"),
        ([[[10**400], [1]]], "invalid_ink"),
        ([[[1_000_001], [1]]], "invalid_ink"),
        ([[[0], [-1_000_001]]], "invalid_ink"),
        ([[[1], [1]]] * (MAX_STROKES + 1), "too_many_strokes"),
        ([[[1] * (MAX_POINTS + 1), [1] * (MAX_POINTS + 1)]], "too_many_points"),
        ([[[1] * 10_001, [1] * 10_001]] * 2, "too_many_points"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_invalid_ink_is_refused_with_a_code(data: Any, code: str) -> None:
    with pytest.raises(InkError) as caught:
        parse_ink(data)
    assert caught.value.code == code


def test_the_limits_themselves_are_allowed() -> None:
    assert len(parse_ink([[[1], [1]]] * MAX_STROKES)) == MAX_STROKES
    assert parse_ink([[[1] * MAX_POINTS, [1] * MAX_POINTS]])[0].shape == (2, MAX_POINTS)
    assert parse_ink([[[1_000_000], [-1_000_000], [1e12]]])[0].shape == (3, 1)


def test_the_error_names_the_number_of_the_invalid_stroke() -> None:
    with pytest.raises(InkError, match=r"\b2\b") as caught:
        parse_ink([[[1], [1]], [[1, 2], [1]]])
    assert caught.value.code == "invalid_ink"


# RasterSpec


def test_the_default_raster_is_the_one_of_mnist() -> None:
    assert (DEFAULT_SPEC.size, DEFAULT_SPEC.box, DEFAULT_SPEC.pen) == (28, 20, 2.2)
    assert (DEFAULT_SPEC.canvas, DEFAULT_SPEC.scale) == (224, 1.0)
    assert RasterSpec(28, 20, PEN) == DEFAULT_SPEC


@pytest.mark.parametrize("size", [15, 65, 0, -28, 28.0, True, "28", None])
def test_a_raster_of_another_size_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match=r"\b24\b.*\b64\b.*" + re.escape(repr(size))):
        RasterSpec(size)


@pytest.mark.parametrize(
    ("box", "pen"), [(28.5, 2.2), (20, 0.4), (20, 10.1), (20, math.nan), (math.nan, 2), (0, 0), (-20, 2.2), (20, -1)]
)
def test_a_box_or_a_pen_that_does_not_fit_is_refused(box: float, pen: float) -> None:
    with pytest.raises(ValueError, match=r"\b28\b"):
        RasterSpec(28, box, pen)


def test_ink_is_centred_by_its_mass_or_by_its_box_only() -> None:
    with pytest.raises(ValueError, match=r"'mass'.*'box'.*'ink'"):
        RasterSpec(centre="ink")  # type: ignore[arg-type]


def test_centring_by_box_leaves_equal_margins_wherever_the_mass_is() -> None:
    heavy = [[[0, 40, 0, 40, 0, 40], [0, 3, 6, 9, 12, 15]], [[0, 0], [0, 100]]]
    drawn = raster(heavy, RasterSpec(26, 25, 1.5, "box"))
    columns, rows = np.flatnonzero(drawn.any(axis=0)), np.flatnonzero(drawn.any(axis=1))
    assert columns[0] == 25 - columns[-1]
    assert rows[0] == 25 - rows[-1]
    by_mass = np.flatnonzero(raster(heavy, RasterSpec(26, 25, 1.5)).any(axis=0))
    assert by_mass[0] > columns[0], "most of it lies in the upper left"


def test_the_smallest_and_the_largest_raster_can_be_drawn() -> None:
    for spec in (RasterSpec(24, 24, 0.5), RasterSpec(64, 64, 32)):
        assert raster(SEVEN, spec).shape == (spec.size, spec.size)
        assert raster(SEVEN, spec).any()
