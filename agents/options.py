"""What the site may set about the agent. Values only: ``agents/`` never reads the environment."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AgentOptions:
    """The defaults serve a small shop; every limit is per run unless it says otherwise."""

    shop_name: str = "the shop"
    #: Refunds above this many cents also need a staff decision; None asks staff for none.
    staff_approval_above_cents: int | None = 50_000
    #: Calls of tools in one run, however they are spread over model calls.
    max_tool_calls: int = 8
    #: Beginnings of one model reply (broken streams), and seconds before the second; the pause doubles.
    model_attempts: int = 3
    model_backoff: float = 0.5
    #: What of a conversation is sent to the model, in tokens as LangChain estimates them.
    history_tokens: int = 12_000
    #: What of a conversation is kept in the thread, in messages; a site keeps its own full transcript.
    kept_messages: int = 120
    #: Memories in the prompt, in number and in tokens as LangChain estimates them.
    recalled_memories: int = 40
    recalled_tokens: int = 3_000
    #: Order records in the prompt.
    recalled_orders: int = 4
