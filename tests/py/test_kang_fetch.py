"""Fetching from services that are not what they should be."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.py.kang_server import CERTIFICATE, FakeServer, ok, status

from nodeobs.errors import NodeobsError
from nodeobs.kang.address import Address
from nodeobs.kang.fetch import fetch_json
from nodeobs.kang.parse import MAX_DEPTH, parse_json
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from tests.py.kang_server import Answer


async def answered(answer: Answer, **options: Any) -> Any:
    async with FakeServer({"/kang/snapshot": answer}) as server:
        return await fetch_json(server.address(), **options)


def fetched(answer: Answer, **options: Any) -> Any:
    return asyncio.run(answered(answer, **options))


def test_json_comes_back() -> None:
    assert fetched(ok(b'{"a":[1,"\xc3\xbc"]}')) == {"a": [1, "ü"]}


def test_chunks_and_no_length_at_all() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    )
    assert fetched(chunked) == [1, 2]
    assert fetched(b"HTTP/1.0 200 OK\r\n\r\n[1]") == [1]


@pytest.mark.parametrize(
    ("answer", "code", "message", "hint"),
    [
        (ok(b'{"a":'), "not_json", "this is not JSON: ", "is that kang's path?"),
        (ok(b""), "not_json", "the answer is empty", "is that kang's path?"),
        (ok(b" <html>"), "not_json", "this is not JSON: it looks like HTML", "is that"),
        (ok(b'{"a":NaN}'), "not_json", "NaN is no JSON", "is that kang's path?"),
        (ok(b"[" * 10**6), "too_deep", "nests deeper than", "nothing shows that"),
        (ok(b"[]", "Content-Encoding: gzip"), "encoded", "compressed", "ask the service itself"),
        (
            status(301, "Location: https://b/kang"),
            "redirect",
            "https://b/kang",
            "-h https://b/kang",
        ),
        (status(302), "redirect", "it redirects to nowhere", None),
        (status(401), "status", "it answers 401 Of Course", "password"),
        (status(404), "status", "it answers 404 Of Course", "-h HOST:PORT/PATH"),
        (status(500), "status", "it answers 500 Of Course", "log"),
        (b"HTTP/1.1 500 \x1b[2Jevil\r\n\r\n", "status", r"500 \x1b[2Jevil", "log"),
        (b"SSH-2.0-OpenSSH\r\n", "no_http", "it does not speak HTTP", "is that kang's port"),
        (b"\0\1\2\3", "no_http", "it does not speak HTTP", "is that kang's port"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000, "no_http", "it does not speak HTTP", "is that"),
        (b"", "closed", "it closes the connection without an answer", "is it https://"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "incomplete", "in the middle", "again"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
            "incomplete",
            "in the middle",
            "again",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "incomplete",
            "in the middle",
            "again",
        ),
    ],
    ids=lambda value: None,
)
def test_answers_that_are_none(answer: bytes, code: str, message: str, hint: str | None) -> None:
    with pytest.raises(NodeobsError) as raised:
        fetched(answer)
    error = raised.value
    assert (error.code, error.exit_code) == (code, 1)
    assert message in error.message
    assert error.message.startswith("127.0.0.1:")
    assert hint is None or hint in (error.hint or "")
    assert single_line(error.message) == error.message


def test_a_huge_answer_is_not_read_to_its_end() -> None:
    async def endless(writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    with pytest.raises(NodeobsError) as raised:
        fetched(endless, max_bytes=1 << 20)
    assert raised.value.code == "too_large"
    assert "longer than 1.0M" in raised.value.message


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n["])
def test_a_slow_answer_is_given_up_and_its_thread_ends(start: bytes) -> None:
    async def scenario() -> None:
        gone = asyncio.Event()

        async def drip(writer: asyncio.StreamWriter) -> None:
            writer.write(start)
            await writer.drain()
            await gone.wait()

        async with FakeServer({"/kang/snapshot": drip}) as server:
            with pytest.raises(NodeobsError) as raised:
                await fetch_json(server.address(), timeout=0.05)
            assert raised.value.code == "timeout"
            assert raised.value.hint == "--timeout TIME waits longer"
            gone.set()
        for thread in threading.enumerate():
            if thread.name.startswith("fetch "):
                await asyncio.to_thread(thread.join)

    asyncio.run(scenario())


def test_cancelling_does_not_wait() -> None:
    async def scenario() -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def silent(writer: asyncio.StreamWriter) -> None:
            asked.set()
            await gone.wait()

        async with FakeServer({"/kang/snapshot": silent}) as server:
            fetching = asyncio.create_task(fetch_json(server.address(), timeout=1000))
            await asked.wait()
            fetching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await fetching
            gone.set()

    asyncio.run(scenario())


def test_nobody_there() -> None:
    async def scenario() -> None:
        with pytest.raises(NodeobsError) as raised:
            await fetch_json(Address("http", "127.0.0.1", 1, "/"))
        assert (raised.value.code, raised.value.message) == (
            "refused",
            "127.0.0.1:1/: nothing listens there",
        )
        for host in ("nowhere.invalid", "a" * 64 + ".b", "a..b"):
            with pytest.raises(NodeobsError) as raised:
                await fetch_json(Address("http", host, 1, "/"))
            assert raised.value.code == "no_host"

    asyncio.run(scenario())


def test_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        answers = {"/kang/snapshot": ok(b"[1]")}
        async with FakeServer(answers, tls=True) as server:
            address = server.address(scheme="https")
            with pytest.raises(NodeobsError) as raised:
                await fetch_json(address)
            assert raised.value.code == "tls"
            assert "not trusted: self-signed certificate" in raised.value.message
            assert "--insecure" in (raised.value.hint or "")
            assert await fetch_json(address, insecure=True) == [1]
            with pytest.raises(NodeobsError) as raised:
                await fetch_json(server.address(scheme="http"))
            assert raised.value.code in ("closed", "no_http")
            monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
            assert await fetch_json(address) == [1]
        async with FakeServer(answers) as plain:
            with pytest.raises(NodeobsError) as raised:
                await fetch_json(plain.address(scheme="https"))
            assert (raised.value.code, raised.value.hint) == ("tls", "is it http:// there?")

    asyncio.run(scenario())


def test_half_a_character_is_read() -> None:
    assert parse_json(b'{"a":"\\ud800"}', "x") == {"a": "\ud800"}
    assert parse_json(b'["\xff"]', "x") == ["\ufffd"]


def test_depth_is_bounded_on_both_ways() -> None:
    fine = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse_json(fine, "x")
    for filling in (b"", b'"\\ud800"'):
        for depth in (300, 900, 5000):
            with pytest.raises(NodeobsError) as raised:
                parse_json(b"[" * depth + filling + b"]" * depth, "x")
            assert raised.value.code == "too_deep"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    with contextlib.suppress(NodeobsError):
        parse_json(body, "x")


LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 ", b"200", b"\r\n", b"\n", b"Content-Length: ", b"5", b"-1",
     b"Transfer-Encoding: chunked\r\n", b"0\r\n", b"ff\r\n", b"{}", b"[1]", b": ", b"\0", b"\xff",
     b"HTTP/9.9 999\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"]
)  # fmt: skip


def test_any_answer_is_an_answer_or_refused() -> None:
    async def scenario() -> None:
        answers: dict[str, Any] = {}
        async with FakeServer(answers) as server:
            loop = asyncio.get_running_loop()

            @settings(max_examples=150, deadline=None)
            @given(st.lists(LINES | st.binary(max_size=8), max_size=10).map(b"".join))
            def fuzz(answer: bytes) -> None:
                answers["/kang/snapshot"] = answer
                asked = asyncio.run_coroutine_threadsafe(fetch_json(server.address()), loop)
                with contextlib.suppress(NodeobsError):
                    asked.result()

            await asyncio.to_thread(fuzz)

    asyncio.run(scenario())
