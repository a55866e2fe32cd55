"""Admin pages for people, API keys and the audit log."""

from accounts.admin import audit_log, keys, people
