"""The pages of a customer's conversations."""

from django.urls import path

from support_site.chat import views

urlpatterns = [
    path("", views.conversations, name="conversations"),
    path("conversations/new/", views.conversation_new, name="conversation_new"),
    path("conversations/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("conversations/<uuid:conversation_id>/person/", views.conversation_person, name="conversation_person"),
]
