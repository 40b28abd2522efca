"""Thumbs: one vote a reply, changeable and removable, seen in every tab and by staff."""

import uuid

import pytest
from django.test import Client

from support_site.chat.models import Conversation, Message
from support_site.chat.ratings import rate
from support_site.chat.sentences import Refused

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reply(conversation):
    return Message.objects.create(conversation=conversation, position=2, role="agent", text="It is on its way.")


def kept(reply):
    reply.refresh_from_db()
    return reply.rating, reply.rating_reason, bool(reply.rated_at)


def test_the_last_vote_counts_and_can_be_taken_back(conversation, reply):
    rate(conversation, reply.pk, vote="up")
    assert kept(reply) == ("up", "", True)
    rate(conversation, reply.pk, vote="down", reason=" It is not.\x00 ")
    assert kept(reply) == ("down", "It is not.", True)
    rate(conversation, reply.pk, vote="up", reason="left over")
    assert kept(reply) == ("up", "", True)
    rate(conversation, reply.pk, vote="")
    assert kept(reply) == ("", "", False)


def test_a_long_reason_is_cut_to_what_fits(conversation, reply):
    rate(conversation, reply.pk, vote="down", reason="x" * 5000)
    assert kept(reply) == ("down", "x" * 300, True)


@pytest.mark.parametrize("role", ["customer", "staff", "system"])
def test_only_what_the_agent_said_can_be_rated(conversation, role):
    said = Message.objects.create(conversation=conversation, position=1, role=role, text="Hello")
    with pytest.raises(Refused, match="not_found"):
        rate(conversation, said.pk, vote="up")


async def test_a_vote_is_shown_in_every_tab_and_after_a_reload(open_socket, reply):
    here, there = await open_socket(), await open_socket()
    await here.hello()
    await there.hello()
    await here.say("message.rate", message=str(reply.pk), vote="down", reason="Wrong order")
    for tab in (here, there):
        shown = (await tab.until("message"))["message"]
        assert (shown["id"], shown["rating"], shown["rating_reason"]) == (str(reply.pk), "down", "Wrong order")
    assert [message["rating"] for message in (await here.hello())["messages"]] == ["down"]


async def test_a_reply_of_somebody_else_cannot_be_rated(open_socket, bob, reply):
    foreign = await Conversation.objects.acreate(account=bob.account)
    other = await Message.objects.acreate(conversation=foreign, position=1, role="agent", text="Hello Bob")
    socket = await open_socket()
    await socket.hello()
    for message in (other.pk, uuid.uuid4()):
        await socket.say("message.rate", message=str(message), vote="up", reason="")
        assert (await socket.until("error"))["code"] == "not_found"
    await other.arefresh_from_db()
    assert other.rating == ""


def test_staff_see_the_vote_and_the_reason_in_the_transcript(conversation, reply, sam):
    rate(conversation, reply.pk, vote="down", reason="Wrong <b>order</b>")
    client = Client()
    client.force_login(sam)
    html = client.get(f"/admin/chat/conversation/{conversation.pk}/change/").content.decode()
    assert "thumbs down" in html
    assert "“Wrong &lt;b&gt;order&lt;/b&gt;”" in html
