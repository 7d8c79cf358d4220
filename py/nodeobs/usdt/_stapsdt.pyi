"""The module that native/python/build.py compiles, as far as it is used."""

from collections.abc import Callable

from typing_extensions import Buffer

class CData:
    error: CData

class _FFI:
    NULL: CData
    def new(self, cdecl: str, init: object = ...) -> CData: ...
    def gc(self, cdata: CData, destructor: Callable[[CData], object]) -> CData: ...
    def buffer(self, cdata: CData, size: int) -> Buffer: ...
    def string(self, cdata: CData) -> bytes: ...

class _Lib:
    MAX_ARGUMENTS: int
    SDT_NAME_MAX: int
    memfd_enabled: int
    def providerInit(self, name: bytes, /) -> CData: ...  # noqa: N802
    def providerAddProbeTypes(  # noqa: N802
        self, provider: CData, name: bytes, count: int, types: CData, /
    ) -> CData: ...
    def providerUseMemfd(self, provider: CData, use: int, /) -> int: ...  # noqa: N802
    def providerUseDirectory(self, provider: CData, directory: bytes, /) -> int: ...  # noqa: N802
    def providerLoad(self, provider: CData, /) -> int: ...  # noqa: N802
    def providerDestroy(self, provider: CData, /) -> None: ...  # noqa: N802
    def probePath(self, probe: CData, /) -> CData: ...  # noqa: N802
    def probeOffset(self, probe: CData, /) -> int: ...  # noqa: N802
    def probeMemfdReason(self, probe: CData, /) -> CData: ...  # noqa: N802
    def stapsdtError(self) -> CData: ...  # noqa: N802
    def idle_byte(self) -> int: ...
    def probe_byte(self, probe: CData, /) -> CData: ...
    def fire_packed(self, probe: CData, words: bytes, text: bytes, strings: int, /) -> None: ...

ffi: _FFI
lib: _Lib
