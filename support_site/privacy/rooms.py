"""Which models hold a customer's data, and how each is reached from the account.

A model with a path of foreign keys to Account that is not named here fails a test: whoever adds a room that
holds personal data decides at once how it will be exported and erased.
"""

#: Model label -> the lookup that leads from a row to its account.
ROOMS: dict[str, str] = {
    "accounts.User": "account",
    "memory.Scope": "account",
    "memory.Record": "account",
    "memory.RecordChange": "record__account",
    "memory.RecordRead": "account",
    "orders.ShopUpdate": "account",
    "orders.WebhookDelivery": "account",
    "privacy.Export": "account",
    "privacy.Deletion": "account",
    "chat.Conversation": "account",
    "chat.Turn": "conversation__account",
    "chat.Message": "conversation__account",
    "chat.Recalled": "turn__conversation__account",
    "chat.TurnEvent": "turn__conversation__account",
    "chat.Action": "turn__conversation__account",
    "chat.Spending": "account",
    "chat.Reservation": "turn__conversation__account",
    "review.Replay": "turn__conversation__account",
}

#: Rows that merely name a user as the one who acted or signed in; they hold nothing said or kept by a customer.
NAMES_A_USER_ONLY: frozenset[str] = frozenset(
    {"admin.LogEntry", "account.EmailAddress", "account.EmailConfirmation", "chat.AgentSwitch"}
)

#: What a customer gets as data: label -> fields that mean something to this site only.
EXPORTED: dict[str, frozenset[str]] = {
    "accounts.User": frozenset({"password", "is_superuser", "is_staff", "last_login"}),
    "chat.Conversation": frozenset(),
    "chat.Turn": frozenset({"lease_owner", "lease_until", "last_seq", "stop_requested", "answer_anew"}),
    "chat.Message": frozenset(),
    "chat.Action": frozenset(),
    "memory.Record": frozenset({"in_store", "embedder", "revision", "search_text"}),
    "memory.RecordChange": frozenset({"revision"}),
    "memory.RecordRead": frozenset(),
}

#: Why the other rooms are not exported.
NOT_EXPORTED: dict[str, str] = {
    "memory.Scope": "a counter of writes",
    "orders.ShopUpdate": "times of the shop's own messages",
    "orders.WebhookDelivery": "copies of applied actions on their way to the shop",
    "privacy.Export": "archives like this one",
    "privacy.Deletion": "a record of what is not there any more",
    "chat.Recalled": "in each turn as well",
    "chat.TurnEvent": "the messages' own making, dropped an hour later",
    "chat.Spending": "tokens counted against a limit",
    "chat.Reservation": "tokens set aside while a turn runs",
    "review.Replay": "what the agent would have said, dropped after a day",
}
