"""kang's notation of hosts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.errors import NodeobsError
from nodeobs.kang.address import parse_address, parse_addresses


@pytest.mark.parametrize(
    ("text", "url", "short"),
    [
        ("localhost", "http://localhost:80/kang/snapshot", "localhost"),
        ("localhost:8080", "http://localhost:8080/kang/snapshot", "localhost:8080"),
        ("a-b.c_d/x", "http://a-b.c_d:80/x", "a-b.c_d/x"),
        ("HTTPS://a/", "https://a:443/", "https://a/"),
        ("https://a:443", "https://a:443/kang/snapshot", "https://a"),
        ("http://10.0.0.1:1/x?y=z", "http://10.0.0.1:1/x?y=z", "10.0.0.1:1/x?y=z"),
        ("a:0000008080", "http://a:8080/kang/snapshot", "a:8080"),
        ("[::1]:8080", "http://::1:8080/kang/snapshot", "[::1]:8080"),
        ("https://[fe80::1]", "https://fe80::1:443/kang/snapshot", "https://[fe80::1]"),
        ("a/b c\r\nX: y", "http://a:80/b%20c%0D%0AX:%20y", "a/b%20c%0D%0AX:%20y"),
    ],
)
def test_addresses(text: str, url: str, short: str) -> None:
    address = parse_address(text)
    assert (address.url, str(address)) == (url, short)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it names no host"),
        ("http://", "it names no host"),
        ("/x", "it names no host"),
        ("a b", "it names no host"),
        ("me:pw@host", "there is no place for a user or password"),
        ("ftp://host", "ftp is neither http nor https"),
        ("::1", "it names no host"),
        ("[:::]", "::: is no IP address"),
        ("256.1.1.1", "256.1.1.1 is no IP address"),
        ("a:", "'' is no port number"),
        ("a:x\x1b[2J", r"'x\x1b[2J' is no port number"),
        ("a:0", "port 0 is not in the range 1-65535"),
        ("a:0000100000", "port 100000 is not in the range 1-65535"),
        ("a:65536", "port 65536 is not in the range 1-65535"),
        ("a:" + "9" * 5000, "port 999999999 is not in the range 1-65535"),
        ("a:٣", "'٣' is no port number"),
    ],
)
def test_addresses_that_are_none(text: str, why: str) -> None:
    with pytest.raises(NodeobsError) as raised:
        parse_address(text)
    assert raised.value.exit_code == 2
    assert raised.value.message.endswith(f" is no address: {why}")
    assert raised.value.message.isprintable()


def test_several() -> None:
    assert [one.host for one in parse_addresses("a, b:1,,[::1]")] == ["a", "b", "::1"]
    assert parse_addresses("") == []


def test_where_the_schema_is() -> None:
    assert parse_address("a/x/snapshot").schema_path == "/x/schema"
    assert parse_address("a/x").schema_path is None


@settings(deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"(https?://)?[a-z:\[\]0-9.]*(:\d+)?(/.*)?"))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except NodeobsError:
        return
    assert 1 <= address.port <= 65535
    assert address.path.isascii()
    assert " " not in address.url
    assert parse_address(str(address)) == address
