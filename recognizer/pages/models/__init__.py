"""Pages: models."""
