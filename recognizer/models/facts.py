"""AppendOnly for this app's models, at the path that old migrations import."""

from accounts.facts import AppendOnly, ImmutableError, ReplacedQuerySet

__all__ = ["AppendOnly", "ImmutableError", "ReplacedQuerySet"]
