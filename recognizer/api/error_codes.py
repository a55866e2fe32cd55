"""Every code that an error of the API can have: the one list, of which the document and the docs page make theirs.

Codes and their statuses are stable; what is said in the answer is for people and may change.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_Text = str | Promise


class Code(NamedTuple):
    """An HTTP status, what a code means, and what to do about it."""

    status: int
    meaning: _Text
    cure: _Text


CODES: dict[str, Code] = {
    # Bodies
    "parse_error": Code(400, _("The body cannot be read."), _("Send valid JSON in UTF-8, or a whole form.")),
    "unreadable": Code(400, _("The request broke off, or came too slowly."), _("Send it again.")),
    "invalid": Code(400, _("A field has another form than it should."), _("See `field` and `detail`.")),
    "invalid_cursor": Code(400, _("The cursor is not one of ours."), _("Leave it out, and follow `next` from there.")),
    "missing_field": Code(400, _("A field is missing."), _("Send what `field` names.")),
    "length_required": Code(
        411, _("The body does not say how long it is."), _("Send `Content-Length`, and not in chunks.")
    ),
    "too_large": Code(413, _("The body is too large."), _("At most 256 KB of JSON, or a form with a picture of 5 MB.")),
    "unsupported_media_type": Code(
        415,
        _("The body is of a type that is not read."),
        _("Send application/json, multipart/form-data or a picture."),
    ),
    # Ink
    "invalid_ink": Code(400, _("The ink is not a list of strokes."), _("See the ink format.")),
    "empty_ink": Code(400, _("The ink has no strokes."), _("Draw something first.")),
    "too_many_strokes": Code(400, _("More than 256 strokes."), _("Send fewer strokes.")),
    "too_many_points": Code(400, _("More than 20,000 points."), _("Thin the strokes out.")),
    # Pictures
    "invalid_image": Code(400, _("The picture is broken, or none."), _("Save it again, as PNG, JPEG, WebP or BMP.")),
    "blank_image": Code(400, _("Nothing is to be seen in the picture."), _("Use a darker pen or more light.")),
    "image_too_large": Code(413, _("The picture has too many pixels or bytes."), _("Make it smaller.")),
    "unsupported_image": Code(415, _("Pictures of this format are not read."), _("Send PNG, JPEG, WebP or BMP.")),
    # What is asked for
    "not_found": Code(404, _("There is nothing here, or it is not yours."), _("Check the address and the key.")),
    "unknown_recognizer": Code(404, _("There is no such recognizer."), _("GET /api/v1/recognizers lists them.")),
    "unknown_label": Code(400, _("The recognizer has no such label."), _("Use one of those that `detail` names.")),
    "method_not_allowed": Code(405, _("This cannot be done here."), _("The header `Allow` says what can.")),
    "precondition_failed": Code(
        412, _("What is there is not what `If-Match` names."), _("Ask without it for what is there now.")
    ),
    "unknown_version": Code(
        404, _("The recognizer has no such version."), _("GET /api/v1/recognizers/{slug}/versions lists them.")
    ),
    "version_unavailable": Code(409, _("The version cannot answer."), _("Choose another, or none.")),
    "too_many_items": Code(400, _("More than 256 items in a batch."), _("Send them in several requests.")),
    "export_open": Code(409, _("An export of yours is being written."), _("Wait for it, or delete it first.")),
    "export_unfinished": Code(409, _("The file is not written yet."), _("Ask for the export until it is `ready`.")),
    "export_gone": Code(410, _("The export has no file, or not any more."), _("Ask for a new one.")),
    "id_taken": Code(409, _("The `id` is taken by another drawing."), _("Make a new UUID.")),
    # Who asks
    "not_authenticated": Code(
        401, _("Nobody is signed in, and no key was shown."), _("Send `Authorization: Bearer` with a key.")
    ),
    "key_malformed": Code(401, _("What was shown is no key."), _("Copy the key whole, as it was shown.")),
    "key_unknown": Code(401, _("There is no such key."), _("Check it, or make a new one.")),
    "key_revoked": Code(401, _("The key was revoked."), _("Make a new one.")),
    "key_expired": Code(401, _("The key has expired."), _("Make a new one.")),
    "account_inactive": Code(401, _("The account of the key is closed."), _("Ask whoever runs the site.")),
    "scope_missing": Code(403, _("The key may not do this."), _("Make a key with the scope that `detail` names.")),
    "origin_refused": Code(
        403, _("The key is bound to other sites than the one whose page asks."), _("Add the site to a new key.")
    ),
    "consent_required": Code(
        403, _("Drawings are kept only with their person's consent."), _("Give it on the account page.")
    ),
    "permission_denied": Code(
        403, _("This person may not do this, or the form's token is missing."), _("Reload the page, or ask for leave.")
    ),
    # Again, and too often
    "idempotency_invalid": Code(
        400,
        _("The `Idempotency-Key` is empty, too long or not plain."),
        _("Send 1 to 255 visible ASCII signs, as a UUID."),
    ),
    "idempotency_in_progress": Code(
        409, _("The same request is still being worked on."), _("Send it again after `Retry-After` seconds.")
    ),
    "idempotency_mismatch": Code(
        422, _("This `Idempotency-Key` came with another request before."), _("Use a new one for each new request.")
    ),
    "throttled": Code(429, _("Too many requests."), _("Wait as many seconds as `Retry-After` says.")),
    # The site
    "no_model": Code(503, _("The recognizer has no model yet."), _("Try again later, or ask who runs the site.")),
    "unavailable": Code(503, _("The site cannot answer right now."), _("Try again after `Retry-After` seconds.")),
}
