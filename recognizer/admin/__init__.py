"""What staff may look at and do. Facts are read-only here as everywhere."""

from recognizer.admin import facts, opinions, recognizers, runs

__all__ = ["facts", "opinions", "recognizers", "runs"]
