"""Everything kept about an account as one archive: ``data.json`` for machines, ``index.html`` for people.

The same data makes the same bytes, so that two archives can be compared.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import timedelta
from typing import IO

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import slugify

from support_site.accounts.models import Account
from support_site.privacy import archives, rooms
from support_site.privacy.models import Export
from support_site.privacy.pages import archive_page
from support_site.privacy.portable import Rows, portable_account, portable_rows

FORMAT = "support-site account"
VERSION = 1
DATA, PAGE = "data.json", "index.html"
#: No time of making in the archive: that is in the name of the file.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@transaction.atomic
def order(account: Account, *, asked_by: str, reason: str = "") -> Export:
    """An export to be made by a task; the one that is on its way already, if there is one of the same asker."""
    waiting = Export.objects.filter(account=account, asked_by=asked_by, status__in=Export.UNFINISHED)
    return waiting.first() or Export.objects.create(account=account, asked_by=asked_by, reason=reason[:500])


def make(export: Export) -> None:
    """Write the archive and keep it for ``RETENTION_EXPORTS_DAYS``. Made already, nothing happens."""
    if export.status == Export.Status.READY:
        return
    export.status, export.done, export.total = Export.Status.RUNNING, 0, len(rooms.EXPORTED) + 1
    export.save()
    with tempfile.TemporaryFile() as content:
        write_archive(content, collected(export.account, export))
        content.seek(0)
        archives.keep(export, content)
    export.status, export.done = Export.Status.READY, export.total
    export.expires_at = timezone.now() + timedelta(days=settings.RETENTION_EXPORTS_DAYS)
    export.save()


def fail(export: Export) -> None:
    """Say that it came to nothing; the customer may order another."""
    Export.objects.filter(pk=export.pk).exclude(status=Export.Status.READY).update(status=Export.Status.FAILED)


def collected(account: Account, export: Export | None = None) -> dict[str, object]:
    """The account as ``data.json`` holds it; ``export`` is told how many rooms are done."""
    found: dict[str, Rows] = {}
    for label in rooms.EXPORTED:
        found[label] = portable_rows(account.pk, label)
        if export:
            export.done += 1
            export.save(update_fields=["done"])
    return {"format": FORMAT, "version": VERSION, "account": portable_account(account), "rooms": found}


def write_archive(file: IO[bytes], data: dict[str, object]) -> None:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1)
    page = render_to_string("privacy/archive.html", archive_page(json.loads(text)))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((DATA, text), (PAGE, page)):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)


def file_name(export: Export) -> str:
    """What the browser saves it as: "acorn-support-2026-01-31.zip"."""
    return f"{slugify(settings.SITE_NAME) or 'my'}-data-{export.created_at:%Y-%m-%d}.zip"


def any_unfinished(exports: Iterable[Export]) -> bool:
    return any(export.is_unfinished for export in exports)
