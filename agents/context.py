"""What a run knows without being told by the customer or the model."""

from collections.abc import Callable
from dataclasses import dataclass

from agents.events import AgentEvent
from agents.memory import SITUATION_DAYS

Tell = Callable[[AgentEvent], None]


def tell_nobody(event: AgentEvent) -> None:
    """Where events go as long as nobody listens."""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """The trusted facts of one run; LangGraph hands it to nodes and tools as ``runtime.context``.

    ``account_id`` is the tenant: every namespace a tool reads or writes is made from it, so neither a
    message nor a tool argument can name another account. Ids are UUIDs as text, without dots, because
    they become namespace labels.
    """

    account_id: str
    conversation_id: str
    turn_id: str
    message_id: str
    #: Nothing is learned or recalled in this run (the customer paused memory).
    memory_paused: bool = False
    #: Nothing said in this conversation is to be noted; what is known already may be recalled.
    leaves_no_memory: bool = False
    #: After how many days a note about a passing situation ends; 0 keeps it.
    situation_days: int = SITUATION_DAYS
    #: Takes the events of the run, on its loop; whoever runs the graph puts it there (``runner.py``).
    tell: Tell = tell_nobody
