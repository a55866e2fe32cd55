"""How far a long piece of work is: a wrapper around the rows it goes through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Gives the rows on, one after another, and may show how many have gone."""

    def __call__(self, rows: Iterable[T], title: str) -> Iterable[T]:
        """`title` says what the rows are."""


def no_progress(rows: Iterable[T], title: str) -> Iterable[T]:
    """Shows nothing."""
    return rows


def progress_bars(rows: Iterable[T], title: str) -> Iterable[T]:
    """A bar on standard error, where a terminal is there to show it; standard output stays free for the answer."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # comes with the extra 'train'; measuring works without
        return rows
    shown: Iterable[T] = tqdm(rows, desc=title, leave=False, disable=None, dynamic_ncols=True)
    return shown
