"""The dashboard as a page of the admin."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from support_site.review.dashboard import RANGES, overview
from support_site.review.panels import charts, tiles


@require_safe
@permission_required("chat.view_turn", raise_exception=True)
def dashboard(request: HttpRequest) -> HttpResponse:
    """What happened in the last 7, 30 or 90 days."""
    asked = request.GET.get("days", "")
    length = int(asked) if asked in map(str, RANGES) else 30
    told = overview(length)
    is_priced = bool(settings.MODEL_INPUT_PRICE or settings.MODEL_OUTPUT_PRICE)
    context = {
        "title": "Dashboard",
        "length": length,
        "ranges": RANGES,
        "time_zone": settings.TIME_ZONE,
        "is_empty": not any(told.now.counts.values()),
        "tiles": tiles(told, is_priced=is_priced),
        "charts": charts(told, is_priced=is_priced),
    }
    return TemplateResponse(request, "admin/review/dashboard.html", admin.site.each_context(request) | context)
