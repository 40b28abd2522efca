"""What a customer can do about the data that is kept: see it, take it, have it erased."""

from django.urls import path

from support_site.privacy import memory_views, reason_views, views

urlpatterns = [
    path("memory/", memory_views.memory, name="memory"),
    path("memory/replies/<uuid:message_id>/", reason_views.reasons, name="memory_reasons"),
    path("memory/pause/", memory_views.memory_pause, name="memory_pause"),
    path("memory/notes/<str:key>/correct/", memory_views.memory_correct, name="memory_correct"),
    path("memory/notes/<str:key>/undo/", memory_views.memory_undo, name="memory_undo"),
    path("memory/notes/<str:key>/forget/", memory_views.memory_forget, name="memory_forget"),
    path(
        "memory/conversations/<uuid:conversation_id>/",
        memory_views.memory_of_conversation,
        name="memory_of_conversation",
    ),
    path("privacy/export/", views.export_page, name="privacy_export"),
    path("privacy/export/<uuid:export_id>/", views.export_file, name="privacy_export_file"),
    path("privacy/delete/", views.delete_page, name="privacy_delete"),
    path("privacy/receipts/<uuid:erasure_id>/", views.receipt, name="privacy_receipt"),
    path("conversations/<uuid:conversation_id>/delete/", views.conversation_delete, name="conversation_delete"),
]
