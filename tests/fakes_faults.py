"""Connections that fail at a chosen statement, in whatever way the test says."""

import sqlite3
from collections.abc import Callable
from typing import Any

_RUNNING = frozenset({"execute", "executemany", "cursor"})


class Faulty:
    """A connection that meets its fault before or after its i-th statement, and once only."""

    def __init__(
        self,
        inner: Any,  # noqa: ANN401  A connection of any driver.
        at: int,
        fault: Callable[[], None],
        *,
        after: bool,
    ) -> None:
        self._inner = inner
        self.left = at
        self._fault = fault
        self._after = after

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  Whatever the connection has.
        """Give what the real connection has, with the fault in it where it runs statements."""
        found = getattr(self._inner, name)
        if name not in _RUNNING:
            return found

        def call(*args: object, **named: object) -> object:
            self.left -= 1
            if self.left == 0 and not self._after:
                self._fault()
            result = found(*args, **named)
            if self.left == 0:
                self._fault()
            return result

        return call


def sqlite_fails(code: int) -> Callable[[], None]:
    """Give a fault that SQLite tells with this error code."""

    def fail() -> None:
        error = sqlite3.OperationalError("made to fail")
        error.sqlite_errorcode = code
        raise error

    return fail
