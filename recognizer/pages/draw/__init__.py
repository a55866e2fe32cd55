"""Pages: draw."""
