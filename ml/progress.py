"""How far a long piece of work is: a wrapper around the rows it goes through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Gives the rows on, one after another, and may show how many have gone."""

    def __call__(self, rows: Iterable[T], title: str) -> Iterable[T]:
        """`title` says what the rows are."""


def silent(rows: Iterable[T], title: str) -> Iterable[T]:
    """Shows nothing."""
    return rows


def bars(rows: Iterable[T], title: str) -> Iterator[T]:
    """A bar on standard error, where a terminal is there to show it; standard output stays free for the answer."""
    from tqdm import tqdm

    yield from tqdm(rows, desc=title, unit="", leave=False, disable=None, dynamic_ncols=True)
