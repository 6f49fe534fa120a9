"""A connection between a client and a server that is cut at a chosen message of the client."""

import socket
import threading
from contextlib import suppress

_PIECE = 1 << 16


class CuttingProxy:
    """Carries one connection after another to a port of this host, until the chosen message.

    Shapes:  what the client sends in one go counts as one message. After the cut every later
             connection is carried whole.
    """

    def __init__(self, port: int, at: int, *, delivered: bool) -> None:
        """Cut at the message with this number, counted from 1, before or after it is delivered.

        Nothing that the server says after the cut arrives, whether it got the message or not.
        """
        self._target = port
        self._left = at
        self._delivered = delivered
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def came(self) -> bool:
        """Whether the chosen message came."""
        return self._left <= 0

    def close(self) -> None:
        """Carry nothing any more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for carry in (self._to_server, self._to_client):
                    thread = threading.Thread(target=carry, args=(client, server))
                    self._threads.append(thread)
                    thread.start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with client, suppress(OSError):
            while data := client.recv(_PIECE):
                self._left -= 1
                if self._left == 0:
                    # The client hears nothing any more; what was sent may still be carried out.
                    client.shutdown(socket.SHUT_RDWR)
                    if self._delivered:
                        server.sendall(data)
                    break
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with server, suppress(OSError):
            while data := server.recv(_PIECE):
                with suppress(OSError):
                    client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)
