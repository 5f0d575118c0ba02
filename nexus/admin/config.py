"""Has Django's admin use our site."""

from django.contrib.admin.apps import AdminConfig


class ShopAdminConfig(AdminConfig):
    """Django's admin, registered with `ShopAdminSite`."""

    default_site = "nexus.admin.site.ShopAdminSite"
