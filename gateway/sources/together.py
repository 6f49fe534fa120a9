"""Several questions at once under one deadline, which holds whatever the asked do."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from gateway.errors import SourceFailed

T = TypeVar("T")


async def together(questions: Sequence[Coroutine[Any, Any, T]], deadline_s: float) -> list[T]:
    """Return every answer in order; the first failure ends the others.

    Units:   deadline_s: seconds; a question that does not stop at once is not waited for.
    Raises:  the first error of a question, or SourceFailed when time is up.
    """
    tasks = [asyncio.ensure_future(question) for question in questions]
    try:
        done, late = await asyncio.wait(
            tasks, timeout=deadline_s, return_when=asyncio.FIRST_EXCEPTION
        )
    finally:
        for task in tasks:
            task.add_done_callback(_forget)
            task.cancel()
    answers = [task.result() for task in tasks if task in done]
    if late:
        raise SourceFailed("a source gave no answer in time")
    return answers


def _forget(task: "asyncio.Task[Any]") -> None:
    """Look at how a task ended that nobody waits for, so that the event loop does not complain."""
    if not task.cancelled():
        task.exception()
