"""Probes in Python programs that the kernel's tracers can see."""

from __future__ import annotations

import os
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, NoReturn, Self

from nodeobs.errors import NodeobsError
from nodeobs.usdt.arguments import Arguments
from nodeobs.usdt.extension import extension
from nodeobs.usdt.probe import Probe

if TYPE_CHECKING:
    from types import TracebackType

    from nodeobs.usdt._stapsdt import CData
    from nodeobs.usdt.arguments import Kind

# Providers change one at a time, as in the C part. A child must not inherit the lock from a
# thread that it does not have; reentrant, because the garbage collector runs anything anywhere.
_lock = RLock()
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


class Provider:
    """SDT probes under one name, for bpftrace, perf, bcc, gdb and tracefs.

        shop = Provider("shop")
        sold = shop.probe("sold", str, "int32")
        shop.load()
        sold.fire("apple", -3)

    The probes are visible from `load` to `close`, which `with Provider("shop") as shop` calls, or
    until the provider and its probes are garbage. All methods may be called by any thread. A
    forked child has its parent's probes, but not its parent's tracers.

    They are in a small shared object, mapped into this process. All processes of a user with the
    same probes share one file, in `directory` (absolute, mode 0700) or in `usdt` of the runtime
    directory (docs/probes.md), so that a tracer can be given its path, even before they start.
    Where there can be no file, or with `memfd`, the object is in memory: tracers then need the
    process, and perf finds nothing.

    Raises NodeobsError (`usdt`) where the module has not been compiled
    (`nodeobs.usdt.unavailable_reason`), and for a name that is empty, longer than 127 bytes, or
    has a colon or a control character in it.
    """

    def __init__(
        self,
        name: str,
        *,
        memfd: bool = False,
        directory: str | os.PathLike[str] | None = None,
    ) -> None:
        self.name = name
        self._extension = extension()
        self._probes: list[Probe] = []
        self._natives: list[CData] = []
        ffi, lib = self._extension.ffi, self._extension.lib
        native = lib.providerInit(self._encoded(name))
        if native == ffi.NULL:
            self._fail(self._extension.text(lib.stapsdtError()))
        # Destroyed when it is garbage, and not in `close`: another thread may be firing.
        self._native: CData | None = ffi.gc(native, lib.providerDestroy)
        if memfd:
            lib.providerUseMemfd(native, lib.memfd_enabled)
        if directory is not None and lib.providerUseDirectory(native, os.fsencode(directory)) != 0:
            self._fail(self._extension.text(native.error))

    def __repr__(self) -> str:
        state = "closed" if self._native is None else f"{len(self._probes)} probes"
        return f"<Provider {self.name}: {state}>"

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The probes, in the order in which they were declared."""
        return tuple(self._probes)

    def probe(self, name: str, *kinds: Kind) -> Probe:
        """Declare a probe with up to 32 arguments; the next `load` makes it visible.

        Tracers find the first 12 in the note: 1 to 6 in registers, 7 to 12 in a block of 64-bit
        words which holds all of them and which register r10 (aarch64: x9) points to.

        Raises TypeError for a kind that is none, and NodeobsError (`usdt`) for a bad name, one
        that is there already, too many arguments, and after `close`.
        """
        arguments = Arguments(kinds)
        encoded = self._encoded(name)
        ffi, lib = self._extension.ffi, self._extension.lib
        with _lock:
            owner = self._owner()
            types = ffi.new("ArgType_t[]", arguments.types)
            native = lib.providerAddProbeTypes(owner, encoded, len(kinds), types)
            if native == ffi.NULL:
                self._fail(self._extension.text(owner.error), name)
            probe = Probe(self._extension, self.name, name, kinds, arguments)
            self._probes.append(probe)
            self._natives.append(native)
        return probe

    def load(self) -> Self:
        """Make the declared probes visible to tracers; again, for those declared since.

        Raises NodeobsError (`usdt`) where neither a file nor a memfd can be made and mapped, and
        after `close`.
        """
        ffi, lib = self._extension.ffi, self._extension.lib
        with _lock:
            owner = self._owner()
            if lib.providerLoad(owner) != 0:
                self._fail(self._extension.text(owner.error))
            for probe, native in zip(self._probes, self._natives, strict=True):
                if not probe._is_open():
                    byte = ffi.gc(lib.probe_byte(native), partial(_keep, owner))
                    probe._open(native, memoryview(ffi.buffer(byte, 1)))
        return self

    def close(self) -> None:
        """Hide the probes for good; firing them does nothing from now on.

        The object is unmapped when no thread is in it and no tracer is attached to it. May be
        called again.
        """
        with _lock:
            for probe in self._probes:
                probe._shut()
            self._natives.clear()
            self._native = None

    def __enter__(self) -> Self:
        return self.load()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _owner(self) -> CData:
        if self._native is None:
            self._fail("it is closed")
        return self._native

    def _encoded(self, name: str) -> bytes:
        if not isinstance(name, str):
            raise TypeError(f"a name is a str, not {type(name).__name__}")
        # The C part looks at the rest, but for it a name ends at the first NUL.
        if "\0" in name:
            self._fail("the name has a control character in it", name)
        try:
            return name.encode()
        except UnicodeEncodeError:
            self._fail("the name has half a surrogate pair in it", name)

    def _fail(self, reason: str | None, probe: str | None = None) -> NoReturn:
        subject = f"provider {self.name!r}" if probe is None else f"probe {self.name}:{probe}"
        raise NodeobsError("usdt", f"{subject}: {reason}")


def _keep(owner: CData, byte: CData) -> None:
    """Is called when nobody needs the byte any more; until then, `owner` is needed."""
