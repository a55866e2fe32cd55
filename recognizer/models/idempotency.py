"""Receipt: the answer to a write, so that the same request sent again does not write twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User

KEEP_FOR = timedelta(days=1)


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    """Querysets of receipts."""

    def of(self, person_id: int, key: ApiKey | None) -> Self:
        """Those of an API key, or of a person on the site. Each key of a person has its own names."""
        return self.filter(key=key) if key else self.filter(person=person_id, key=None)

    def expired(self) -> Self:
        """Those that are older than KEEP_FOR and count no longer."""
        return self.filter(created__lte=timezone.now() - KEEP_FOR)


class Receipt(models.Model):
    """The answer to a write with an `Idempotency-Key` header (`name`), for a day.

    It is added in the transaction of the write, so it exists if and only if something was written. `asked` is a hash
    of method, address and body.
    """

    person = models.ForeignKey(User, models.CASCADE, related_name="receipts", verbose_name=_("person"))
    key = models.ForeignKey(ApiKey, models.CASCADE, null=True, related_name="receipts", verbose_name=_("API key"))
    name = models.CharField(_("name"), max_length=255)
    asked = models.CharField(_("hash of the request"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status"), default=0)
    content = models.TextField(_("content"), blank=True)
    headers = models.JSONField(_("headers"), default=dict)
    created = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [
            models.UniqueConstraint(fields=["key", "name"], condition=Q(key__isnull=False), name="receipt_of_a_key"),
            models.UniqueConstraint(fields=["person", "name"], condition=Q(key=None), name="receipt_of_a_person"),
        ]

    def __str__(self) -> str:
        return self.name
