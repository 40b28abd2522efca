"""The site's settings, and the app that holds workers."""

from support_site.settings import *  # noqa: F403
from support_site.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.held.Held"]

# A browser gets the files of a page from where they lie: nothing has collected them.
SERVESTATIC_USE_FINDERS, STATIC_ROOT = True, None
