"""Model versions: install, register, promote, roll back, and load them for predictions."""
