"""gunicorn's worker with threads, which gives a thread to whole requests only, and for a limited time to each reply.

gunicorn's own hands every connection to a thread, so as many silent or slow clients as there are threads stop the
server. Here one loop gathers what all clients send, and a request that does not arrive in time is dropped. A proxy in
front does the same and more (docs/how-to/serve.md).
"""

import re
import socket
import time
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

SECONDS_TO_ARRIVE = 20.0  # a request, from its connection's first moment to its last byte
SECONDS_TO_TAKE = 30.0  # one piece of a reply
MOST_HEAD, MOST_BODY = 64 * 1024, 256 * 1024  # bytes; what is longer is refused by gunicorn and the application
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


def is_whole(received: bytes) -> bool:
    """Whether a thread would not have to wait for the rest of this request, or would refuse it anyway."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return len(received) > MOST_HEAD
    head += b"\r\n"
    if _CHUNKED.search(head):
        return body.endswith(b"0\r\n\r\n") or len(body) > MOST_BODY
    length = _LENGTH.search(head)
    return length is None or len(body) >= int(length[1]) or int(length[1]) > MOST_BODY


class _Limited(socket.socket):
    """A connection on which nothing waits without end: what gunicorn calls blocking ends after a while."""

    def setblocking(self, flag: bool, /) -> None:
        self.settimeout(SECONDS_TO_TAKE if flag else 0)


class PatientWorker(ThreadWorker):
    """The loop that holds idle connections holds those that are still sending, too."""

    def enqueue_req(self, conn: Any) -> None:
        """Called by gunicorn for a new connection, and for one that was kept and sends again."""
        if conn.parser is None:
            conn.sock = _Limited(conn.sock.family, conn.sock.type, conn.sock.proto, fileno=conn.sock.detach())
        conn.received = conn.parser.unreader.take_buffered() if conn.parser else b""
        conn.sock.setblocking(False)
        with suppress(OSError):  # nothing there yet, or a client that has left, which the loop will notice
            conn.received += conn.sock.recv(65536)
        if is_whole(conn.received):
            self._hand_over(conn)
            return
        conn.timeout = time.monotonic() + SECONDS_TO_ARRIVE
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Called by the loop. A client that leaves before its request is whole gets no reply."""
        try:
            more = client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        conn.received += more
        if more and not is_whole(conn.received):
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        if more:
            self._hand_over(conn)
        else:
            self.nr_conns -= 1
            conn.close()

    def _hand_over(self, conn: TConn) -> None:
        conn.init()
        conn.parser.unreader.unread(conn.received)
        conn.data_ready = True
        super().enqueue_req(conn)
