"""A small world of rows, made without a network: a recognizer, a version, drawings with all that was said."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from accounts import audit, keys
from accounts.models import KeyUse, User
from recognizer.models import (
    AuthorExclusion,
    Claim,
    Control,
    Correction,
    Delivery,
    Drawing,
    Export,
    ExportChunk,
    ImportedDrawing,
    ImportJob,
    Label,
    LabelCheck,
    Memory,
    ModelVersion,
    Opinion,
    PersonalAnswer,
    Prediction,
    Promotion,
    QueueEntry,
    Receipt,
    Recognizer,
    Remembered,
    Report,
    Review,
    SnapshotItem,
    TrainingRun,
    Webhook,
)
from tests.people import allow

PNG = b"\x89PNG pretends"


def recognizer() -> Recognizer:
    """Two labels and one version that knows nothing."""
    made, new = Recognizer.objects.get_or_create(slug="digits", defaults={"name": "Digits"})
    if new:
        for position, slug in enumerate("71"):
            Label.objects.create(recognizer=made, slug=slug, glyph=slug, name=slug, position=position)
        ModelVersion.objects.create(
            recognizer=made, number=1, manifest={}, tflite=b"no model", keras=b"no model", sha256="0" * 64
        )
    return made


def drawing(author: User, **content: Any) -> Drawing:
    """A drawing that was taken for a 1, called a 7 by its author, and then nothing any more."""
    digits = recognizer()
    seven, one = digits.labels.all()
    made = Drawing.objects.create(author=author, recognizer=digits, **(content or {"ink": [[[1, 2], [3, 4]]]}))
    version = digits.versions.get()
    guesses = [["1", 0.6], ["7", 0.3]]
    Prediction.objects.create(
        drawing=made, model_version=version, guesses=guesses, label=one, probability=0.6, unsure=True
    )
    said = Correction.objects.create(drawing=made, label=seven)
    Correction.objects.create(drawing=made, label=None, replaces=said)
    return made


def furnish(user: User) -> None:
    """Give a person a row in every table that can hold one of theirs."""
    made = drawing(user)
    taught(made, by=user)
    recalled(made)
    drawing(user, image=PNG)
    shared(made)
    told(made)
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "do not tell"})
    key, _secret = keys.create_key(person=user, name="Scanner", scopes=["predict"])
    KeyUse.objects.create(key=key, day=timezone.now().date(), calls=7)
    Receipt.objects.create(person=user, key=key, name="once", asked="0" * 64, status=204)
    user.groups.add(Group.objects.get_or_create(name="Reviewers")[0])
    allow(user, "view_drawing")
    log(by=user, about=user)
    audit.note(by=user, what="policy.changed", subject="digits", detail={"cap": [100, 50]})
    watched(made)
    last = Promotion.objects.first()
    Promotion.objects.create(
        recognizer=recognizer(), model_version=recognizer().versions.get(), replaces=last, by=user, reason="a try"
    )


def taught(made: Drawing, *, by: User) -> None:
    """What somebody decided about a drawing, and the run that they started with it."""
    said = made.corrections.order_by("pk").first()
    assert said
    assert said.label
    Review.objects.create(correction=said, decision=Review.Decision.ACCEPTED, label=said.label, by=by)
    control = Control.objects.create(correction=said, label=said.label, by=by)
    answer = {"correction": said, "label": said.label, "decision": Review.Decision.ACCEPTED}
    Opinion.objects.create(by=by, control=control, **answer)
    Claim.objects.create(correction=said, by=by, until=timezone.now())
    QueueEntry.objects.create(
        correction=said, waits=False, usefulness=16, recognizer=made.recognizer, label=said.label, author=made.author
    )
    LabelCheck.objects.create(
        drawing=made, correction=said, recognizer=made.recognizer, label=said.label, approved=True, share=0.3
    )
    run = TrainingRun.objects.create(
        recognizer=made.recognizer,
        state=TrainingRun.State.REFUSED,
        reason="Too few.",
        trigger="By hand.",
        by=by,
        finished=timezone.now(),
    )
    SnapshotItem.objects.create(run=run, drawing=made, label=said.label, part=SnapshotItem.Part.STUDY)


def shared(made: Drawing) -> None:
    """A drawing that was brought in by a file, and is in another one that its author asked for."""
    brought = ImportJob.objects.create(source="drawings.ndjson", form="ndjson", licence="CC BY 4.0")
    ImportedDrawing.objects.create(drawing=made, brought=brought, licence="CC BY 4.0")
    export = Export.objects.create(by=made.author, form="ndjson", state=Export.State.READY)
    ExportChunk.objects.create(export=export, number=0, content=b"{}", drawings=made.pk.to_bytes(8, "little"))


def told(made: Drawing) -> None:
    """A webhook of its author, which was told of the drawing."""
    hook = Webhook.objects.create(person=made.author, url=f"https://example.org/{made.author}", events=[])
    Delivery.objects.create(webhook=hook, type="correction.reviewed", drawing=made, body="{}")


def watched(made: Drawing) -> None:
    """Everything by its author was set aside, by themselves, and they reported and handled one of their drawings."""
    author = made.author
    AuthorExclusion.objects.create(author=author, aside=True, reason="Not by hand.", by=author)
    Report.objects.create(page="/", drawing=made, reason="wrong", words="It is mine.", by=author)
    done = {"outcome": "dismissed", "handled_by": author, "handled": timezone.now()}
    Report.objects.create(page="/models/", reason="other", **done)


def recalled(made: Drawing) -> None:
    """A drawing that is remembered, and was answered by itself, as if it had been there before."""
    seven = made.recognizer.labels.get(slug="7")
    memory, _new = Memory.objects.get_or_create(person=made.author, recognizer=made.recognizer)
    version = made.recognizer.versions.get()
    Remembered.objects.create(memory=memory, drawing=made, label=seven, version=version, packed=b"as it was seen")
    answer = PersonalAnswer.objects.create(
        prediction=made.predictions.get(), guesses=[["7", 0.8], ["1", 0.1]], label=seven, probability=0.8, unsure=False
    )
    answer.because.add(made)


def log(*, by: User, about: User) -> None:
    """What the admin notes when staff change somebody."""
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=by, content_type=kind, object_id=str(about.pk), object_repr=str(about), action_flag=CHANGE
    )
