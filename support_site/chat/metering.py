"""What a model uses besides replies, booked for the account it was done for. Imports LangChain: for workers only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langchain_core.callbacks import get_usage_metadata_callback

from support_site.accounts.models import Account
from support_site.chat import budgets
from support_site.threads import in_thread


@asynccontextmanager
async def metered(account: Account) -> AsyncIterator[None]:
    """Whatever models use inside counts for the account's day, also if it fails."""
    with get_usage_metadata_callback() as used:
        try:
            yield
        finally:
            usages = used.usage_metadata.values()
            read, written = (sum(usage[name] for usage in usages) for name in ("input_tokens", "output_tokens"))
            if read or written:
                await in_thread(budgets.spend)(account, input_tokens=read, output_tokens=written)
