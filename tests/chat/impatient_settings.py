"""The site's settings, for a site that cuts off sooner whoever does not read."""

from support_site.chat import wire
from support_site.settings import *  # noqa: F403

wire.SEND_SECONDS = 1.0
