"""Plots: where things stand, worked out without a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.pages import svg_plot
from recognizer.templatetags.percent import exact, percentage

shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("lowest", "bottom", "step"),
    [(1.0, 0.999, 0.001), (0.9985, 0.998, 0.001), (0.957, 0.95, 0.01), (0.5, 0.5, 0.1), (0.0, 0.0, 0.2)],
)
def test_the_scale_is_as_fine_as_it_can_be(lowest: float, bottom: float, step: float) -> None:
    scale = svg_plot.Scale.of([1.0, lowest])
    assert (round(scale.bottom, 6), scale.step) == (bottom, step)


@given(st.lists(shares))
def test_every_share_is_inside_the_plot(found: list[float]) -> None:
    scale = svg_plot.Scale.of(found)
    assert 2 <= len(scale.ticks) <= svg_plot.MAX_TICKS + 1
    assert scale.ticks[0] == 1
    for share in found:
        assert svg_plot.TOP - 0.1 <= scale.down(share) <= svg_plot.HEIGHT - svg_plot.BOTTOM + 0.1


@pytest.mark.parametrize(
    ("values", "bottom", "top", "step"),
    [
        ([0.778, 0.88], 0.75, 0.9, 0.05),
        ([0.0, 0.003, 0.01], 0.0, 0.01, 0.002),
        ([-0.0005, 0.021], -0.01, 0.03, 0.01),
        ([0.9], 0.9, 0.901, 0.001),
    ],
)
def test_a_scale_around_values_begins_and_ends_next_to_them(
    values: list[float], bottom: float, top: float, step: float
) -> None:
    scale = svg_plot.Scale.around(values)
    assert (round(scale.bottom, 6), round(scale.top, 6), scale.step) == (bottom, top, step)
    assert (scale.ticks[0], scale.ticks[-1]) == (top, bottom)


@given(st.lists(st.floats(-1, 1), min_size=1))
def test_every_value_is_inside_a_scale_around_the_values(found: list[float]) -> None:
    scale = svg_plot.Scale.around(found)
    for value in found:
        assert svg_plot.TOP - 0.1 <= scale.down(value, 200) <= 200 - svg_plot.BOTTOM + 0.1
        assert svg_plot.MARGIN <= float(scale.across(value).rstrip("%")) <= 100 - svg_plot.MARGIN


@given(st.integers(1, 60))
def test_versions_stand_in_order_and_the_last_one_is_named(count: int) -> None:
    places = [float(svg_plot.position_of_index(number, count).rstrip("%")) for number in range(count)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    named = svg_plot.labelled_indexes(count)
    assert named[-1] == count - 1
    assert len(named) <= svg_plot.MAX_NAMES


@pytest.mark.parametrize(
    ("share", "count", "text"),
    [(0.9833, 40, "98.3%"), (0.99996, 40, "99.9%"), (0.9958, 10_000, "99.58%"), (1.0, 40, "100.0%"), (0, 40, "0.0%")],
)
def test_measured_shares_are_never_rounded_up(share: float, count: int, text: str) -> None:
    assert exact(share, count) == text
    assert percentage(0.95, 0) == "95%"


@pytest.mark.parametrize(("share", "place"), [(0.0, "4.00%"), (0.5, "50.00%"), (1.0, "96.00%"), (1.2, "96.00%")])
def test_a_share_of_the_width_stays_between_the_free_sides(share: float, place: str) -> None:
    assert svg_plot.position_of_share(share) == place
