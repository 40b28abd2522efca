from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from agents.store import StoreError
from support_site.memory import services
from support_site.memory.stores import site_store


class Command(BaseCommand):
    help = "Makes all vectors anew with the embedder of the settings, after EMBEDDER or the model was changed."

    def handle(self, **options: Any) -> None:
        store = site_store()
        try:
            with tqdm(desc="Embedding", unit=" records") as bar:
                count = services.reindex(store, progress=bar.update)
        except StoreError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} records were embedded anew.")
