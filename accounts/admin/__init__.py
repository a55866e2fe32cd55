"""What staff may look at and do about people."""

from accounts.admin import audit_log, keys, people

__all__ = ["audit_log", "keys", "people"]
