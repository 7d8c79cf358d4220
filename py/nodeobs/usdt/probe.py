"""One probe of a `Provider`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodeobs.usdt._stapsdt import CData
    from nodeobs.usdt.arguments import Arguments, Kind
    from nodeobs.usdt.extension import Extension

_Given = ParamSpec("_Given")


class Probe:
    """A place in the program that a tracer can attach to, made by `Provider.probe`.

    While no tracer is attached, `fire` counts its arguments, reads one byte and returns. All
    methods may be called by any thread, after fork, and after the provider's `close`, when they
    do nothing. A probe stays visible for as long as it is referenced, also without its provider.
    """

    __slots__ = (
        "_arguments", "_count", "_extension", "_idle", "_native", "_site",
        "errors", "kinds", "name", "provider",
    )  # fmt: skip

    def __init__(
        self,
        extension: Extension,
        provider: str,
        name: str,
        kinds: Sequence[Kind],
        arguments: Arguments,
    ) -> None:
        self.provider = provider
        self.name = name
        self.kinds = tuple(kinds)
        #: Firings with a value that could not be converted, or that `fire_lazy` could not make.
        self.errors = 0
        self._arguments = arguments
        self._count = len(kinds)
        self._extension = extension
        self._idle = extension.idle
        self._native = extension.ffi.NULL
        # The byte to look at. Who has it in hand keeps the code mapped, whatever `close` does
        # meanwhile; `_native` is valid for as long, and set before.
        self._site = extension.nowhere

    def __repr__(self) -> str:
        kinds = ", ".join(kind if isinstance(kind, str) else kind.__name__ for kind in self.kinds)
        return f"<Probe {self.provider}:{self.name}({kinds})>"

    @property
    def enabled(self) -> bool:
        """Whether a tracer is attached. The kernel has then put a trap in place of the byte."""
        return self._site[0] != self._idle

    def fire(self, *values: object) -> bool:
        """Fire with a value for each kind; whether a tracer was attached.

        Values never make it raise, since it would be only while somebody looks. Integers wrap
        like C's, numbers with a fraction lose it. For strings, what is not str or bytes becomes
        `str(value)`; a tracer sees them up to their first NUL, at most 32,767 bytes of UTF-8.
        What cannot be converted is 0 or the empty string, and counted in `errors`.

        Raises TypeError for another number of values than of kinds, attached or not.
        """
        if len(values) != self._count:
            raise TypeError(self._wrong_count(len(values)))
        site = self._site
        if site[0] == self._idle:
            return False
        self._send(values)
        return True

    def fire_lazy(
        self,
        make: Callable[_Given, Sequence[object]],
        *args: _Given.args,
        **kwargs: _Given.kwargs,
    ) -> bool:
        """Fire with the values that `make(*args, **kwargs)` returns, called only while a tracer is
        attached; whether the probe has fired.

        An Exception of `make`, or another number of values than of kinds, is counted in `errors`
        and nothing is fired: a program must not behave differently while somebody looks.
        """
        site = self._site
        if site[0] == self._idle:
            return False
        try:
            values = tuple(make(*args, **kwargs))
        except Exception:  # noqa: BLE001
            self.errors += 1
            return False
        if len(values) != self._count:
            self.errors += 1
            return False
        self._send(values)
        return True

    @property
    def path(self) -> str | None:
        """The object that a tracer can be given: a file, or `/proc/PID/fd/N` of a memfd. None
        while the provider is not loaded."""
        site = self._site
        if site is self._extension.nowhere:
            return None
        return self._extension.text(self._extension.lib.probePath(self._native))

    @property
    def offset(self) -> int | None:
        """Where in that object the probe's instruction is, in bytes. None as for `path`."""
        site = self._site
        if site is self._extension.nowhere:
            return None
        return self._extension.lib.probeOffset(self._native)

    @property
    def memfd_reason(self) -> str | None:
        """Why there is a memfd although a file was wanted; None where there is a file."""
        site = self._site
        if site is self._extension.nowhere:
            return None
        return self._extension.text(self._extension.lib.probeMemfdReason(self._native))

    def _send(self, values: Sequence[object]) -> None:
        words, text, good = self._arguments.pack(values)
        if not good:
            self.errors += 1
        self._extension.lib.fire_packed(self._native, words, text, self._arguments.strings)

    def _wrong_count(self, count: int) -> str:
        return f"{self.provider}:{self.name} has {self._count} arguments, {count} were given"

    def _is_open(self) -> bool:
        return self._site is not self._extension.nowhere

    def _open(self, native: CData, site: memoryview) -> None:
        self._native = native
        self._site = site

    def _shut(self) -> None:
        self._site = self._extension.nowhere
