"""AppendOnly for this app's models, at the path that old migrations import."""

from accounts.facts import AppendOnly, ImmutableError

__all__ = ["AppendOnly", "ImmutableError"]
