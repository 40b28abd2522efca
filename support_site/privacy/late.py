"""What is written too late: a memory out of a conversation that was deleted while it was being learned from."""

from agents import namespaces
from support_site.memory.drafts import address_of, scope_of
from support_site.memory.errors import RecordErased
from support_site.memory.models import Record, Tombstone


def stone_of(account_id: str, conversation_id: str) -> tuple[str, str]:
    """Scope and address of the tombstone that says: nothing may be learned from this conversation any more."""
    return scope_of(namespaces.account(account_id)), address_of(("conversations",), conversation_id)


def refuse_late_memories(sender: type[Record], written: list[tuple[Record | None, Record]], **kwargs: object) -> None:
    """Receiver of ``records_changed``: a learning that began before the deletion brings nothing back."""
    for before, record in written:
        source = _source(record)
        if source and record.account_id and (before is None or _source(before) != source):
            scope, address = stone_of(str(record.account_id), source)
            if Tombstone.objects.filter(scope=scope, address=address).exists():
                raise RecordErased("The conversation this was learned from was deleted: nothing was written.")


def _source(record: Record) -> str:
    """The conversation a live memory comes from; empty for anything else."""
    if record.kind != "memories" or not record.value:
        return ""
    source = record.value.get("source")
    return str(source.get("conversation") or "") if isinstance(source, dict) else ""
