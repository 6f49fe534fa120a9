"""What the commands for reviewing a policy do; each gives what to print and an exit status.

Exit status 0: nothing to object. 1: a sentence of `invariants.yaml` is broken. 3: something became
wider, or nobody has shown that it did not; a status of its own, so that a pipeline can ask for the
two officers that a widening needs.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from gateway.catalogue.compare import compare
from gateway.catalogue.lints.invariants import load_invariants, violations
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import Catalogue, Condition, Purpose
from gateway.catalogue.pages.dpia import prefilled
from gateway.catalogue.pages.page import catalogue_page, register_page
from gateway.catalogue.register import register
from gateway.cli import review_text as text
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.explain import condition_sentence
from gateway.decision.parties import Parties
from gateway.errors import SettingsInvalid
from gateway.learning.impact import impact
from gateway.learning.records import read_records
from gateway.learning.tally import Tally
from gateway.learning.unused import unused
from gateway.moments import unix_ms
from gateway.policy_source import Folders, open_policy, policy_in
from gateway.reach import reach_of

OK, BROKEN, WIDER = 0, 1, 3


class Form(StrEnum):
    """In which form a review is wanted."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to print, and with which status to exit."""

    text: str
    status: int = OK


def compare_policies(old: str, new: str, repository: Path, form: Form) -> Outcome:
    """Say what became wider and narrower; each side is a folder or a git revision.

    Raises:  CatalogueInvalid, PartiesInvalid; SettingsInvalid when a side is no policy.
    """
    with open_policy(old, repository) as before, open_policy(new, repository) as after:
        differences = compare(policy_in(before), policy_in(after))
    if form is Form.JSON:
        shown = _json(text.compare_out(differences))
    elif form is Form.MARKDOWN:
        shown = text.compare_markdown(differences)
    else:
        shown = text.compare_text(differences)
    return Outcome(shown, WIDER if differences.widens else OK)


def check_invariants(folders: Folders, form: Form) -> Outcome:
    """Check every sentence of `invariants.yaml` over everything that can be released.

    Raises:  CatalogueInvalid, PartiesInvalid, BundleInvalid.
    """
    decider = _decider(folders)
    invariants = load_invariants(folders[1], decider.catalogue)
    reach = asyncio.run(reach_of(decider))
    found = violations(invariants, reach.releases, decider.catalogue)
    arguments = (invariants, found, len(reach.releases))
    as_json = form is Form.JSON
    shown = _json(text.invariants_out(*arguments)) if as_json else text.invariants_text(*arguments)
    return Outcome(shown, BROKEN if found else OK)


def make_register(
    folders: Folders, purposes: Sequence[str], today: dt.date, *, html: bool
) -> Outcome:
    """Return the register of processing activities, as JSON or as a page; no purpose means all.

    Raises:  CatalogueInvalid, PartiesInvalid; SettingsInvalid for a purpose that does not exist.
    """
    policy = policy_in(folders)
    chosen = _chosen(policy.catalogue, purposes)
    if html:
        return Outcome(register_page(policy, chosen, _say, today))
    return Outcome(_json(register(policy.catalogue, chosen, today)))


def make_dpia(folders: Folders, purposes: Sequence[str], made_at: dt.datetime) -> Outcome:
    """Return a DPIA of these purposes, filled in as far as the catalogue goes; none means all.

    Raises:  CatalogueInvalid, PartiesInvalid; SettingsInvalid for a purpose that does not exist.
    """
    catalogue = policy_in(folders).catalogue
    return Outcome(_json(prefilled(_chosen(catalogue, purposes), catalogue, _say, made_at)))


def make_page(folders: Folders, out: Path, today: dt.date) -> Outcome:
    """Write the page of the whole catalogue.

    Effects: writes `out`.
    Raises:  CatalogueInvalid, PartiesInvalid; SettingsInvalid when the file cannot be written.
    """
    page = catalogue_page(policy_in(folders), _say, today)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as exc:
        raise SettingsInvalid("the page cannot be written there") from exc
    return Outcome(f"{out}\n")


@dataclass(frozen=True, slots=True)
class Use:
    """Where the use of a period is read: a ledger file, the tally beside it, first and last day."""

    ledger: Path
    tally: Path
    since: dt.date
    until: dt.date

    @property
    def since_ms(self) -> int:
        """The first moment of the period in milliseconds since 1970."""
        start = dt.datetime.combine(self.since, dt.time(), dt.UTC)
        return unix_ms(start)


def find_unused(folders: Folders, use: Use, form: Form) -> Outcome:
    """Propose to narrow what nobody needed in this period.

    Raises:  CatalogueInvalid, PartiesInvalid, LedgerUnreadable, LeafInvalid, SettingsInvalid.
    """
    catalogue = policy_in(folders).catalogue
    proposals = unused(
        read_records(use.ledger, use.since_ms),
        catalogue,
        (use.since, use.until),
        Tally.open(use.tally).always_empty(use.since),
    )
    as_json = form is Form.JSON
    return Outcome(_json(text.unused_out(proposals)) if as_json else text.unused_text(proposals))


def find_impact(folders: Folders, draft: str, repository: Path, use: Use, form: Form) -> Outcome:
    """Decide the recorded requests of this period again under a draft of the policy.

    Raises:  CatalogueInvalid, PartiesInvalid, BundleInvalid, LedgerUnreadable, LeafInvalid;
             SettingsInvalid when the draft is no policy.
    """
    now = policy_in(folders).catalogue
    records = read_records(use.ledger, use.since_ms)
    with open_policy(draft, repository) as drafted:
        found = asyncio.run(impact(records, now, _decider(drafted)))
    as_json = form is Form.JSON
    return Outcome(_json(text.impact_out(found)) if as_json else text.impact_text(found))


def _decider(folders: Folders) -> Decider:
    purposes_dir, policies_dir = folders
    catalogue = load_catalogue(purposes_dir, policies_dir)
    parties = Parties.load(policies_dir / "parties.conf", policies_dir / "parties.csv", catalogue)
    return Decider(catalogue, parties, EmbeddedEngine.build(catalogue, policies_dir))


def _chosen(catalogue: Catalogue, names: Sequence[str]) -> tuple[Purpose, ...]:
    unknown = sorted(set(names) - catalogue.purposes.keys())
    if unknown:
        raise SettingsInvalid(f"the catalogue has no purpose by the name {unknown[0]}")
    return tuple(catalogue.purposes[name] for name in names or catalogue.purposes)


def _say(condition: Condition) -> tuple[str, str]:
    words = condition_sentence(condition)
    return words.nl, words.en


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n"
