"""The pages: what to show, and what the plain forms on them do."""
