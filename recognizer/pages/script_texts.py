"""What the scripts of the pages say, in the language of the reader. `{holes}` are filled by them."""

from __future__ import annotations

from django.utils.translation import gettext as _


def draw_page() -> dict[str, str]:
    """Texts of the draw page by the names its scripts use."""
    return {
        "looksLike": _("Looks like {name}"),
        "looksLikeSpoken": _("Looks like {name}, {percent}"),
        "unsure": _("Not sure"),
        "elsewhere": _("This looks like {name} in {recognizer}."),
        "switched": _("Now for {name}."),
        "because": _("You wrote {name} like this"),
        "called": _("You called one like this {name}"),
        "byYourDrawings": _("Your own drawings changed this"),
        "alone": _("The model alone: {alone}"),
        "guess": _("{name}, {percent}"),
        "unsureAlone": _("not sure"),
        "personalSpoken": _("{answer}, by your own drawings. The model alone says: {alone}."),
        "nothing": _("Nothing to read yet"),
        "sayIt": _("It is {name}. The model gives it {percent}."),
        "agreed": _("Right: {name}."),
        "corrected": _("Noted: it is {name}."),
        "takenBack": _("Your answer is taken back."),
        "notTakenBack": _("Your answer could not be taken back. You can change it in My drawings."),
        "cleared": _("The sheet is cleared. Undo brings the drawing back."),
        "newSheet": _("A new sheet."),
        "penDown": _("Pen down"),
        "penUp": _("Pen up"),
        "cursor": _("{across} across, {down} down"),
        "sheetFull": _("The sheet is full. Clear it to go on."),
        "offline": _("No connection. Your ink is still here."),
        "serverStumbled": _("The server stumbled. Your ink is still here."),
        "outOfDate": _("This page is out of date. Reload it; your ink stays."),
        "pause": _("Many questions at once; the answer comes in a moment."),
        "notAPicture": _("This is not a picture that can be read. Use PNG, JPEG, WebP or BMP."),
    }


def drawings_page() -> dict[str, str]:
    """Texts of My drawings by the names its scripts use."""
    return {
        "agreed": _("You agreed: {name}"),
        "corrected": _("You said: {name}"),
        "unanswered": _("You have not said yet"),
        "say": _("Say what it is"),
        "change": _("Change"),
        "deleted": _("The drawing is deleted."),
        "failed": _("That did not work: {detail}"),
        "offline": _("No connection. Try again in a moment."),
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
        "signedOut": _("You are signed out. Sign in in another tab, then try again here. Nothing is lost."),
        "outOfDate": _("This page is out of date. Reload it. Your decisions will be sent after that."),
        "notSaved": _("“{summary}” was not saved. {detail}"),
        "close": _("Close"),
        "approveAll": _("Approve these {count}"),
        "approveOthers": _("Approve the other {count}"),
    }
