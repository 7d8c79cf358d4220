"""The blocks that files are read in, compressed or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes read at once. From 128 KiB on malloc would get each block from the kernel anew.
BLOCK: Final = 120 << 10
#: How a gzipped file begins (RFC 1952, 2.3.1).
GZIP: Final = b"\x1f\x8b"


def decompressed(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What is compressed by gzip (RFC 1952), by whatever name, decompressed in blocks of at most
    `BLOCK` bytes; it may be several members, one behind the other.

    Raises NodeobsError `damaged` after what could be decompressed of data that is cut off or
    broken.
    """
    first = next(blocks, b"")
    if len(first) == 1:
        first += next(blocks, b"")
    if first.startswith(GZIP):
        yield from _gunzip(first, blocks)
        return
    yield first
    yield from blocks


def _gunzip(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    import zlib

    stream = zlib.decompressobj(wbits=31)
    block = first
    try:
        while True:
            while block:
                if stream.eof:
                    # Another member, or padding.
                    block = block.lstrip(b"\0")
                    if not block:
                        break
                    stream = zlib.decompressobj(wbits=31)
                yield stream.decompress(block, BLOCK)
                block = stream.unused_data if stream.eof else stream.unconsumed_tail
            block = next(blocks, b"")
            if not block:
                break
    except zlib.error as error:
        raise _damaged(f"the compressed data is damaged: {error}") from None
    if not stream.eof:
        raise _damaged("the compressed data ends too early")


def _damaged(message: str) -> NodeobsError:
    return NodeobsError("damaged", message, "what was before is shown")
