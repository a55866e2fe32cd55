"""Pages: exports."""
