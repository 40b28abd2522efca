"""The agent is a library: usable from a notebook, and it pulls in neither Django nor OpenAI."""

import subprocess
import sys

NOTEBOOK = """
import asyncio, sys
from langgraph.store.memory import InMemoryStore
from agents.context import RunContext
from agents.offline.model import OfflineChatModel
from agents.runner import Say, SupportAgent

agent = SupportAgent(model=OfflineChatModel(), store=InMemoryStore())

async def ask(text, thread):
    context = RunContext(account_id="a", conversation_id=thread, turn_id=text, message_id=text)
    return [e async for e in agent.astream(Say(text=text, message_id=text), thread_id=thread, context=context)]

async def main():
    await ask("Hi! Remember: my name is Bob", "one")
    return (await ask("What's my name?", "two"))[-1].text

print(asyncio.run(main()))
print(sorted(name for name in ("django", "channels", "celery", "openai", "support_site") if name in sys.modules))
"""


def test_a_notebook_needs_no_django_and_no_key():
    ran = subprocess.run([sys.executable, "-c", NOTEBOOK], capture_output=True, text=True, timeout=60, check=True)
    answer, imported = ran.stdout.strip().splitlines()
    assert "Bob" in answer
    assert imported == "[]"
