"""What staff may look at and do about people."""

from accounts.admin import keys, log, people

__all__ = ["keys", "log", "people"]
