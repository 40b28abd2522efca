"""A browser's socket, spoken to without a server."""

import json

from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client

from support_site.asgi import application

ORIGIN = b"http://localhost:8000"


class Socket(ApplicationCommunicator):
    """A browser's socket; ``frames`` is everything it was sent. (That of channels.testing would need Daphne.)"""

    def __init__(self, conversation, session="", origin=ORIGIN):
        headers = [(b"host", b"localhost:8000")]
        headers += [(b"origin", origin)] if origin else []
        headers += [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={session}".encode())] if session else []
        path = f"/ws/conversations/{getattr(conversation, 'pk', conversation)}/"
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
        super().__init__(application, scope)
        self.frames = []

    async def connect(self):
        await self.send_input({"type": "websocket.connect"})
        return (await self.receive_output(5))["type"] == "websocket.accept"

    async def disconnect(self):
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(5)

    async def send(self, text):
        await self.send_input({"type": "websocket.receive", "text": text})

    async def say(self, kind, **fields):
        await self.send(json.dumps({"type": kind, **fields}))

    async def next(self):
        frame = json.loads((await self.receive_output(5))["text"])
        self.frames.append(frame)
        return frame

    async def until(self, kind, **wanted):
        """The next frame of this type (of an event frame: the event) with these values."""
        while True:
            frame = await self.next()
            found = frame["event"] if frame["type"] == "event" else frame
            if found["type"] == kind and all(found.get(name) == value for name, value in wanted.items()):
                return found

    async def hello(self, **cursors):
        await self.say("hello", cursors=cursors)
        return await self.until("snapshot")

    async def close_code(self):
        while True:
            message = await self.receive_output(5)
            if message["type"] == "websocket.close":
                return message.get("code")

    def events(self, turn=None):
        return [(frame["seq"], frame["event"]) for frame in self.frames if frame["type"] == "event"]


def session_of(user):
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
