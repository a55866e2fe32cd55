"""All error codes of the API. The OpenAPI document and the developers' page show this list.

Codes and statuses are stable. Texts are for people and may change.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_Text = str | Promise


class Code(NamedTuple):
    """The HTTP status of a code, what it means, and what to do about it."""

    status: int
    meaning: _Text
    cure: _Text


CODES: dict[str, Code] = {
    # Bodies
    "parse_error": Code(400, _("The body cannot be parsed."), _("Send valid JSON in UTF-8, or a complete form.")),
    "unreadable": Code(400, _("The request ended early, or came too slowly."), _("Send it again.")),
    "invalid": Code(400, _("A field is invalid."), _("See `field` and `detail`.")),
    "invalid_cursor": Code(400, _("The cursor is invalid."), _("Start without a cursor, and follow `next`.")),
    "unknown_field": Code(
        400, _("There is no such field or query parameter."), _("See `detail` for the name that you may have meant.")
    ),
    "missing_field": Code(400, _("A field is missing."), _("Send the field that `field` names.")),
    "length_required": Code(
        411, _("The request has no `Content-Length`."), _("Send the body with its length, not in chunks.")
    ),
    "too_large": Code(
        413, _("The body is too large."), _("At most 256 KB of JSON, 4 MB for a batch, and 5 MB for a picture.")
    ),
    "unsupported_media_type": Code(
        415,
        _("The content type of the body is not supported."),
        _("Send JSON as `application/json`; a picture to an address for pictures, as `application/octet-stream`."),
    ),
    # Ink
    "invalid_ink": Code(400, _("The ink is not a list of strokes."), _("See the ink format in the documentation.")),
    "empty_ink": Code(400, _("The ink has no strokes."), _("Draw something first.")),
    "too_many_strokes": Code(400, _("More than 256 strokes."), _("Send fewer strokes.")),
    "too_many_points": Code(400, _("More than 20,000 points."), _("Send fewer points.")),
    # Pictures
    "invalid_image": Code(400, _("This is not a picture, or it is damaged."), _("Send PNG, JPEG, WebP or BMP.")),
    "blank_image": Code(400, _("The picture is blank."), _("Use a darker pen or more light.")),
    "image_too_large": Code(413, _("The picture has too many pixels or bytes."), _("Make it smaller.")),
    "unsupported_image": Code(415, _("The picture format is not supported."), _("Send PNG, JPEG, WebP or BMP.")),
    # Resources
    "not_found": Code(404, _("It does not exist, or it is not yours."), _("Check the address and the key.")),
    "unknown_recognizer": Code(404, _("There is no such recognizer."), _("`GET /api/v1/recognizers` lists them.")),
    "recognizer_off": Code(
        409,
        _("The recognizer is switched off on this site. Drawings made with it are still there."),
        _("`GET /api/v1/recognizers` lists those that are on."),
    ),
    "unknown_label": Code(400, _("The recognizer has no such label."), _("Use one of the labels in `detail`.")),
    "method_not_allowed": Code(405, _("The method is not allowed here."), _("Use a method of the `Allow` header.")),
    "precondition_failed": Code(
        412,
        _("The resource is not in the state that `If-Match` or `If-None-Match` asks for."),
        _("Read it again, or send the request without these headers."),
    ),
    "precondition_unsupported": Code(
        400,
        _("This request cannot have conditions like these."),
        _("Send `If-Match` and `If-None-Match` with PUT and DELETE only, and no `If-Unmodified-Since`."),
    ),
    "unknown_version": Code(
        404, _("The recognizer has no such version."), _("`GET /api/v1/recognizers/{slug}/versions` lists them.")
    ),
    "version_unavailable": Code(409, _("The version cannot be used."), _("Choose another one, or leave it out.")),
    "too_many_items": Code(400, _("More than 256 items in a batch."), _("Send them in several requests.")),
    "export_open": Code(409, _("Another export of yours is not finished."), _("Wait for it, or delete it.")),
    "export_unfinished": Code(409, _("The file is not written yet."), _("Read the export until its state is `ready`.")),
    "export_gone": Code(410, _("The export has no file, or its file was deleted."), _("Request a new export.")),
    "account_changed": Code(
        409,
        _("The page was made for another account than the one that is signed in now."),
        _("Sign in to the first account again, or reload the page."),
    ),
    "id_taken": Code(
        409,
        _("Another drawing has this `id`: another ink or picture, recognizer or person."),
        _("Create a new UUID for each drawing."),
    ),
    "drawing_deleted": Code(
        410,
        _("The drawing with this `id` was deleted."),
        _("Leave it deleted, or create a new UUID to save it again."),
    ),
    # Authentication and permissions
    "not_authenticated": Code(
        401, _("The request has neither a session nor a key."), _("Send `Authorization: Bearer` with a key.")
    ),
    "key_malformed": Code(401, _("This is not an API key."), _("Copy the whole key.")),
    "key_unknown": Code(401, _("There is no such key."), _("Check it, or create a new one.")),
    "key_revoked": Code(401, _("The key was revoked."), _("Create a new one.")),
    "key_expired": Code(401, _("The key has expired."), _("Create a new one.")),
    "account_inactive": Code(401, _("The account of the key is closed."), _("Ask the staff of the site.")),
    "scope_missing": Code(403, _("The key does not have the scope."), _("Create a key with the scope in `detail`.")),
    "origin_refused": Code(403, _("The key does not list the site of the page."), _("Create a key for this site.")),
    "consent_required": Code(
        403, _("Drawings are saved only with the person's consent."), _("The person can give it on the account page.")
    ),
    "permission_denied": Code(
        403, _("The person lacks a permission, or the CSRF token is missing."), _("Reload the page, or ask the staff.")
    ),
    # Repeated and too many requests
    "idempotency_invalid": Code(
        400,
        _("The `Idempotency-Key` is empty, too long or has other characters."),
        _("Send 1 to 255 visible ASCII characters, for example a UUID."),
    ),
    "idempotency_in_progress": Code(
        409,
        _("The first request with this `Idempotency-Key` is still running."),
        _("Send it again after `Retry-After` seconds."),
    ),
    "idempotency_mismatch": Code(
        422, _("Another request had this `Idempotency-Key`."), _("Use a new one for each new request.")
    ),
    "throttled": Code(429, _("Too many requests."), _("Wait `Retry-After` seconds.")),
    "daily_limit": Code(
        429, _("You have saved as many drawings today as a person may."), _("Wait `Retry-After` seconds.")
    ),
    # The site
    "invalid_host": Code(
        400, _("The site has no such host name."), _("Use its address, or ask the staff to add this one to it.")
    ),
    "internal_error": Code(
        500,
        _("There was an unexpected error on the server. It is in the log."),
        _("Send the request again later; report the error with its `request_id`."),
    ),
    "no_model": Code(503, _("The recognizer has no model yet."), _("Try again later, or ask the staff of the site.")),
    "unavailable": Code(503, _("The site cannot answer at the moment."), _("Try again after `Retry-After` seconds.")),
}
