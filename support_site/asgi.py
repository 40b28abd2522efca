"""HTTP and WebSocket, behind one address."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support_site.settings")

from django.core.asgi import get_asgi_application

http_application = get_asgi_application()

# Imported only now: these need Django's apps to be ready.
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from support_site.chat.routing import websocket_urlpatterns
from support_site.lifespan import Lifespan
from support_site.probes import Probes

application = ProtocolTypeRouter(
    {
        "http": Probes(http_application),
        "websocket": AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns)),
        "lifespan": Lifespan(),
    }
)
