"""Who may declare what: the party policy, enforced by casbin and checked before it is trusted."""

import csv
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeAlias, cast

from casbin import Enforcer

from gateway.catalogue.model import Catalogue
from gateway.decision.errors import PartiesInvalid
from gateway.decision.model import Standing

Hat: TypeAlias = tuple[str, str]
"""An organisation and a role in it: the "pet" that someone has on."""

MEMO_SIZE = 8192
"""Bounds the memory for questions that callers make up; real combinations are far fewer."""

_ROLE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CANARY = ("nobody", "nothing", "no-task", "no-activity")
_CELLS = 5


class _Enforcer(Protocol):
    def enforce(self, *request: str) -> bool: ...


class Parties:
    """One immutable snapshot of the party policy; a new policy is a new snapshot."""

    def __init__(self, enforcer: _Enforcer, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._enforce: Callable[..., bool] = lru_cache(MEMO_SIZE)(enforcer.enforce)

    @classmethod
    def load(cls, conf: Path, rows: Path, catalogue: Catalogue) -> "Parties":
        """Return the party policy in these two files, every row of it checked.

        Raises:  PartiesInvalid for no rows, a row of another length, a blank, an unknown name, a
                 row that is there twice, or a model that lets a made-up caller in.
        """
        try:
            enforcer = Enforcer(str(conf))
            text = rows.read_text(encoding="utf-8")
        except Exception as exc:  # casbin raises what its parser happens to raise
            raise PartiesInvalid("the party policy cannot be read") from exc
        policies = _policies(text, catalogue)
        enforcer.add_policies(policies)
        return cls(_trusted(cast("_Enforcer", enforcer), policies), catalogue)

    def may_declare(self, acting: Hat, task: str, activity: str) -> bool:
        """Tell whether this role at this organisation may declare the step: one row must say so."""
        request = (*acting, task, activity)
        return all(request) and self._enforce(*request)

    def standing(self, hats: frozenset[Hat], acting: Hat, task: str, activity: str) -> Standing:
        """Return what the party policy says of a person with these hats, acting in one of them."""
        if acting not in hats:
            return Standing.HAT_NOT_OWNED
        if task not in self._catalogue.tasks:
            return Standing.UNKNOWN
        if self.may_declare(acting, task, activity):
            return Standing.HOLDS
        if self._holds(acting, task):
            return Standing.ACTIVITY_NOT_FOR_ROLE
        if any(self._holds(hat, task) for hat in hats):
            return Standing.WRONG_HAT
        return Standing.TASK_NOT_HELD

    def _holds(self, hat: Hat, task: str) -> bool:
        """Tell whether the organisation holds the task; its roles share the work out."""
        return hat[0] in self._catalogue.tasks[task].responsible


def _policies(text: str, catalogue: Catalogue) -> list[list[str]]:
    """Return the rows without their first cell, each one checked against the catalogue."""
    policies: list[list[str]] = []
    for number, cells in enumerate(csv.reader(text.splitlines(), strict=True), start=1):
        row = [cell.strip() for cell in cells]
        if not any(row) or row[0].startswith("#"):
            continue
        if len(row) != _CELLS or row[0] != "p" or not all(row):
            raise PartiesInvalid(f"parties.csv line {number}: five cells, p first, none blank")
        _check_row(row[1:], number, catalogue)
        policies.append(row[1:])
    if not policies:
        raise PartiesInvalid("parties.csv lets nobody in: it has no rows")
    if len({tuple(policy) for policy in policies}) < len(policies):
        raise PartiesInvalid("parties.csv has a row twice")
    return policies


def _check_row(row: list[str], number: int, catalogue: Catalogue) -> None:
    organisation, role, task, activity = row
    known = catalogue.organisations.get(organisation)
    if known is None:
        raise PartiesInvalid(f"parties.csv line {number}: unknown organisation")
    if not _ROLE.fullmatch(role) or role not in known.roles:
        raise PartiesInvalid(f"parties.csv line {number}: no role of this organisation")
    if task not in catalogue.tasks or activity not in catalogue.tasks[task].activities:
        raise PartiesInvalid(f"parties.csv line {number}: unknown task or activity")


def _trusted(enforcer: _Enforcer, policies: list[list[str]]) -> _Enforcer:
    """Return the enforcer once it has let its own rows in and a made-up caller not."""
    try:
        lets_in = all(enforcer.enforce(*policy) for policy in policies[:1])
        lets_all_in = enforcer.enforce(*_CANARY)
    except Exception as exc:  # a broken matcher raises whatever its expression raises
        raise PartiesInvalid("the model in parties.conf does not work") from exc
    if lets_all_in or not lets_in:
        raise PartiesInvalid("the model in parties.conf does not follow the rows")
    return enforcer
