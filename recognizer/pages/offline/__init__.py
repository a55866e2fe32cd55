"""Pages: offline."""
