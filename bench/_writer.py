"""The writer of frames.py: turns that are being answered, and a log that grows, without any agent.

python -m bench._writer CONVERSATIONS COUNT RATE     prints where, writes when it is told to, then ends
"""

import json
import sys
import time
import uuid
from datetime import timedelta
from typing import Any

EMAIL, PASSWORD = "alice@example.com", "demo-password"
TEXT = "<p>" + "People like to read the small print with tea and biscuits. " * 3 + "</p>"


def frame(turn: str) -> dict[str, Any]:
    """A delta as it stands in the middle of a reply."""
    message = str(uuid.uuid5(uuid.NAMESPACE_URL, turn))
    event = {"type": "message.delta", "message": message, "start": 0, "blocks": [TEXT], "at": 0.0}
    return {"type": "event", "turn": turn, "seq": 1, "event": event}


def main(conversations: int, count: int, rate: float) -> None:
    import django

    django.setup()
    from django.utils import timezone

    from support_site.accounts.models import User
    from support_site.chat.log import turn_log
    from support_site.chat.models import Conversation, Turn

    user = User.objects.create_user(EMAIL, PASSWORD)

    def begun(**turn: Any) -> list[Turn]:
        """A turn in each of as many conversations."""
        places = [Conversation.objects.create(account=user.account) for _ in range(conversations)]
        return [Turn.objects.create(conversation=place, **turn) for place in places]

    silent = begun(status=Turn.Status.DONE)
    held = {"lease_until": timezone.now() + timedelta(hours=1), "lease_owner": "bench"}
    turns = begun(status=Turn.Status.RUNNING, **held)
    print(json.dumps([[str(turn.conversation_id) for turn in each] for each in (silent, turns)]), flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    for place in range(count):
        time.sleep(max(0.0, began + place / rate - time.monotonic()))
        for turn in turns:
            event = frame(str(turn.pk))["event"] | {"at": time.time()}
            turn_log().append(turn.pk, place + 1, event)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
