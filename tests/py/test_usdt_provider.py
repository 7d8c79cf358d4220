"""Declaring and firing probes without a tracer; tests/system/test_usdt_python.py has real ones."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from nodeobs.errors import NodeobsError
from nodeobs.usdt import Probe, Provider, extension, unavailable_reason

pytestmark = pytest.mark.usefixtures("usdt_directory")


def pretend_attached(probe: Probe) -> None:
    """Make a probe take itself for traced. What it fires runs over the nop, and nobody sees it."""
    probe._site = memoryview(b"\xcc")


# -- declaring ------------------------------------------------------------------------------


def test_a_loaded_probe_has_a_place(usdt_directory: Path) -> None:
    shop = Provider("shop")
    sold = shop.probe("sold", str, "int32")
    assert (sold.path, sold.offset, sold.memfd_reason, sold.enabled) == (None, None, None, False)
    assert shop.load() is shop
    path, offset = Path(sold.path or ""), sold.offset or 0
    assert path.parent == usdt_directory
    # The nop, behind a frame: push %rbp; mov %rsp,%rbp.
    code = path.read_bytes()[offset - 4 :]
    if os.uname().machine == "x86_64":
        assert code[:4] == bytes.fromhex("554889e5")
    assert code[4] == extension.extension().idle
    assert (sold.provider, sold.name, sold.kinds) == ("shop", "sold", (str, "int32"))
    assert repr(sold) == "<Probe shop:sold(str, int32)>"
    assert repr(shop) == "<Provider shop: 1 probes>"
    shop.close()
    assert repr(shop) == "<Provider shop: closed>"
    assert (sold.path, sold.offset, sold.enabled) == (None, None, False)


def test_the_note_says_the_arguments(usdt_directory: Path) -> None:
    with Provider("kinds") as provider:
        probe = provider.probe(
            "all", str, int, float, "json", "int8", "uint8",
            "int16", "uint16", "int32", "uint32", "int64", "uint64", str,
        )  # fmt: skip
        provider.load()
        assert probe.path is not None
        image = Path(probe.path).read_bytes()
    if os.uname().machine == "x86_64":
        assert (
            b"kinds\0all\0"
            b"8@%rdi -8@%rsi 8@%rdx 8@%rcx -1@%r8b 1@%r9b"
            b" -2@48(%r10) 2@56(%r10) -4@64(%r10) 4@72(%r10) -8@80(%r10) 8@88(%r10)\0"
        ) in image


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "the name is empty"),
        ("a" * 128, "longer than 127 bytes"),
        ("ä" * 64, "longer than 127 bytes"),
        ("a:b", "a colon"),
        ("a\nb", "a control character"),
        ("a\0b", "a control character"),
        ("a\udc80", "half a surrogate pair"),
    ],
)
def test_bad_names(name: str, reason: str) -> None:
    shop = Provider("shop")
    for make in (Provider, shop.probe):
        with pytest.raises(NodeobsError, match=reason) as caught:
            make(name)
        assert caught.value.code == "usdt"
    with pytest.raises(TypeError):
        Provider(b"shop")  # type: ignore[arg-type]
    assert shop.probes == ()


@pytest.mark.parametrize("kind", ["int", "Int32", "int128", "", bytes, bool, 8, None, [], "char *"])
def test_kinds_that_are_none(kind: Any) -> None:
    shop = Provider("shop")
    with pytest.raises(TypeError, match="no kind of argument"):
        shop.probe("sold", str, kind)
    assert shop.probes == ()
    shop.probe("sold", str)


def test_at_most_32_arguments_and_one_probe_of_a_name() -> None:
    shop = Provider("shop")
    with pytest.raises(NodeobsError, match="0 to 32 arguments"):
        shop.probe("many", *[int] * 33)
    many = shop.probe("many", *[int] * 32)
    with pytest.raises(NodeobsError, match=r"shop:many: .* has a probe of that name"):
        shop.probe("many")
    assert shop.probes == (many,)


def test_a_closed_provider_stays_closed() -> None:
    with Provider("shop") as shop:
        sold = shop.probe("sold")
    shop.close()
    for call in (shop.load, lambda: shop.probe("more")):
        with pytest.raises(NodeobsError, match="it is closed"):
            call()
    assert not sold.fire()


def test_probes_declared_after_load_need_another(usdt_directory: Path) -> None:
    with Provider("shop") as shop:
        first = shop.probe("first")
        shop.load()
        place = (first.path, first.offset)
        second = shop.probe("second")
        assert second.path is None
        shop.load()
        assert (first.path, first.offset) == place
        assert second.path not in (None, first.path)


def test_the_same_probes_are_one_object(usdt_directory: Path) -> None:
    with Provider("shop") as one, Provider("shop") as two:
        probes = [provider.probe("sold", int) for provider in (one, two)]
        one.load()
        two.load()
        assert probes[0].path == probes[1].path
        assert len(list(usdt_directory.glob("*.so"))) == 1


# -- where it is kept -----------------------------------------------------------------------


def test_memfd(usdt_directory: Path) -> None:
    with Provider("shop", memfd=True) as shop:
        sold = shop.probe("sold")
        shop.load()
        assert sold.path is not None
        assert sold.path.startswith(f"/proc/{os.getpid()}/fd/")
        assert Path(sold.path).read_bytes().startswith(b"\x7fELF")
        assert sold.memfd_reason is None
        assert not usdt_directory.exists()
    assert not Path(sold.path or "").is_file()


def test_without_a_directory_there_is_a_memfd_and_a_reason(usdt_directory: Path) -> None:
    usdt_directory.mkdir(parents=True)
    usdt_directory.parent.chmod(0o755)
    with Provider("shop") as shop:
        sold = shop.probe("sold")
        shop.load()
        assert sold.path is not None
        assert sold.path.startswith("/proc/")
        assert "open to other users" in (sold.memfd_reason or "")


def test_another_directory(tmp_path: Path) -> None:
    with Provider("shop", directory=tmp_path / "own") as shop:
        sold = shop.probe("sold")
        shop.load()
        assert Path(sold.path or "").parent == tmp_path / "own"
    with pytest.raises(NodeobsError, match="no absolute path"):
        Provider("shop", directory="relative")


# -- firing ---------------------------------------------------------------------------------


def test_a_wrong_count_raises_whatever_the_state() -> None:
    shop = Provider("shop")
    sold = shop.probe("sold", str, int)

    def check() -> None:
        for values in ((), ("a",), ("a", 1, 2)):
            with pytest.raises(TypeError, match=f"sold has 2 arguments, {len(values)} were given"):
                sold.fire(*values)

    check()
    shop.load()
    check()
    pretend_attached(sold)
    check()
    shop.close()
    check()


def test_values_never_raise() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise ValueError("no")

        def __index__(self) -> int:
            raise OSError("no")

    with Provider("shop") as shop:
        sold = shop.probe("sold", str, int, float, "json", "uint8")
        shop.load()
        assert not sold.fire(Hostile(), Hostile(), Hostile(), Hostile(), Hostile())
        assert sold.errors == 0
        pretend_attached(sold)
        assert sold.fire("apple", -3, 1.5, {"a": 1}, 7)
        assert sold.errors == 0
        assert sold.fire(Hostile(), Hostile(), Hostile(), Hostile(), Hostile())
        assert sold.fire(None, None, None, None, None)
        assert sold.errors == 2


def test_lazily_made_values() -> None:
    made: list[object] = []

    def values(*args: object, unit: str = "kg") -> tuple[object, ...]:
        made.append((args, unit))
        return args

    def fail() -> tuple[object, ...]:
        raise KeyError("no")

    def interrupt() -> tuple[object, ...]:
        raise KeyboardInterrupt

    with Provider("shop") as shop:
        sold = shop.probe("sold", str, int)
        shop.load()
        assert not sold.fire_lazy(values, "apple", 3)
        assert not sold.fire_lazy(fail)
        assert made == []
        pretend_attached(sold)
        assert sold.fire_lazy(values, "apple", 3, unit="g")
        assert made == [(("apple", 3), "g")]
        assert sold.errors == 0
        assert not sold.fire_lazy(values, "apple")
        assert not sold.fire_lazy(fail)
        assert not sold.fire_lazy(lambda: 7)  # type: ignore[arg-type, return-value]
        assert sold.errors == 3
        with pytest.raises(KeyboardInterrupt):
            sold.fire_lazy(interrupt)


# -- without the module ---------------------------------------------------------------------


def test_without_the_module_it_is_said_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nodeobs.usdt._stapsdt", None)
    extension._find.cache_clear()
    try:
        assert unavailable_reason() == "its C part has not been compiled"
        with pytest.raises(NodeobsError, match="cannot make probes here") as caught:
            Provider("shop")
        assert caught.value.code == "usdt"
        assert "python3-dev" in (caught.value.hint or "")
    finally:
        extension._find.cache_clear()
