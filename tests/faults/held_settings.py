"""The site's settings, and the app that holds workers."""

from support_site.settings import *  # noqa: F403
from support_site.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.held.Held"]
