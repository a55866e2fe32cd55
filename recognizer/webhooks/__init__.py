"""Webhooks: signed HTTP requests about reviews, promotions and exports, repeated until they arrive.

events             creates a delivery for each webhook, in the transaction of the event
delivery           sends due deliveries in the background
manage             what owners can do with their webhooks
signing            secrets and signatures
allowed_addresses  which addresses may be called
transport          the HTTP transport that enforces this
notify_owner       mails to owners
"""

from recognizer.webhooks.events import (
    create_export_deliveries,
    create_promotion_deliveries,
    create_review_deliveries,
)
