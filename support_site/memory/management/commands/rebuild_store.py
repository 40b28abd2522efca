from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents.store import StoreError
from support_site.memory.services import rebuild_store
from support_site.memory.stores import site_store


class Command(BaseCommand):
    help = "Makes Chroma anew from the ledger, values and vectors. The embedder is not asked."

    def handle(self, **options: Any) -> None:
        try:
            count = rebuild_store(site_store())
        except StoreError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Chroma was made anew with {count} records.")
