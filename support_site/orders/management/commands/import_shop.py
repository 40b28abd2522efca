from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from support_site.orders import loading


class Command(BaseCommand):
    help = "Reads a shop (customers, orders, products) into the store. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="JSON with users, orders and products")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            self.stdout.write(loading.load_file(file))
        except loading.NotLoaded as error:
            raise CommandError(str(error)) from None
