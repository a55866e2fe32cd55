"""Facts: rows that are written once."""

from __future__ import annotations

from typing import Any


class ImmutableError(TypeError):
    """Somebody tried to edit a fact."""


class AppendOnly:
    """A row that is written once. Deleting it is allowed: people may take back what is theirs."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new row; an existing one is refused with ImmutableError."""
        if not self._state.adding:  # type: ignore[attr-defined]
            raise ImmutableError(f"{self!r} is a fact and cannot be edited. Append a new one.")
        super().save(*args, **kwargs)  # type: ignore[misc]
