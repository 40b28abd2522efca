"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from support_site.orders.api import api as shop_api

# The admin's own sign-in form is not throttled; allauth's is, and there is one door for everybody.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("admin/", include("support_site.review.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("support_site.accounts.urls")),
    path("api/shop/v1/", shop_api.urls),
    path("", include("support_site.privacy.urls")),
    path("", include("support_site.chat.urls")),
]

handler500 = "support_site.failures.server_error"
