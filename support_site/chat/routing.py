"""Where sockets go."""

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from support_site.chat.consumers import ChatConsumer


class Nowhere(AsyncWebsocketConsumer):
    """An address that does not exist looks like a conversation that does not."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(4404)


websocket_urlpatterns = [
    path("ws/conversations/<uuid:conversation_id>/", ChatConsumer.as_asgi()),
    re_path("", Nowhere.as_asgi()),
]
