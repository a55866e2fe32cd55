"""The admin as this site has it."""

from django.contrib.admin.apps import AdminConfig


class SiteConfig(AdminConfig):
    """Django's own, with an index of our own."""

    default_site = "config.admin_site.Site"
