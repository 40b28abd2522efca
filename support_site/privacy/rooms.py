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
    "orders.ShopUpdate": "account",
    "orders.WebhookDelivery": "account",
    "chat.Conversation": "account",
    "chat.Turn": "conversation__account",
    "chat.Message": "conversation__account",
    "chat.TurnEvent": "turn__conversation__account",
    "chat.Action": "turn__conversation__account",
}

#: Rows that merely name a user as the one who acted or signed in; they hold nothing said or kept by a customer.
NAMES_A_USER_ONLY: frozenset[str] = frozenset({"admin.LogEntry", "account.EmailAddress", "account.EmailConfirmation"})
