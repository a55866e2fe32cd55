"""A row as the fields that all formats share. The first ones are named as in the files of Quick, Draw!.

word           the name of the label                        key_id        the UUID of the drawing
timestamp      when it was drawn, UTC                       recognized    whether the first guess was the label
recognizer     slug                                         label         slug: the reviewer's, otherwise the author's
status         accepted, relabelled, rejected, undecided (not reviewed) or unnamed (no label from the author)
author         pseudonym                                    model_version that answered first
licence        of this drawing
corrections    what the author said, with the reviews of it, in the order in which it happened; a label of null is
               "none of these" with "none_of_these": true, otherwise a correction that was taken back; "origin":
               "round" if a round asked for the label
predictions    of all versions that answered, the first one first
drawing        strokes [[[x...], [y...], [t...]], ...]; of a picture none: [] in ndjson, empty in CSV
image          the picture, a PNG as a data URL; only if the drawing is one
codes          how LaTeX, Typst, Unicode and HTML write the label, one code of each; only if the label has codes
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

from recognizer.datasets.records import CorrectionRecord
from recognizer.datasets.rows import DrawingRow, ExportedPrediction

FACTS = (
    *("word", "key_id", "timestamp", "recognized", "recognizer"),
    *("label", "status", "author", "model_version", "licence"),
)
NESTED = ("corrections", "predictions", "drawing")  # JSON texts in formats that know only texts
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # the last four are full-width = + - @
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


def codes_json(row: DrawingRow) -> str | None:
    """The first code of each kind of the label, as JSON; None if it has none."""
    codes = row.codes.get(row.label) if row.label else None
    return json.dumps(codes, ensure_ascii=False) if codes else None


def defuse_cell(value: Any) -> Any:
    """The value of a CSV cell, so that no spreadsheet takes a text for a formula: it gets an apostrophe before it.

    Numbers stay numbers. `restore_cell` gives the text back: a text that has such an apostrophe gets another one.
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def restore_cell(cell: str) -> str:
    """The text of a CSV cell that `defuse_cell` made."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def format_time(when: datetime) -> str:
    """As Quick, Draw! writes it: 2017-03-09 00:28:55.637750 UTC."""
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'microseconds')} UTC"


def corrections_json(row: DrawingRow) -> str:
    """The corrections with their reviews, as JSON."""
    return json.dumps([_correction(each) for each in row.corrections], ensure_ascii=False)


def _correction(correction: CorrectionRecord[str]) -> dict[str, Any]:
    names = ("decision", "label", "reason", "by", "automatic")
    reviews = [
        {name: getattr(review, name) for name in names} | {"timestamp": format_time(review.created)}
        for review in correction.reviews
    ]
    none = {"none_of_these": True} if correction.none_of_these else {}
    origin = {"origin": correction.origin} if correction.origin else {}
    return {
        "label": correction.label,
        **none,
        **origin,
        "timestamp": format_time(correction.created),
        "reviews": reviews,
    }


def predictions_json(row: DrawingRow) -> str:
    """The predictions, as JSON. Their guesses are JSON already and are not parsed again."""
    return f"[{', '.join(map(_prediction, row.predictions))}]"


def _prediction(prediction: ExportedPrediction) -> str:
    head = {
        "model_version": prediction.number,
        "sha256": prediction.sha256,
        "label": prediction.label,
        "probability": prediction.probability,
        "unsure": prediction.unsure,
        "timestamp": format_time(prediction.created),
    }
    return f'{json.dumps(head)[:-1]}, "guesses": {prediction.guesses}}}'


def image_data_url(row: DrawingRow) -> str:
    """The picture as a data URL."""
    return DATA_URL + base64.b64encode(row.image or b"").decode()
