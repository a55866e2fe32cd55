"""Show the progress of long work: wrappers around the rows that it goes through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Returns the rows one after another, and may show how many are done."""

    def __call__(self, rows: Iterable[T], title: str) -> Iterable[T]:
        """`title` says what the rows are."""


def no_progress(rows: Iterable[T], title: str) -> Iterable[T]:
    """Shows nothing."""
    return rows


def progress_bars(rows: Iterable[T], title: str) -> Iterable[T]:
    """Shows a bar on standard error if that is a terminal; standard output stays free for results."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # it comes with the extra "train", and measuring works without it
        return rows
    bar: Iterable[T] = tqdm(rows, desc=title, leave=False, disable=None, dynamic_ncols=True)
    return bar
