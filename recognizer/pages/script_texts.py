"""Translated texts for the scripts of the pages. The scripts fill in `{placeholders}`."""

from __future__ import annotations

from django.utils.translation import gettext as _


def draw_page() -> dict[str, str]:
    """Texts of the draw page, by the name that the scripts use."""
    return {
        "looksLike": _("Looks like {name}"),
        "looksLikeSpoken": _("Looks like {name}, {percent}"),
        "unsure": _("Not sure"),
        "otherRecognizer": _("This looks like {name} in {recognizer}."),
        "switched": _("Switched to {name}."),
        "youDrawLikeThis": _("You draw {name} like this"),
        "youLabelledSimilar": _("You labelled a similar drawing {name}"),
        "memoryChangedThis": _("Your personal memory changed this answer"),
        "modelAnswer": _("Model without it: {modelAnswer}"),
        "guess": _("{name}, {percent}"),
        "unsureInText": _("not sure"),
        "personalSpoken": _("{answer}, with your personal memory. Model without it: {modelAnswer}."),
        "nothing": _("Draw something first"),
        "chooseGuess": _("It is {name}. The model's probability for it is {percent}."),
        "confirmed": _("Confirmed: {name}."),
        "corrected": _("Saved as {name}."),
        "labelRemoved": _("The label was removed."),
        "labelNotRemoved": _("The label could not be removed. You can change it in My drawings."),
        "cleared": _("Drawing cleared. Undo restores it."),
        "newDrawing": _("New drawing."),
        "penDown": _("Pen down"),
        "penUp": _("Pen up"),
        "cursor": _("{across} across, {down} down"),
        "tooManyPoints": _("The drawing has too many points. Clear it to continue."),
        "nothingStored": _(
            "Nothing can be saved on this device: the browser's storage for this site is blocked or full. "
            "You can draw, but leave or reload this page only after your drawing is uploaded."
        ),
        "offline": _("No connection. Your drawing is not lost."),
        "serverError": _("The server had an error. Your drawing is not lost."),
        "outOfDate": _("This page is out of date. Reload it. Your drawing is not lost."),
        "tooManyRequests": _("Too many requests. The answer will come in a moment."),
        "notAPicture": _("This file is not a supported picture. Use PNG, JPEG, WebP or BMP."),
    }


def drawings_page() -> dict[str, str]:
    """Texts of My drawings, by the name that the scripts use."""
    return {
        "confirmed": _("You confirmed: {name}"),
        "corrected": _("Your label: {name}"),
        "unanswered": _("No label yet"),
        "add": _("Add label"),
        "change": _("Change"),
        "deleted": _("The drawing was deleted."),
        "failed": _("That did not work: {detail}"),
        "offline": _("No connection. Try again in a moment."),
    }


def developers_page() -> dict[str, str]:
    """Texts of the drawing area on the page for developers, by the name that its script uses."""
    return {
        "waiting": _("Waiting for the answer…"),
        "answered": _("{name}, {percent}"),
        "unsure": _("Not sure; perhaps {name}."),
        "offline": _("No answer. Check your connection and draw again."),
    }


def review_page() -> dict[str, str]:
    """Texts of the review pages by the names that their scripts use."""
    return {
        "decided": _("{summary}. Next: {next}"),
        "undone": _("Undone: {summary}"),
        "decision": _("the decision"),
        "sending": _("{count} not sent yet"),
        "offline": _("No connection. Your decisions are saved in this tab. They will be sent when it is back."),
        "serverError": _("The server had a problem. Your decisions are saved in this tab and will be sent again soon."),
        "signedOut": _("You have been signed out. Sign in in another tab, then try again here. Nothing is lost."),
        "outOfDate": _("This page is out of date. Reload it. Your decisions will be sent after that."),
        "notSaved": _("“{summary}” was not saved. {detail}"),
        "close": _("Close"),
        "approveAll": _("Approve these {count}"),
        "approveOthers": _("Approve the other {count}"),
    }
