from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.store import StoreUnavailable
from support_site.memory.stores import site_store
from support_site.privacy import importing


class Command(BaseCommand):
    help = "Takes in an account from an archive that a customer or staff exported, here or on another site."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the archive (ZIP)")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            account = importing.take_in(importing.read(file))
        except importing.NotTakenIn as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Taken in: account {account.pk}. Its users choose new passwords by mail.")
        try:
            self.stdout.write(f"{site_store().reconcile()} records written to Chroma.")
        except StoreUnavailable as error:
            self.stdout.write(f"Its records are written to Chroma later: {error}")
