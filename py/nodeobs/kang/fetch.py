"""Fetching JSON over HTTP, from services that may be down, slow, something else or hostile."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, Final

from nodeobs import __version__
from nodeobs.errors import NodeobsError
from nodeobs.kang.parse import parse_json
from nodeobs.kang.thread import in_thread
from nodeobs.reports.quantities import size
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from nodeobs.kang.address import Address

#: Bytes of an answer.
MAX_BYTES: Final = 64 << 20
#: Seconds.
TIMEOUT: Final = 15.0
_PIECE: Final = 1 << 16
_REDIRECTS: Final = (301, 302, 303, 307, 308)


async def fetch_json(
    address: Address,
    path: str | None = None,
    *,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - of the whole exchange, and it is in the message
    insecure: bool = False,
    max_bytes: int = MAX_BYTES,
) -> Any:
    """What `address` (or another path of its server) answers. Raises NodeobsError.

    `timeout` is for all of it, in seconds.
    """
    exchange = _Exchange(address, path or address.path, timeout, insecure, max_bytes)
    try:
        async with asyncio.timeout(timeout):
            return await in_thread(exchange.run, f"fetch {address}")
    except TimeoutError:
        raise _too_slow(address, timeout) from None
    finally:
        exchange.abandon()


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, address: Address, path: str, timeout: float, insecure: bool, max_bytes: int
    ) -> None:
        self._address = address
        self._path = path
        self._timeout = timeout
        self._ends = time.monotonic() + timeout
        self._insecure = insecure
        self._max_bytes = max_bytes
        self._socket: socket.socket | None = None
        self._abandoned = False

    def abandon(self) -> None:
        """Have the thread end soon. The descriptor is closed by it, so it cannot be another's."""
        self._abandoned = True
        if (connected := self._socket) is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def run(self) -> Any:
        connection = self._connection()
        try:
            return parse_json(self._body(connection), str(self._address))
        except NodeobsError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failure(self._address, error, self._timeout) from error
        finally:
            self._socket = None
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._address.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        context = ssl.create_default_context()
        if self._insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)

    def _body(self, connection: http.client.HTTPConnection) -> bytes:
        connection.connect()
        self._socket = connection.sock
        if self._abandoned:
            raise TimeoutError
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": f"nodeobs/{__version__}",
        }
        connection.request("GET", self._path, headers=headers)
        response = connection.getresponse()
        with response:
            if response.status != 200:
                raise _status(self._address, response)
            if response.getheader("Content-Encoding", "identity").lower() != "identity":
                raise _refused(
                    self._address,
                    "encoded",
                    "its answer is compressed though that was not asked for",
                    "ask the service itself, not through a proxy",
                )
            return self._read(response)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        pieces: list[bytes] = []
        length = 0
        while True:
            if time.monotonic() > self._ends:
                raise TimeoutError
            piece = response.read1(_PIECE)
            if not piece:
                break
            length += len(piece)
            if length > self._max_bytes:
                raise _refused(
                    self._address,
                    "too_large",
                    f"its answer is longer than {size(self._max_bytes)}",
                    "have the service report less; nodeobs state -p asks for one type at a time",
                )
            pieces.append(piece)
        if response.length:  # a promise that was not kept
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(pieces)


def _status(address: Address, response: http.client.HTTPResponse) -> NodeobsError:
    status = response.status
    if status in _REDIRECTS:
        where = single_line(response.getheader("Location", "")[:300])
        hint = f"if that is meant: -h {where}" if where.startswith("http") else None
        return _refused(address, "redirect", f"it redirects to {where or 'nowhere'}", hint)
    reason = single_line(response.reason[:100])
    hint = {
        401: "it wants a password, which kang's clients have none of",
        403: "a service on a loopback address wants to be called localhost or by its number",
        404: "kang's path is /kang/snapshot; another one is written -h HOST:PORT/PATH",
        405: "is that kang's path? Write it -h HOST:PORT/PATH",
    }.get(status, "the service's log may say why")
    return _refused(address, "status", f"it answers {status} {reason}".rstrip(), hint)


def _failure(address: Address, error: Exception, timeout: float) -> NodeobsError:
    if isinstance(error, TimeoutError):
        return _too_slow(address, timeout)
    if isinstance(error, socket.gaierror | UnicodeError):
        return _refused(address, "no_host", "there is no such host", "is the name written right?")
    if isinstance(error, ConnectionRefusedError):
        return _refused(
            address, "refused", "nothing listens there", "does it run, and is that kang's port?"
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return _refused(
            address,
            "tls",
            f"its certificate is not trusted: {error.verify_message}",
            "SSL_CERT_FILE=CA.pem trusts another authority; --insecure trusts anybody",
        )
    if isinstance(error, ssl.SSLError):
        reason = str(error.reason or error).replace("_", " ").lower()
        return _refused(address, "tls", f"no TLS with it: {reason}", "is it http:// there?")
    if isinstance(error, http.client.IncompleteRead):
        return _refused(address, "incomplete", "its answer ends in the middle", "try again")
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return _refused(
            address, "closed", "it closes the connection without an answer", "is it https:// there?"
        )
    if isinstance(error, OSError):
        return _refused(address, "network", error.strerror or str(error), None)
    return _refused(
        address, "no_http", "it does not speak HTTP", "is that kang's port, and is it https://?"
    )


def _too_slow(address: Address, timeout: float) -> NodeobsError:
    return _refused(
        address, "timeout", f"no whole answer within {timeout:g}s", "--timeout TIME waits longer"
    )


def _refused(address: Address, code: str, what: str, hint: str | None) -> NodeobsError:
    return NodeobsError(code, f"{address}: {single_line(what)}", hint)
