"""What staff may look at and do. Facts are read-only here as everywhere."""

from recognizer.admin import datasets, facts, memories, opinions, recognizers, runs, webhooks

__all__ = ["datasets", "facts", "memories", "opinions", "recognizers", "runs", "webhooks"]
