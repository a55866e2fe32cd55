"""Translated texts for the scripts of the pages. The scripts fill in `{placeholders}`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from recognizer.api.error_codes import CODES


def _error_words() -> dict[str, str]:
    """What the error codes of the API mean, in the language of the page; empty in English, where the API explains."""
    if get_language() == "en":
        return {}
    return {code: str(known.meaning) for code, known in CODES.items()}


def draw_page() -> dict[str, Any]:
    """Texts of the draw page, by the name that the scripts use."""
    return {
        "errors": _error_words(),
        "looksLike": _("Looks like {name}"),
        "answeredHere": _("Version {version} answered in your browser."),
        "answeredByServer": _("Version {version} answered on the server."),
        "versionRefused": _(
            "Version {version} of the model arrived damaged and is not used in this browser. "
            "The version before it goes on answering."
        ),
        "noFigure": _("There is no clean shape for this drawing."),
        "figureFailed": _("The server cannot be reached. Open this again to try once more."),
        "svgCopied": _("The SVG is copied."),
        "svgNotCopied": _("The SVG could not be copied. Download it instead."),
        "looksLikeSpoken": _("Looks like {name}, {percent}"),
        "unsure": _("Not sure"),
        "drawAnything": _("Draw anything"),
        "askingAll": _("All recognizers are asked."),
        "answeredBy": _("From {recognizer}"),
        "answeredByOrIs": _("From {recognizer}. Or is it"),
        "itIsInstead": _("It is {name} ({recognizer})"),
        "anyNeedsServer": _(
            "All recognizers are asked on the server, which cannot be reached now. Choose one of them to go on here."
        ),
        "askedInstead": _("Asked for {asked}; this looks like {drawn}."),
        "otherRecognizer": _("This looks like {name} in {recognizer}."),
        "sameShape": _("Also drawn like this: {names}."),
        "labelInRecognizer": _("{name} in {recognizer}"),
        "switched": _("Switched to {name}."),
        "youDrawLikeThis": _("You draw {name} like this"),
        "youLabelledSimilar": _("You labelled a similar drawing {name}"),
        "memoryChangedThis": _("Your personal memory changed this answer"),
        "modelAnswer": _("Model without it: {modelAnswer}"),
        "guess": _("{name}, {percent}"),
        "unsureInText": _("not sure"),
        "personalSpoken": _("{answer}, with your personal memory. Model without it: {modelAnswer}."),
        "blankPicture": _("This picture is blank. No ink was found in it."),
        "chooseGuess": _("{shown}: it is {name}"),
        "confirmed": _("Confirmed: {name}."),
        "corrected": _("Your label: {name}."),
        "noneOfThese": _("None of these"),
        "markedNone": _("Your label: none of these."),
        "copied": _("Copied: {code}"),
        "notCopied": _("The browser does not allow copying. The code is {code}."),
        "copyCode": _("Copy {code}"),
        "copyOther": _("This is {format}: there is no code in the format that you chose."),
        "codePackage": _("Needs {code}."),
        "codeMath": _("Write it in math mode."),
        "codeText": _("Write it in text mode."),
        "codeFurther": _("Also:"),
        "labelRemoved": _("The label was removed."),
        "labelNotRemoved": _("The label could not be removed. You can change it in My drawings."),
        "cleared": _("Drawing cleared. Undo restores it."),
        "newDrawing": _("New drawing."),
        "penDown": _("Pen down"),
        "penUp": _("Pen up"),
        "cursor": _("{across} across, {down} down"),
        "tooManyPoints": _("The drawing has as many points as are allowed. It stays as it is; clear it to draw more."),
        "nothingStored": _(
            "Nothing can be saved on this device: the browser's storage for this site is blocked or full. "
            "You can draw, but leave or reload this page only after your drawing is uploaded."
        ),
        **_connection(),
        "notUploaded": _("A drawing that waited on this device was not saved. {detail}"),
        "notAPicture": _("This file is not a supported picture. Use PNG, JPEG, WebP or BMP."),
        "heic": _(
            "This browser cannot read HEIC photos. Save the photo as JPEG first. "
            "An iPhone saves JPEG with Settings, Camera, Formats, Most Compatible."
        ),
    }


def _connection() -> dict[str, Any]:
    """What pages that deliver drawings say about the connection, the account, and what waits."""
    return {
        "offline": _("No connection."),
        "unreachable": _("The server does not answer."),
        "serverError": _("The server has a problem."),
        "tooManyRequests": _("Too many requests in a short time."),
        "goOn": _("Trying again…"),
        "waitsOne": _("1 drawing waits on this device."),
        "waitsMany": _("{count} drawings wait on this device."),
        "keepOpen": _("Keep this tab open until everything is uploaded."),
        "outOfDate": _("This page is out of date. Reload it. Your drawing is not lost."),
        "otherAccount": _(
            "Somebody else has signed in. Your drawings stay on this device, for you alone, "
            "and upload when you are signed in again."
        ),
        "signedOut": _(
            "You have been signed out. Your drawings stay on this device, for you alone, "
            "and upload when you are signed in again."
        ),
        "signedIn": _("Somebody has signed in in another tab. Reload to go on. Your drawing is not lost."),
    }


def rounds_page() -> dict[str, Any]:
    """Texts of the page of rounds, by the name that its scripts use."""
    return {
        "errors": _error_words(),
        "nth": _("{number} of {count}"),
        "asksSpoken": _("{number} of {count}. {prompt}"),
        "drawIt": _("Draw it."),
        "looking": _("Looking…"),
        "looksLike": _("Looks like {name} so far."),
        "notSure": _("Not sure yet."),
        "recognised": _("Recognized: {name}."),
        "noAnswer": _("There is no answer now. Go on drawing: it is looked at later."),
        "secondsLeft": _("{seconds} s"),
        "secondsLeftSpoken": _("{seconds} seconds left"),
        "timeUp": _("Time is up."),
        "penDown": _("Pen down"),
        "penUp": _("Pen up"),
        "cleared": _("Drawing cleared. Undo restores it."),
        "tooManyPoints": _("The drawing has as many points as are allowed. It stays as it is; clear it to draw more."),
        "score": _("{right} of {count} recognized"),
        "took": _("{seconds} seconds in all"),
        "asked": _("Asked for: {name}"),
        "takenFor": _("Taken for {name}, {percent}"),
        "takenForUnsure": _("Not sure, perhaps {name}, {percent}"),
        "notLookedAt": _("Nobody could look at it: no model was here and the server did not answer."),
        "notDrawn": _("Not drawn"),
        "skipped": _("Skipped"),
        "lasted": _("{seconds} s"),
        "lastedTimeUp": _("{seconds} s, time was up"),
        "yours": _("Your drawing of {name}"),
        "example": _("How {name} is usually drawn"),
        "replay": _("Replay how {name} is drawn"),
        "saving": _("Saving…"),
        "saved": _("Saved; a reviewer will check it."),
        "queued": _("Not uploaded yet. It will upload by itself."),
        "unlabelled": _("Saved without a label: nobody reviews it."),
        "notSaved": _("Not saved."),
        "refused": _("Not saved: {detail}"),
        "save": _("Save it"),
        "removeLabel": _("Remove label"),
        "removeLabelOf": _("Remove the label of your drawing of {name}"),
        "saveOf": _("Save your drawing of {name}"),
        "sources": _("The examples are drawings of {sources}, simplified."),
        "made": _("The examples were made for this site."),
        "source": _("{title} ({origin}, {licence})"),
        "pictureTitle": _("{name}: {right} of {count} recognized"),
        "pictureAlt": _("A picture of your {count} drawings, with what each was taken for."),
        "pictureUnsure": _("not sure"),
        "shareText": _("I drew {count} of these, and {right} were recognized."),
        "notLoaded": _("The labels could not be loaded. Check your connection and try again."),
        **_connection(),
    }


def drawings_page() -> dict[str, Any]:
    """Texts of My drawings, by the name that the scripts use."""
    return {
        "errors": _error_words(),
        "confirmed": _("You confirmed: {name}"),
        "corrected": _("Your label: {name}"),
        "unanswered": _("No label yet"),
        "noneOfThese": _("None of these"),
        "add": _("Add label"),
        "change": _("Change"),
        "deleted": _("The drawing was deleted."),
        "failed": _("That did not work: {detail}"),
        "offline": _("No connection. Try again in a moment."),
        "notUploaded": _("A drawing that waited on this device was not saved. {detail}"),
    }


def developers_page() -> dict[str, Any]:
    """Texts of the drawing area on the page for developers, by the name that its script uses."""
    return {
        "errors": _error_words(),
        "waiting": _("Waiting for the answer…"),
        "answered": _("{name}, {percent}"),
        "unsure": _("Not sure; perhaps {name}."),
        "tooManyPoints": _("The drawing has as many points as are allowed. Clear it to draw more."),
        "offline": _("No answer. Check your connection and draw again."),
    }


def review_page() -> dict[str, str]:
    """Texts of the review pages by the names that their scripts use."""
    return {
        "changed": _("changed from {author} to {label}"),
        "decided": _("{summary}. Next: {next}"),
        "undone": _("Undone: {summary}"),
        "decision": _("the decision"),
        "sending": _("{count} not sent yet"),
        "waiting": _("{count} to review"),
        "offline": _("No connection. Your decisions are saved in this tab. They will be sent when it is back."),
        "serverError": _("The server had a problem. Your decisions are saved in this tab and will be sent again soon."),
        "signedOut": _("You have been signed out. Sign in in another tab, then try again here. Nothing is lost."),
        "otherAccount": _(
            "Somebody else has signed in. Your decisions are saved in this tab, for you alone. "
            "Sign in to your account in another tab, then try again here."
        ),
        "outOfDate": _("This page is out of date. Reload it. Your decisions will be sent after that."),
        "notSaved": _("“{summary}” was not saved. {detail}"),
        "close": _("Close"),
        "approveAll": _("Approve these {count}"),
        "approveOthers": _("Approve the other {count}"),
    }


def reading_page() -> dict[str, str]:
    """Texts of the page that shows how a network reads a drawing."""
    return {
        "drawHere": _("Draw something in the square."),
        "goOn": _("Change your drawing: everything below follows at once."),
        "notLoaded": _("The model could not be loaded. Reload the page to try again."),
        "unknownModel": _("This model has parts that this page cannot compute. The draw page asks the server instead."),
        "convolution": _("Layer {number}"),
        "pooling": _("Pooling after layer {number}"),
        "firstWords": _(
            "{filters} filters. Each looks at {rows} × {columns} pixels of your drawing and has {weights} numbers."
        ),
        "nextWords": _(
            "{filters} filters. Each looks at {rows} × {columns} pixels of all {channels} pictures before, with "
            "{weights} numbers."
        ),
        "sizeWords": _("The pictures have {height} × {width} pixels. These filters found most in your drawing:"),
        "poolingWords": _("The same {pictures} pictures, now with {height} × {width} pixels:"),
        "filter": _("Filter {number}"),
        "summary": _(
            "What the last filters found becomes {count} numbers. Drawings that look alike to the network have similar "
            "numbers. {used} of them are above 0 for your drawing."
        ),
        "noneOfThese": _("None of these"),
        "verdict": _(
            "The first guess is {name}. Its {share} is not below the limit of {limit}, so the network is sure."
        ),
        "verdictUnsure": _(
            "The best guess is {name}. Its {share} is below the limit of {limit}, so the answer is “not sure”."
        ),
    }
