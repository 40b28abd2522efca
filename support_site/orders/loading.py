"""What the commands do with a file: read, check, keep, bring to Chroma, and say what happened."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from agents.store import StaleRecord, StoreError
from support_site.memory.ledger import LedgerStore
from support_site.memory.stores import site_store
from support_site.orders.imports import Imported, import_shop
from support_site.orders.shop_file import ShopFileRefused, read_shop

#: Faults and skipped records that are listed; the rest is counted.
LISTED = 20


class NotLoaded(Exception):
    """Nothing of the file was loaded; the text says why."""


def load_file(path: Path) -> str:
    """Load a shop into the site's store. Returns what was done, in sentences; raises NotLoaded."""
    try:
        shop = read_shop(path)
        imported = import_shop(site_store(), shop, name=path.name)
    except OSError as error:
        raise NotLoaded(f"{path} cannot be read: {error.strerror}.") from None
    except ShopFileRefused as refused:
        raise NotLoaded(f"{path} was refused, and nothing was loaded.\n{_listed(refused.faults)}") from None
    except StaleRecord:
        raise NotLoaded("A record was changed while the file was loaded. Nothing was loaded; run it again.") from None
    return "\n".join([*_sentences(imported), *bring_to_chroma(site_store())])


def bring_to_chroma(store: LedgerStore) -> list[str]:
    """Show a bar while Chroma is told what it does not know yet; a sentence if that has to wait."""
    waiting = store.pending_count()
    if not waiting:
        return []
    try:
        with tqdm(total=waiting, desc="Into the store", unit=" records") as bar:
            store.reconcile(progress=bar.update)
    except StoreError as error:
        return [f"All of it is kept, and the running site takes it over within seconds. Not from here: {error}"]
    return []


def _sentences(imported: Imported) -> list[str]:
    if imported.did_nothing and not imported.skipped:
        return [f"Nothing has changed: all {imported.unchanged} records are as in the file."]
    lines = [
        f"{imported.created} records are new, {imported.changed} were changed, {imported.unchanged} are as in the "
        f"file; {imported.accounts_made} accounts were made."
    ]
    if imported.skipped:
        lines += [f"{len(imported.skipped)} were left as they are:", _listed(imported.skipped)]
    return lines


def _listed(things: Sequence[object]) -> str:
    lines = [f"  {thing}" for thing in things[:LISTED]]
    if len(things) > LISTED:
        lines.append(f"  and {len(things) - LISTED} more")
    return "\n".join(lines)
