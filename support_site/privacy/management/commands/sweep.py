from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from support_site.privacy import retention


class Command(BaseCommand):
    help = "Removes what has been kept long enough (RETENTION_*), as beat does every night."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only list what would go")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        if not dry_run:
            removed = retention.sweep()
            self.stdout.write("\n".join(f"{name}: {count}" for name, count in removed.items()) or "Nothing was over.")
            return
        for found in retention.preview():
            self.stdout.write(f"{found['rule'].title}: {found['count']}")
            for line in found["rows"]:
                self.stdout.write(f"  {line}")
