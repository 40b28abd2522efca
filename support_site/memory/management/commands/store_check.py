from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from agents.store import StoreError
from support_site.memory import services
from support_site.memory.stores import site_store


class Command(BaseCommand):
    help = "Compares every record of Chroma with the ledger and puts right what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what differs")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        store = site_store()
        try:
            with tqdm(desc="Comparing", unit=" records") as bar:
                findings = services.check(store, progress=bar.update)
            mended = 0 if dry_run else services.repair(store, findings)
        except StoreError as error:
            raise CommandError(str(error)) from None
        for kind in ("missing", "different", "orphans", "foreign"):
            self.stdout.write(f"{kind}: {len(getattr(findings, kind))}")
        self.stdout.write(f"{findings.checked} records compared, {mended} put right.")
