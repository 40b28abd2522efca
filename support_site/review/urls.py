"""Pages of the admin that belong to no single model."""

from django.contrib import admin
from django.urls import path

from support_site.review import correction_views, replay_views
from support_site.review.dashboard_views import dashboard

urlpatterns = [
    path("dashboard/", admin.site.admin_view(dashboard), name="review_dashboard"),
    path("corrections/", admin.site.admin_view(correction_views.correct), name="review_corrections"),
    path("replays/of/<int:memory_id>/", admin.site.admin_view(replay_views.ask), name="review_replay"),
    path("replays/<uuid:replay_id>/", admin.site.admin_view(replay_views.show), name="review_replayed"),
]
