"""Reports, excluded authors, and what follows for the models."""
