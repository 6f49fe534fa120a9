"""Behind a veil: "no", "not known" and "not yours" look the same and take as long.

The one rule: where the policy draws a veil, whoever has no part in the case of the person hears
what somebody with a part in it hears when every answer is "no". So "no" stands for "not so", "not
known" and "not for you", which the answer says; what it was is sealed with the entry.

  status, members, size   the same permit is decided, and the same answer made of it
  the entry               has the same members; the requester holds it in the receipt
  time                    the entry is made, and the answer leaves, on a beat counted from arrival

About whoever the requester has no part in nothing is read: time is evened by waiting and not by
work for show. A source that is not ready well before the first beat gave no answer: the answer then
is "no", on the same beat, and the seal says that nothing was known. What is left: a machine too
busy to keep the beat, on which a probe beside the request may feel how much work there is; and a
file that is read on the thread of the event loop cannot be left behind, so it must keep the beat.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar, cast

from gateway.cases.facts import Claims, claim_outcome
from gateway.catalogue.model import ConditionKind, Purpose
from gateway.catalogue.outcomes import CASE, MET, UNKNOWN
from gateway.catalogue.veil import NO_MEANS, Veil
from gateway.decision.reasons import Code
from gateway.errors import SourceFailed

_LOG: Final = logging.getLogger("doelpoort.veil")

T = TypeVar("T")

Data = Mapping[str, object]
"""By name of the field an entry with its value, as it stands in an answer."""

# A timer of the event loop counts in whole milliseconds from when it was set, so waking up from a
# long sleep would tell the work before it to a fraction of one. The rest is waited for in small
# steps, which let others go first.
_FINE_S: Final = 0.003
_BEATS: Final = 2
_MS: Final = 1_000


class Pace(Protocol):
    """When something of one request may be seen, and how long its sources have."""

    async def beat(self) -> None:
        """Return when the next thing may be seen: first the entry, then the answer."""
        ...

    async def in_time(self, reading: Coroutine[Any, Any, T]) -> T:
        """Return what is read of the sources, if it comes in time.

        Raises: SourceFailed when it does not, and what the reading raises.
        """
        ...


class _AtOnce:
    """Waits for nothing, and gives a source the time that it takes."""

    async def beat(self) -> None:
        """Return at once."""

    async def in_time(self, reading: Coroutine[Any, Any, T]) -> T:
        """Return what is read."""
        return await reading


AT_ONCE: Final = _AtOnce()
"""The pace of a request that nobody is to be kept from timing."""


def at_once(_veil: Veil | None) -> Pace:
    """Let everything leave as soon as it is there."""
    return AT_ONCE


@dataclass(frozen=True, slots=True)
class Metronome:
    """Gives each request behind a veil its beat, from when it arrived.

    Units:   now_s: seconds on a clock that only goes forward; sleep takes seconds.
    """

    now_s: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]

    def __call__(self, veil: Veil | None) -> Pace:
        """Return the pace of a request that arrives now; without a veil there is none to keep."""
        if veil is None:
            return AT_ONCE
        every_s, within_s = veil.answer_after_ms / _MS / _BEATS, veil.source_within_ms / _MS
        return _Beat(self, self.now_s(), every_s, within_s)

    async def wait_until(self, due_s: float) -> None:
        """Return at this moment, and not at some other part of a millisecond."""
        await self.sleep(max(0.0, due_s - self.now_s() - _FINE_S))
        while self.now_s() < due_s:
            await self.sleep(0.0)


@dataclass(slots=True)
class _Beat:
    """The beat of one request; who comes too late for one waits for the next.

    Units:   began_s on the clock of the metronome; every_s, within_s in seconds.
    """

    metronome: Metronome
    began_s: float
    every_s: float
    within_s: float
    count: int = field(default=0, init=False)

    async def beat(self) -> None:
        """Return on the next beat, each of them once."""
        self.count = max(self.count, int(self._passed_s() / self.every_s)) + 1
        await self.metronome.wait_until(self.began_s + self.count * self.every_s)

    async def in_time(self, reading: Coroutine[Any, Any, T]) -> T:
        """Return what is read; what comes too late is not waited for, nor for its end."""
        task = asyncio.ensure_future(reading)
        task.add_done_callback(_take_note)
        try:
            await asyncio.wait([task], timeout=max(0.0, self.within_s - self._passed_s()))
            if task.done():
                return task.result()
        finally:
            task.cancel()
        _LOG.warning("a source was too late for an answer behind a veil, which is no")
        raise SourceFailed("a source gave no answer before the beat")

    def _passed_s(self) -> float:
        return self.metronome.now_s() - self.began_s


def _take_note(reading: "asyncio.Task[Any]") -> None:
    """Look at how a reading ended: else the event loop shows its error, which may hold a row."""
    if not reading.cancelled():
        reading.exception()


def find_outside(purpose: Purpose | None, facts: Mapping[str, str]) -> Code | None:
    """Return why the requester has no part in the person, where the policy lets nobody see it."""
    outcome = facts.get(CASE, MET)
    if purpose is None or purpose.veil is None or outcome in {MET, UNKNOWN}:
        return None
    return Code(outcome)


def as_inside(purpose: Purpose, facts: Mapping[str, str], claims: Claims) -> dict[str, str]:
    """Return the facts as they are for somebody with a part in the case, who claims the same."""
    claimed = {
        condition.name: claim_outcome(claims, condition)
        for condition in purpose.conditions
        if condition.kind is ConditionKind.CLAIM
    }
    return {**facts, **claimed, CASE: MET}


def says_yes(data: Data) -> bool:
    """Tell whether any of the data is a "yes"."""
    return any(_value_of(entry) is True for entry in data.values())


def unknown_in(data: Data) -> list[str]:
    """Return the fields of which nothing is known, by name."""
    return [name for name, entry in data.items() if _value_of(entry) is None]


def veiled(data: Data, at: str) -> dict[str, object]:
    """Return data of which only a "yes" is seen; all of it as of the one moment of the request."""
    return {
        name: {**cast("Data", entry), "value": _value_of(entry) is True, "as_of": at}
        for name, entry in data.items()
    }


def note_of(data: Data) -> dict[str, object]:
    """Return what "no" means, and what makes a "yes" take as much room as a "no"."""
    yes = sum(_value_of(entry) is True for entry in data.values())
    return {"no_means": NO_MEANS[0], "no_means_en": NO_MEANS[1], "padding": "." * yes}


def _value_of(entry: object) -> object:
    return cast("Data", entry)["value"]
