"""libzmq sockets on an asyncio event loop.

zmq.asyncio costs a future and a task switch for every message; here a socket wakes its owner,
which then takes everything there is without waiting.
"""

from __future__ import annotations

import asyncio
import os
import struct
from typing import TYPE_CHECKING

import zmq

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Callable

# sockaddr_un.sun_path of Linux holds 108 bytes with the final NUL.
_SUN_PATH = 107
# An agent that went away does not come back under its name, and libzmq throws buffered messages
# away when reconnecting is off (RECONNECT_IVL -1): so it is put off until long after the owner
# has read what was left and closed the socket.
_RECONNECT_MS = 24 * 3600 * 1000
# Messages that may wait in libzmq for us. When it is full libzmq stops reading, and the agent
# queues, drops and counts. When it is full and the peer exits, libzmq never reads what the kernel
# still holds: so there must be room for a burst of small ones, while as many full batches of 64 KiB
# must still be bearable. (It cannot adapt to their size: libzmq 4.3 stalls a pipe whose mark is
# changed while it is in use.)
_RECEIVE_HIGH_WATER = 1024
_MONITORED = (
    zmq.EVENT_DISCONNECTED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_MONITOR_EVENT = struct.Struct("=Hi")

_context: zmq.Context[zmq.Socket[bytes]] | None = None
_context_pid = 0


def _shared_context() -> zmq.Context[zmq.Socket[bytes]]:
    global _context, _context_pid
    if _context is None or _context.closed or _context_pid != os.getpid():
        _context = zmq.Context(io_threads=1)
        _context.max_sockets = 16384
        _context_pid = os.getpid()
    return _context


class ConnectedSocket:
    """A libzmq socket of type `kind` connected to the unix socket at `path`.

    `on_readable` is called on the event loop whenever messages may be waiting; it must take all of
    them or call `receive` until that returns None before it waits again. `on_gone` is called once,
    when the peer has closed the connection or could not be reached.
    """

    def __init__(
        self,
        kind: int,
        path: str,
        *,
        on_readable: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_readable = on_readable
        self._on_gone: Callable[[], None] | None = on_gone
        self._directory: int | None = None
        self.handshaken = False
        self.closed = False
        socket = _shared_context().socket(kind)
        self._socket = socket
        self._monitor: zmq.Socket[bytes] | None = None
        try:
            socket.linger = 0
            socket.immediate = 0
            socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
            # A stuck event loop may take its time to answer the handshake.
            socket.setsockopt(zmq.HANDSHAKE_IVL, 0)
            socket.rcvhwm = _RECEIVE_HIGH_WATER
            self._monitor = socket.get_monitor_socket(_MONITORED)
            self._monitor.linger = 0
            # (bytes, because a path need not be text; the stubs of pyzmq know only str.)
            socket.connect(self._url(path))  # type: ignore[arg-type]
        except BaseException as error:
            self._release()
            if isinstance(error, zmq.ZMQError | OSError):
                raise NodeobsError(
                    "unreachable", f"cannot connect to {path}: {error.strerror or error}"
                ) from error
            raise
        self._fd = socket.fileno()
        self._monitor_fd = self._monitor.fileno()
        self._loop.add_reader(self._fd, self._wake)
        self._loop.add_reader(self._monitor_fd, self._read_monitor)
        self._loop.call_soon(self._read_monitor)

    def _url(self, path: str) -> bytes:
        encoded = os.fsencode(path)
        if len(encoded) > _SUN_PATH:
            directory, name = os.path.split(path)
            self._directory = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            encoded = b"/proc/self/fd/%d/%b" % (self._directory, os.fsencode(name))
            if len(encoded) > _SUN_PATH:
                raise OSError(36, "the name of the socket is too long")
        return b"ipc://" + encoded

    def receive(self) -> list[bytes] | None:
        """The next message's frames, or None when there is none now."""
        if self.closed:
            return None
        try:
            return self._socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def send(self, frame: bytes) -> bool:
        """Send a message of one frame; False where the peer reads so little that none fits."""
        if self.closed:
            return False
        try:
            self._socket.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            return False
        # Sending may have consumed the edge of the descriptor that announces an answer.
        self._loop.call_soon(self._wake)
        return True

    def subscribe(self, prefix: str) -> None:
        self._socket.setsockopt(zmq.SUBSCRIBE, prefix.encode())

    def unsubscribe(self, prefix: str) -> None:
        self._socket.setsockopt(zmq.UNSUBSCRIBE, prefix.encode())

    def close(self) -> None:
        """Close at once; what was not sent or read is gone."""
        if self.closed:
            return
        self.closed = True
        self._on_gone = None
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
            self._loop.remove_reader(self._monitor_fd)
        self._release()

    def _release(self) -> None:
        if self._monitor is not None:
            self._socket.disable_monitor()
            self._monitor.close(0)
        self._socket.close(0)
        if self._directory is not None:
            os.close(self._directory)
            self._directory = None

    def _wake(self) -> None:
        # Asking for the events takes the signal off the descriptor, which is level-triggered for
        # asyncio but edge-triggered for libzmq.
        if not self.closed and _events(self._socket) & zmq.POLLIN:
            self._on_readable()

    def _read_monitor(self) -> None:
        while not self.closed and self._monitor is not None:
            try:
                frames = self._monitor.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            event, _value = _MONITOR_EVENT.unpack_from(frames[0])
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.handshaken = True
            elif self._on_gone is not None:
                gone, self._on_gone = self._on_gone, None
                gone()


def _events(socket: zmq.Socket[bytes]) -> int:
    events = socket.getsockopt(zmq.EVENTS)
    assert isinstance(events, int)
    return events
