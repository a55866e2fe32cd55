"""Facts: rows that are written once. What they are is the same wherever there are people (`accounts.facts`)."""

from accounts.facts import AppendOnly, ImmutableError

__all__ = ["AppendOnly", "ImmutableError"]
