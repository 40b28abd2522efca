"""One store object serves many threads and many event loops, and never holds a loop up."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from langgraph.store.base import PutOp

from tests.store.contract.stage import Stage, topics_index

NS = ("accounts", "1", "memories")


class LoopsContract(Stage):
    @pytest.fixture
    def plain(self, opened):
        return opened(index=topics_index())

    def test_a_store_lives_longer_than_a_loop(self, plain):
        for number in range(3):
            asyncio.run(plain.aput(NS, str(number), {"text": "tea"}))
        assert len(asyncio.run(plain.asearch(NS, query="tea"))) == 3
        assert len(plain.search(NS, query="tea")) == 3

    def test_every_async_method_does_what_its_sync_one_does(self, plain):
        async def use():
            await plain.aput(NS, "a", {"text": "tea"})
            await plain.aput(NS, "b", {"text": "dog"}, index=False)
            await plain.adelete(NS, "b")
            return (
                await plain.aget(NS, "a"),
                await plain.asearch(NS, query="tea"),
                await plain.alist_namespaces(max_depth=1),
            )

        item, found, names = asyncio.run(use())
        assert item == plain.get(NS, "a")
        assert found == plain.search(NS, query="tea")
        assert names == plain.list_namespaces(max_depth=1) == [("accounts",)]

    def test_the_loop_runs_on_while_the_store_works(self, plain):
        async def main() -> int:
            work = asyncio.create_task(plain.abatch([PutOp(NS, str(n), {"text": f"tea {n}"}) for n in range(1_200)]))
            rounds = 0
            while not work.done():
                await asyncio.sleep(0.002)
                rounds += 1
            await work
            return rounds

        assert asyncio.run(main()) > 10, "a loop that is held up comes round once or twice"

    def test_many_calls_at_once_all_arrive(self, plain):
        async def main():
            await asyncio.gather(*(plain.aput(NS, str(number), {"text": "tea"}) for number in range(60)))
            return await asyncio.gather(*(plain.aget(NS, str(number)) for number in range(60)))

        assert all(asyncio.run(main()))
        assert len(plain.search(NS, limit=100)) == 60

    def test_a_cancelled_call_harms_no_other(self, plain):
        async def main():
            doomed = asyncio.create_task(plain.aput(NS, "doomed", {"text": "tea"}))
            await asyncio.sleep(0)
            doomed.cancel()
            await plain.aput(NS, "kept", {"text": "tea"})
            return await plain.aget(NS, "kept")

        assert asyncio.run(main()).value == {"text": "tea"}

    def test_threads_may_write_and_read_at_once(self, plain):
        def work(thread: int) -> int:
            for number in range(8):
                plain.put(("accounts", str(thread)), str(number), {"text": "tea", "thread": thread})
                found = plain.search(("accounts", str(thread)), query="tea", limit=20)
                assert {item.value["thread"] for item in found} == {thread}
            return len(found)

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(4))) == [8] * 4
        assert len(plain.list_namespaces()) == 4
