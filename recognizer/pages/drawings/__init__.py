"""Pages: drawings."""
