"""The same floods where one process does everything: it has fewer threads, and they are told apart as queues are."""

import pytest

from tests.embedded import Site
from tests.faults.stage import Model
from tests.faults.test_floods import FLOOD_OF_LEARNING, JAM_OF_TURNS, LEARNED, NIGHTLY, script
from tests.openai_server import OpenAIServer
from tests.parts import wait_until

pytestmark = pytest.mark.fault


def test_in_one_process_neither_starves_the_other(demo_shop, tmp_path):
    """More slow answers than threads and a flood of learning at once: the sweep is done, and then the answers are."""
    model = Model()
    model.learning_seconds = LEARNED
    with OpenAIServer(answer=model) as server:
        real = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "key", "OPENAI_MODEL": "test-model"}
        site = Site(tmp_path / "site", copy_of=demo_shop, EMBEDDER="lexical", **real)

        def act(what, many=0):
            return site.tell(script(what, name="alice", many=many))

        def waiting(queue):
            return len(list((site.folder / "broker" / "queue").glob(f"*.{queue}.msg")))

        site.start()
        try:
            act(JAM_OF_TURNS, 20)
            wait_until(lambda: waiting("turns") >= 4, told=lambda: site.log)
            act(FLOOD_OF_LEARNING, 100)
            old = act(NIGHTLY)
            gone = "select 1 from chat_conversation where id = ?"
            wait_until(lambda: not site.query(gone, old.replace("-", "")), told="the sweep")
            assert waiting("turns") >= 4
            model.let_go.set()
            turns = "select count(*) from chat_turn where status = 'done' and model != ''"
            wait_until(lambda: site.query(turns) == [(20,)], told="all the answers")
            assert waiting("learning") > 0, "the flood was over before it was of any harm"
        finally:
            site.stop()
