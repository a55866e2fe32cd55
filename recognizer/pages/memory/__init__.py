"""Pages: memory."""
