"""An honest guard in memory, and small limits to hold it to."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.cases.store import CasePen
from gateway.catalogue.guard import Combination, Repeat
from gateway.errors import CasesUnavailable
from gateway.mosaic.rules import Answered, Bid, Held, Place, Rules, judge
from gateway.subject import parse_bsn

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
YUSUF, SANNE = parse_bsn("999911235"), parse_bsn("999912410")
BECAUSE = "Wie vaker vraagt, ziet wanneer het antwoord omslaat."
TWICE = Repeat(answers=2, days=30, because=BECAUSE, cool_down_hours=24)
ONCE = Repeat(answers=1, days=30, because=BECAUSE)
PAIR = Combination(frozenset({"een", "twee"}), frozenset(), 30, BECAUSE)
FIELDS = Combination(frozenset(), frozenset({"x", "y"}), 30, BECAUSE)


@dataclass
class MemoryGuard:
    """Counts in memory, as long as it is not broken."""

    broken: bool = False
    taken: dict[str, Bid] = field(default_factory=dict)
    holders: dict[str, int] = field(default_factory=dict)

    async def reserve(self, rules: Rules, bid: Bid) -> Place | Held:
        """Take a place, or say why there is none."""
        if self.broken:
            raise CasesUnavailable("scripted")
        held = self.taken.get(bid.id)
        if held is not None and bid.subject is not None and {*held.fields} >= {*bid.fields}:
            self.holders[bid.id] += 1
            return Place(bid.id)
        before = [
            Answered(each.purpose, frozenset(each.fields), each.at)
            for each in self.taken.values()
            if each.id != bid.id
            and (each.organisation, each.subject) == (bid.organisation, bid.subject)
        ]
        found = judge(rules, bid, before)
        if isinstance(found, Place):
            self.taken[bid.id] = bid
            self.holders[bid.id] = self.holders.get(bid.id, 0) + 1
        return found

    async def reserve_with(self, _pen: CasePen, rules: Rules, bid: Bid) -> Place | Held:
        """Take a place, or say why there is none; nothing undoes it but giving it back."""
        return await self.reserve(rules, bid)

    async def give_back(self, place: Place) -> None:
        """Give a place back once nobody holds it."""
        self.holders[place.id] -= 1
        if not self.holders[place.id]:
            del self.taken[place.id]


_BID = Bid("1" * 32, "gemeente", "een", ("x",), YUSUF, NOW)


def bid(
    number: int = 1,
    **changes: Any,  # noqa: ANN401 - any member may change
) -> Bid:
    """Return the bid of a request with this number, changed so."""
    return replace(_BID, id=f"{number:032x}", **changes)
