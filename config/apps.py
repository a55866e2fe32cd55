"""The admin app with this project's admin site."""

from django.contrib.admin.apps import AdminConfig


class InklingAdminConfig(AdminConfig):
    """Django's admin app with `InklingAdminSite`."""

    default_site = "config.admin_site.InklingAdminSite"
