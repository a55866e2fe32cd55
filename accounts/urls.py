"""URLs of the account pages that allauth does not have."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("", views.account, name="account"),
    path("consent/", views.consent, name="account_consent"),
    path("consent/withdraw/", views.withdraw_consent, name="account_withdraw_consent"),
    path("delete/", views.delete, name="account_delete"),
]
