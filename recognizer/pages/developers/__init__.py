"""Pages: developers."""
