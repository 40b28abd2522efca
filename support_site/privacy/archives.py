"""Files of exports in Django's default storage, which every process of the site must reach (FILES_DIR)."""

import secrets
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage

from support_site.privacy.models import Export


def keep(export: Export, content: IO[bytes]) -> None:
    """Put the archive into the storage under a name nobody can guess; the caller saves the row."""
    export.file = default_storage.save(f"exports/{secrets.token_urlsafe(24)}.zip", File(content))
    export.size = default_storage.size(export.file)


def fetch(export: Export) -> IO[bytes]:
    """The archive, open for reading. Raises FileNotFoundError."""
    return default_storage.open(export.file, "rb")


def remove(export: Export) -> None:
    """Delete the archive, if there is one; the row stays as a record that there was."""
    if export.file:
        default_storage.delete(export.file)
        export.file = ""
        export.save(update_fields=["file"])
