"""What the readable page of an archive shows, from the archive's own data."""

import json
from typing import Any

from django.apps import apps

from support_site.memory import readable

Page = dict[str, Any]

_SHOWN = {"accounts.User", "chat.Conversation", "chat.Message", "memory.Record"}
#: Fields of records that are our bookkeeping; data.json has them.
_BOOKKEEPING = {"version", "changes", "user_id"}
_TITLES = {"profile": "Your profile", "orders": "Your orders"}


def archive_page(data: Page) -> Page:
    """The context of ``privacy/archive.html``."""
    rooms = data["rooms"]
    records = [record for record in rooms["memory.Record"] if record["value_text"] is not None]
    titles = {each["id"]: each["title"] for each in rooms["chat.Conversation"]}
    kinds = sorted({record["kind"] for record in records} - {"memories"}, reverse=True)
    return {
        "account": data["account"],
        "users": rooms["accounts.User"],
        "notes": [_note(record, titles) for record in records if record["kind"] == "memories"],
        "kinds": [
            (_TITLES.get(kind, kind), [_record(each) for each in records if each["kind"] == kind]) for kind in kinds
        ],
        "conversations": [_conversation(each, rooms) for each in _by_time(rooms["chat.Conversation"])],
        "others": {_in_words(label): len(found) for label, found in rooms.items() if found and label not in _SHOWN},
    }


def _note(record: Page, titles: dict[str, str]) -> Page:
    value = json.loads(record["value_text"])
    source = value.get("source") or {}
    return {
        "text": value.get("text", ""),
        "kind": str(value.get("kind", "")).replace("_", " "),
        "since": str(value.get("valid_from") or record["created_at"])[:10],
        "status": "" if record["status"] == "active" else record["status"],
        "conversation": titles.get(source.get("conversation", ""), ""),
    }


def _record(record: Page) -> Page:
    value = json.loads(record["value_text"])
    told = {name: what for name, what in value.items() if name not in _BOOKKEEPING and what not in (None, "", [], {})}
    return record | {"content": readable.definition_list(told)}


def _conversation(conversation: Page, rooms: Page) -> Page:
    said = [each for each in rooms["chat.Message"] if each["conversation"] == conversation["id"]]
    return conversation | {"messages": sorted(said, key=lambda message: message["position"])}


def _by_time(rows: list[Page]) -> list[Page]:
    return sorted(rows, key=lambda row: row["created_at"])


def _in_words(label: str) -> str:
    return str(apps.get_model(label)._meta.verbose_name_plural)
