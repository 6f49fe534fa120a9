"""Remarks on a purpose as a whole: can it be tested, is there a law, who may ask, is it kept up."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.catalogue.lints.fields import words
from gateway.catalogue.lints.remark import Remark, error, warning
from gateway.catalogue.model import (
    Catalogue,
    ConditionKind,
    LawStatus,
    Precision,
    Purpose,
    Task,
)

PartyRow = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """What a purpose is judged beside: the catalogue, who may declare what, and the day."""

    catalogue: Catalogue
    party_rows: frozenset[PartyRow]
    today: dt.date


# Words that name an ambition. Nobody can say which field such a purpose does not need.
_VAGUE = re.compile(
    r"samenhangende (wijk|aanpak|hulp|ondersteuning)|integra(le|al)\b|"
    r"(totaal)?beeld (krijgen|vormen|van)|zo goed mogelijk|in het kader van|"
    r"welzijn|werken aan|(kunnen|beter) helpen|alle (gegevens|informatie)|"
    r"op de hoogte|samenwerk(en|ing) (in|aan|met)|zorg en ondersteuning",
    re.IGNORECASE,
)
# What somebody does who stands before a decision or an act; a purpose names at least one.
_ACTS = re.compile(
    r"bepalen|vaststellen|toetsen|nagaan|beoordelen|beslissen|berekenen|betalen|overmaken|"
    r"onderbouwen|vastleggen|vast te leggen|laten weten|zeker weten|volgen of|zien (of|hoe)|"
    r"zorgen dat|voorbereiden|onderzoeken|aansluiten|aanbieden|aan te bieden|contact leggen|"
    r"controleren|kiezen|verdelen|plannen",
    re.IGNORECASE,
)
_FEWEST_WORDS = 5
_YES_OR_NO = frozenset({Precision.EXISTS, Precision.FLAG})
_ASKED_OF_SOURCES = frozenset(ConditionKind) - {ConditionKind.CLAIM, ConditionKind.MANDATE}


def whole_remarks(purpose: Purpose, context: Context, same: Mapping[str, str]) -> Iterable[Remark]:
    """Return what is to be said of a purpose apart from its single fields."""
    yield from _vague(purpose)
    yield from _offers(purpose)
    yield from _silence(purpose)
    yield from _requesters(purpose, context)
    yield from _in_force(context.catalogue.tasks[purpose.task], context.today)
    yield from _sources(purpose, context.catalogue)
    yield from _upkeep(purpose, context.today)
    if purpose.id in same:
        nl = f"Dit doel verschilt in niets van '{same[purpose.id]}'."
        en = f"This purpose differs in nothing from '{same[purpose.id]}'."
        yield error(("id", ""), "PURPOSE_SAME", nl, en)


def same_purposes(purposes: Iterable[Purpose]) -> Mapping[str, str]:
    """Return for each purpose that decides nothing else than an earlier one, which one that is."""
    first: dict[object, str] = {}
    same: dict[str, str] = {}
    for purpose in purposes:
        decides = (
            (purpose.task, purpose.activity),
            frozenset((each.role, each.organisation) for each in purpose.requesters),
            tuple(sorted(purpose.fields.values(), key=lambda grant: grant.name)),
            purpose.conditions,
        )
        earlier = first.setdefault(decides, purpose.id)
        if earlier != purpose.id:
            same[purpose.id] = earlier
    return same


def _vague(purpose: Purpose) -> Iterable[Remark]:
    """Object to a purpose against which nobody can test whether a field is necessary."""
    vague = _VAGUE.search(purpose.title)
    if vague or not _ACTS.search(purpose.title) or len(words(purpose.title)) < _FEWEST_WORDS:
        nl = "Dit doel is te algemeen om noodzaak aan te toetsen. Welk besluit of welke handeling?"
        en = "This purpose is too vague to test necessity against. Which decision or which act?"
        yield error(("title", ""), "PURPOSE_VAGUE", nl, en)
    if not purpose.question.endswith("?") or _VAGUE.search(purpose.question):
        nl = "Schrijf hier de ene vraag waar de vrager voor staat, met een vraagteken."
        en = "Write the one question that the requester faces, with a question mark."
        yield error(("question", ""), "PURPOSE_VAGUE", nl, en)


def _offers(purpose: Purpose) -> Iterable[Remark]:
    """Ask what may be asked instead of the fields that are never given.

    An empty offer says on purpose that there is nothing to ask instead.
    """
    names = ", ".join(name for name in purpose.never if name not in purpose.instead)
    if names:
        nl = f"Wat kan iemand vragen in plaats van: {names}?"
        yield warning(("never", ""), "NO_COUNTER_OFFER", nl, f"What to ask instead of: {names}?")


def _silence(purpose: Purpose) -> Iterable[Remark]:
    """Point at what still refuses the whole request where silence should only be unknown."""
    if not purpose.silence_is_unknown:
        return
    where, code = ("when_silent", ""), "SILENCE_REFUSES"
    fields = ", ".join(g.name for g in purpose.fields.values() if g.precision not in _YES_OR_NO)
    if fields:
        nl = f"Alleen een ja of nee kan onbekend zijn. Zwijgt de bron, dan weigert toch: {fields}."
        en = f"Only a yes or no can be unknown. When the source is silent this refuses: {fields}."
        yield warning(where, code, nl, en)
    conditions = ", ".join(c.name for c in purpose.conditions if c.kind in _ASKED_OF_SOURCES)
    if conditions:
        nl = f"Zwijgt de bron van een voorwaarde, dan wordt alles geweigerd: {conditions}."
        en = f"When the source of a condition is silent, all is refused: {conditions}."
        yield warning(where, code, nl, en)


def _requesters(purpose: Purpose, context: Context) -> Iterable[Remark]:
    """Object to a requester whom the party policy does not let in."""
    for each in purpose.requesters:
        row = (each.organisation, each.role, purpose.task, purpose.activity)
        if row not in context.party_rows:
            who = f"{each.role} bij {each.organisation}"
            nl = f"parties.csv laat {who} deze stap niet zetten."
            en = f"parties.csv lets no {each.role} of {each.organisation} take this step."
            yield error(("requesters", ""), "REQUESTER_SHUT_OUT", nl, en)


def _in_force(task: Task, today: dt.date) -> Iterable[Remark]:
    """Object to a law that has ended; a bill, or a law that is still to come, is pointed at."""
    where, code = ("task", ""), "LAW_NOT_IN_FORCE"
    if task.in_force_on(today):
        return
    if task.bill_checked is not None:
        seen = task.bill_checked.isoformat()
        nl = f"De wet achter deze taak is een voorstel (stand {seen}); tot dan wordt geweigerd."
        en = f"The law behind this task is a bill (as of {seen}); until then all is refused."
        yield warning(where, code, nl, en)
    elif today < task.valid_from:
        nl = "De wet achter deze taak geldt nog niet; tot dan wordt alles geweigerd."
        yield warning(where, code, nl, "The law behind this task is not in force yet.")
    else:
        nl = "De wet achter deze taak geldt niet meer."
        yield error(where, code, nl, "The law behind this task is no longer in force.")


def _sources(purpose: Purpose, catalogue: Catalogue) -> Iterable[Remark]:
    """Point at law texts that nobody read in a current version; ask for a ground of article 6."""
    statuses = {
        "task": {catalogue.tasks[purpose.task].status},
        "retention": {purpose.retention.status},
        "legal_basis": {basis.status for basis in purpose.legal_basis},
    }
    for member, found in statuses.items():
        if LawStatus.RECALLED in found:
            nl = "Deze wettekst is niet nagekeken (R)."
            yield warning((member, ""), "LAW_RECALLED", nl, "This law text was recalled (R).")
        elif LawStatus.OLDER in found:
            nl = "Deze wettekst is in een oudere versie nagekeken (V15)."
            en = "This law text was read in an older version (V15)."
            yield warning((member, ""), "LAW_OLDER", nl, en)
    if not any(basis.gdpr.startswith("6-1-") for basis in purpose.legal_basis):
        nl = "Noem de grond van AVG artikel 6."
        yield error(("legal_basis", ""), "GROUND_MISSING", nl, "Name the ground of article 6.")


def _upkeep(purpose: Purpose, today: dt.date) -> Iterable[Remark]:
    """Ask for a review in time, and for examples of both outcomes."""
    if purpose.review_by < today:
        nl, en = "De datum van herziening is voorbij.", "The review date has passed."
        yield warning(("valid", "review_by"), "REVIEW_PASSED", nl, en)
    for permitted, nl, en in (
        (True, "Er is geen voorbeeld dat mag.", "There is no example that is permitted."),
        (False, "Er is geen voorbeeld dat niet mag.", "There is no example that is refused."),
    ):
        if all(example.permitted is not permitted for example in purpose.examples):
            yield error(("examples", ""), "EXAMPLE_MISSING", nl, en)
