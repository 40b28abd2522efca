"""The graph, wiring only: recall → respond ⇄ tools."""

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore

from agents.context import RunContext
from agents.nodes import Nodes, next_step
from agents.state import State


def build_graph(
    nodes: Nodes, *, store: BaseStore, checkpointer: BaseCheckpointSaver
) -> CompiledStateGraph[State, RunContext, State, State]:
    """The compiled graph. Run it with ``context=RunContext(...)`` and the conversation id as ``thread_id``."""
    graph = StateGraph(State, context_schema=RunContext)
    graph.add_node("recall", nodes.recall)
    graph.add_node("respond", nodes.respond)
    graph.add_node("tools", nodes.tool_node())
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "respond")
    graph.add_conditional_edges("respond", next_step, ["tools", "__end__"])
    graph.add_edge("tools", "respond")
    return graph.compile(store=store, checkpointer=checkpointer, name="support_agent")
