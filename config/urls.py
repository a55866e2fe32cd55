"""The URLs of the project."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Inkling"
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Errors outside of views.
handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.page_not_found"
handler500 = "config.errors.server_error"

urlpatterns = [
    path("api/v1/", include("recognizer.api.urls")),  # first, as it is asked most
    path("", include("recognizer.pages.urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
