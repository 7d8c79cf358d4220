"""What the state browser reads of kang services, and our own processes as such."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from tests.py.fake_agent import FakeAgent
from tests.py.kang_server import snapshot
from tests.py.test_process import node_process

from nodeobs.browser.source import CommandSource, PlacesSource
from nodeobs.errors import NodeobsError
from nodeobs.kang.address import parse_address
from nodeobs.kang.processes import ProcessSupplier
from nodeobs.kang.snapshot import Part
from nodeobs.kang.source import KangSource
from nodeobs.kang.suppliers import FileSupplier, HttpSupplier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nodeobs.browser.source import StateSource
    from nodeobs.kang.suppliers import Fields


class Supplied:
    """A supplier that counts."""

    option: ClassVar = ["-h", "a b"]

    def __init__(self, *raws: dict[str, Any], error: NodeobsError | None = None) -> None:
        self.raws = raws
        self.error = error
        self.asked = 0

    async def parts(self) -> Sequence[Part]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return [Part("x", raw) for raw in self.raws]

    async def fields(self) -> Fields:
        return {"host": ["load"]}


def source(*suppliers: Any) -> KangSource:
    return KangSource(suppliers)


ONE = snapshot("one", host={"a": {"load": 1, "more": {}}, "b": {"load": 2}}, disk={"sda": {"s": 5}})
TWO = snapshot("two", host={"a": {"load": 3}})


def test_types_objects_and_one_object() -> None:
    async def scenario() -> None:
        browsed: StateSource = source(Supplied(ONE, TWO))
        types = await browsed.types()
        assert [(row.name, row.count) for row in types] == [
            ("service", 2), ("stats", 2), ("host", 3), ("disk", 1),
        ]  # fmt: skip
        assert types[2].fields == ("load",)
        page = await browsed.objects("host", limit=2)
        assert (page.fields, page.total) == (("load",), 3)
        assert [(row.id, row.place, row.values["load"]) for row in page.rows] == [
            ("a", "svc.one", 1),
            ("a", "svc.two", 3),
        ]
        assert (await browsed.objects("disk", limit=9)).fields == ("s",)
        whole = await browsed.get("host", "a", "svc.two")
        assert whole == {"load": 3, "origin": "svc.two", "host": "a"}
        assert (await browsed.get("stats", "svc.one", "svc.one"))["memory"] == {"rss": 1}

    asyncio.run(scenario())


def test_errors_name_the_next_step() -> None:
    async def scenario() -> None:
        browsed = source(Supplied(ONE))
        for words, hint in (
            (("hots", "a", "svc.one"), "did you mean host?"),
            (("disk", "sd", "svc.one"), "did you mean sda?"),
            (("host", "a", "svc.two"), "it is at svc.one"),
        ):
            with pytest.raises(NodeobsError) as raised:
                await browsed.get(*words)
            assert (raised.value.code, raised.value.hint) == ("not_found", hint)
        with pytest.raises(NodeobsError):
            await browsed.objects("hots", limit=1)
        with pytest.raises(NodeobsError, match="down"):
            await source(Supplied(error=NodeobsError("refused", "down"))).types()

    asyncio.run(scenario())


def test_what_is_shown_together_is_asked_for_once() -> None:
    async def scenario() -> None:
        supplied = Supplied(ONE)
        browsed = KangSource([supplied], fresh=1000.0)
        await asyncio.gather(browsed.types(), browsed.objects("host", limit=1), browsed.types())
        assert supplied.asked == 1
        browsed = KangSource([supplied], fresh=-1.0)
        assert (await browsed.objects("host", limit=1)).total == 2
        supplied.raws = (snapshot("one", host={}),)
        assert (await browsed.objects("host", limit=1)).total == 0

    asyncio.run(scenario())


def test_the_title_says_who_is_missing() -> None:
    async def scenario() -> None:
        failing = Supplied(error=NodeobsError("refused", "down"))
        browsed = source(Supplied(ONE), failing)
        assert browsed.title == "kang: 2 sources"
        await browsed.types()
        assert browsed.title == "kang: svc.one (1 not reached)"
        both = source(Supplied(ONE, TWO))
        await both.types()
        assert both.title == "kang: 2 services"

    asyncio.run(scenario())


def test_who_is_missing_is_told_once_for_each_time() -> None:
    async def scenario() -> None:
        failing = Supplied(TWO, error=NodeobsError("refused", "web2: nothing listens there"))
        odd = Supplied(snapshot("odd", host=[]))
        browsed = KangSource([Supplied(ONE), failing, odd], fresh=-1.0)
        assert isinstance(browsed, PlacesSource)
        assert browsed.places() == ()
        await browsed.types()
        told = ["web2: nothing listens there", "svc.odd: the objects of host are no object"]
        assert browsed.notices() == told
        await browsed.types()
        assert browsed.notices() == []
        failure, failing.error = failing.error, None
        await browsed.types()
        assert browsed.notices() == []
        failing.error = failure
        await browsed.types()
        assert browsed.notices() == told[:1]

    asyncio.run(scenario())


def test_the_command_that_prints_the_same() -> None:
    browsed = source(HttpSupplier(parse_address("web1:8080")), FileSupplier("my file"))
    start = "nodeobs kang -h web1:8080 -f 'my file'"
    assert browsed.command(None, None) == start
    assert browsed.command("host", None) == f"{start} list host"
    assert browsed.command("host", "a b") == f"{start} get 'host/a b'"
    assert isinstance(browsed, CommandSource)
    assert browsed.table_command("host", "load > 2", None) == f"{start} list host -c 'load > 2'"
    assert browsed.table_command("host", None, "load") == f"{start} list host"
    assert browsed.object_command("host", "a", "svc.one") == f"{start} get host/a"


def test_threads_of_a_process_are_services(tmp_path: Path) -> None:
    def answer(raw: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
        return raw

    async def scenario() -> None:
        raws = [snapshot(f"host/{os.getpid()}", job={"a": {"n": tid}}) for tid in range(2)]
        async with FakeAgent(tmp_path / "0.sock") as main, FakeAgent(tmp_path / "1.sock") as worker:
            for agent, raw in ((main, raws[0]), (worker, raws[1])):
                agent.answers["state.snapshot"] = partial(answer, raw)
                agent.answers["state.types"] = lambda request: {
                    "types": [{"type": "job", "count": 1, "fields": ["n"]}, {"type": "x"}]
                }
            supplier = ProcessSupplier(node_process(os.getpid(), main.path, worker.path))
            browsed = source(supplier)
            page = await browsed.objects("job", limit=9)
            assert page.fields == ("n",)
            assert [(row.place, row.values["n"]) for row in page.rows] == [
                (f"svc.host/{os.getpid()}", 0),
                (f"svc.host/{os.getpid()}/1", 1),
            ]
            assert supplier.option == ["-p", str(os.getpid())]
            assert [part.source for part in await supplier.parts()] == [
                f"pid:{os.getpid()}",
                f"pid:{os.getpid()}/1",
            ]

    asyncio.run(scenario())


def test_what_is_too_large_for_one_answer_comes_in_several(tmp_path: Path) -> None:
    async def scenario() -> None:
        big: dict[str, Any] = {"x": {"n": 1}, "y": {"n": 2}, "z": {}}
        objects: dict[str, Any] = {"small": {"a": {}}, "big": big}

        def whole(request: dict[str, Any]) -> Any:
            types = request.get("types", ["small", "big"])
            if "big" in types:
                return {"error": {"code": "too_large", "message": "too much"}}
            return snapshot("one") | {"types": types} | {name: objects[name] for name in types}

        def get(request: dict[str, Any]) -> Any:
            if request["object"] == "z":
                return {"error": {"code": "failed", "message": "it threw"}}
            return {"object": big[request["object"]]}

        async with FakeAgent(tmp_path / "0.sock") as agent:
            agent.answers |= {
                "state.snapshot": whole,
                "state.types": lambda request: {"types": [{"type": "small"}, {"type": "big"}]},
                "state.list": lambda request: {
                    "objects": [{"id": "x"}, {"id": "y"}, {"id": "z"}],
                    "total": 9,
                    "truncated": True,
                },
                "state.get": get,
            }
            (part,) = await ProcessSupplier(node_process(os.getpid(), agent.path)).parts()
        assert part.raw["small"] == {"a": {}}
        assert part.raw["big"] == {"x": {"n": 1}, "y": {"n": 2}}
        assert part.raw["types"] == ["small", "big"]
        assert [one["error"] for one in part.raw["nodeobs"]["errors"]] == [
            "it threw",
            "2 of 9 objects",
        ]

    asyncio.run(scenario())
