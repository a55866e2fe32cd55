"""Webhooks: programs of people are told what happened, signed, and again until they heard it.

`noting` makes a delivery in the transaction of what happened; `sending` sends what is due, in the background; `hooks`
are the verbs of the pages; `signing` says how a receiver knows that it is us, `addresses` whom we do not talk to.
"""

from recognizer.webhooks.events import create_promotion_deliveries, create_review_deliveries

__all__ = ["create_promotion_deliveries", "create_review_deliveries"]
