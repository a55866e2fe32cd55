"""Example requests for the document and the docs page. A test sends them."""

from __future__ import annotations

from typing import Any

SEVEN: list[Any] = [[[20, 80, 45], [20, 20, 100]], [[35, 75], [60, 60]]]
PREDICT = {"recognizer": "digits", "ink": SEVEN, "top_k": 3}
KEEP = {"recognizer": "digits", "ink": SEVEN}
BATCH = {"recognizer": "digits", "top_k": 1, "items": [{"ink": SEVEN}, {"ink": [[[50, 50, 50], [10, 50, 90]]]}]}
EXPORT = {"format": "ndjson", "recognizer": "digits", "status": ["accepted", "relabelled"], "licence": "CC0"}
