"""A row as the fields that all formats share. The first ones are named as in Quick, Draw!'s own files.

word           the label's name                             key_id        the drawing's UUID
timestamp      when it was drawn, UTC                       recognized    whether the first guess was the label
recognizer     slug                                         label         slug: the reviewer's, else the author's
status         accepted, relabelled, rejected, undecided (no decision stands) or unnamed (its author did not say)
author         pseudonym                                    model_version that answered first
licence        of this drawing
corrections    what its author said, with the reviews of it, in the order in which it happened
predictions    what versions answered, the first one first
drawing        strokes [[[x...], [y...], [t...]], ...]      image         a PNG as a data URL; one of the two
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from recognizer.datasets.rows import Answered, DrawingRow, Said

FACTS = (
    "word",
    "key_id",
    "timestamp",
    "recognized",
    "recognizer",
    "label",
    "status",
    "author",
    "model_version",
    "licence",
)
NESTED = ("corrections", "predictions", "drawing")  # JSON where a format knows only texts
DATA_URL = "data:image/png;base64,"


def fact_columns(row: DrawingRow) -> dict[str, Any]:
    """Plain values, in the order of FACTS."""
    label, first = row.label, row.first
    return {
        "word": row.labels[label] if label else None,
        "key_id": row.uuid,
        "timestamp": format_time(row.created),
        "recognized": first.label == label if first and label else None,
        "recognizer": row.recognizer,
        "label": label,
        "status": row.status,
        "author": row.author,
        "model_version": first.number if first else None,
        "licence": row.licence,
    }


def format_time(when: datetime) -> str:
    """As Quick, Draw! writes it: 2017-03-09 00:28:55.637750 UTC."""
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'microseconds')} UTC"


def corrections_json(row: DrawingRow) -> str:
    """As JSON."""
    return json.dumps([_said(each) for each in row.said], ensure_ascii=False)


def _said(said: Said) -> dict[str, Any]:
    return {
        "label": said.label,
        "timestamp": format_time(said.created),
        "reviews": [
            {
                "decision": review.decision,
                "label": review.label,
                "reason": review.reason,
                "by": review.by,
                "automatic": review.automatic,
                "timestamp": format_time(review.created),
            }
            for review in said.reviews
        ],
    }


def predictions_json(row: DrawingRow) -> str:
    """As JSON."""
    return _list(map(_answer, row.answers))


def _answer(answer: Answered) -> str:
    head = {
        "model_version": answer.number,
        "sha256": answer.sha256,
        "label": answer.label,
        "probability": answer.probability,
        "unsure": answer.unsure,
        "timestamp": format_time(answer.created),
    }
    return f'{json.dumps(head)[:-1]}, "guesses": {answer.guesses}}}'


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(texts)}]"


def image_data_url(row: DrawingRow) -> str:
    """The picture as a data URL."""
    return DATA_URL + base64.b64encode(row.image or b"").decode()
