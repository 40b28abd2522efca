"""What a thread holds: plain messages, and what was looked up for the turn that runs."""

from typing import Annotated, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.channels import UntrackedValue
from langgraph.graph.message import add_messages

from agents.recall import Recollection


class State(TypedDict, total=False):
    """``recalled`` never reaches a checkpoint: memories and orders are kept in the store alone, where they can be
    corrected and erased, and a turn that is resumed looks them up again as they are then."""

    messages: Annotated[list[AnyMessage], add_messages]
    recalled: Annotated[Recollection, UntrackedValue]
