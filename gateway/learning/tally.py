"""How often a source had anything to say about a field: counts over many people, and no more.

The ledger does not hold this. That the source knew nothing about one person is a fact about that
person, and an entry can be tied to a person by whoever opens its commitment. So the gateway counts
beside the ledger, by month, without request, organisation or time, and nothing is concluded from
fewer answers than `ENOUGH`: "always empty" over one answer would be a fact about one person again.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

import orjson

from gateway.errors import SettingsInvalid

ENOUGH: Final = 10
"""The smallest group about which anything is said; policy figures use the same number."""

_VERSION: Final = 1

_Key: TypeAlias = tuple[str, str, str]


class Tally:
    """Counts of answers, and of answers that were known, by month, purpose and field."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._answers: Counter[_Key] = Counter()
        self._known: Counter[_Key] = Counter()

    @classmethod
    def open(cls, path: Path) -> "Tally":
        """Return the counts in this file, or empty ones when there is no file yet.

        Raises:  SettingsInvalid when the file is no tally.
        """
        tally = cls(path)
        if path.exists():
            tally._read(path.read_bytes())
        return tally

    def note(self, day: dt.date, purpose: str, fields: Mapping[str, object]) -> None:
        """Count the answers of one release; None stands for unknown.

        Shapes:  fields: name to value; only whether a value is None is looked at.
        """
        month = f"{day:%Y-%m}"
        with self._lock:
            for name, value in fields.items():
                key = (month, purpose, name)
                self._answers[key] += 1
                self._known[key] += value is not None

    def save(self) -> None:
        """Write the counts.

        Effects: replaces the file as a whole, so that a reader never sees half of it.
        """
        with self._lock:
            rows = [[*key, count, self._known[key]] for key, count in self._answers.items()]
        content = orjson.dumps({"version": _VERSION, "counts": sorted(rows)})
        beside = self._path.with_name(self._path.name + ".new")
        beside.write_bytes(content)
        beside.replace(self._path)

    def always_empty(self, since: dt.date) -> frozenset[tuple[str, str]]:
        """Return the purpose and field of every source that never knew anything since that month.

        Shapes:  only those with at least `ENOUGH` answers.
        """
        first = f"{since:%Y-%m}"
        answers: Counter[tuple[str, str]] = Counter()
        known: Counter[tuple[str, str]] = Counter()
        with self._lock:
            for (month, purpose, name), count in self._answers.items():
                if month >= first:
                    answers[purpose, name] += count
                    known[purpose, name] += self._known[month, purpose, name]
        return frozenset(key for key, count in answers.items() if count >= ENOUGH > known[key] == 0)

    def _read(self, content: bytes) -> None:
        try:
            document = orjson.loads(content)
            version, rows = document["version"], document["counts"]
            for month, purpose, name, answers, known in rows:
                self._answers[str(month), str(purpose), str(name)] = int(answers)
                self._known[str(month), str(purpose), str(name)] = int(known)
        except (ValueError, KeyError, TypeError) as exc:
            raise SettingsInvalid("the file of the tally cannot be read; move it away") from exc
        if version != _VERSION:
            raise SettingsInvalid("the file of the tally is of another version")
