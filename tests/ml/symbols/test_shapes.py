"""Shapes are compared as people draw them: size and pen do not count, everything else does."""

from __future__ import annotations

import pytest

from ml.symbols.outline import Outline, parse_path, rectangle
from ml.symbols.shapes import compare_shapes, join_groups


def ring(outer: float, inner: float) -> Outline:
    return Outline([parse_path(f"{circle(outer)}{circle(inner)}")])


def circle(radius: float) -> str:
    k = 0.5523 * radius
    r = radius
    return f"M{r} 0C{r} {k} {k} {r} 0 {r}C{-k} {r} {-r} {k} {-r} 0C{-r} {-k} {-k} {-r} 0 {-r}C{k} {-r} {r} {-k} {r} 0Z"


def bar(width: float, height: float) -> Outline:
    return Outline([rectangle(0, 0, width, height)])


def same(one: Outline, other: Outline) -> bool:
    return bool(compare_shapes([one, other])[0, 1])


PLUS = Outline([rectangle(0, 45, 100, 8), rectangle(46, 0, 8, 100)])


def test_size_and_width_of_lines_do_not_count() -> None:
    assert same(ring(10, 9), ring(50, 44))
    assert same(bar(4, 100), bar(2, 20))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ring(10, 9), Outline([parse_path(circle(10))])),  # a circle and a disc
        (bar(100, 4), bar(4, 100)),
        (bar(4, 100), bar(60, 100)),  # a line and a filled rectangle
        (PLUS, Outline([rectangle(0, 10, 100, 8), rectangle(46, 0, 8, 100)])),
        (PLUS, Outline([*PLUS.paths, rectangle(80, 0, 8, 8)])),  # with a dot
        (Outline([parse_path(circle(10))]), bar(10, 10)),
    ],
)
def test_other_shapes_are_not_the_same(one: Outline, other: Outline) -> None:
    assert not same(one, other)


def test_a_shape_is_like_itself_and_comparison_has_no_direction() -> None:
    table = compare_shapes([PLUS, ring(10, 9), bar(4, 100), ring(30, 27)])
    assert table.diagonal().all()
    assert (table == table.T).all()
    assert table[1, 3]
    assert not table[0, 1]


def test_groups_join_pairs_that_share_a_member() -> None:
    assert join_groups(6, [(4, 1), (3, 5), (1, 2)]) == [[0], [1, 2, 4], [3, 5]]
    assert join_groups(3, []) == [[0], [1], [2]]
