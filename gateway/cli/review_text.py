"""What a review says to a person and in a merge request: differences, sentences, use, impact."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from gateway.catalogue.compare import Change, Differences, Direction
from gateway.catalogue.lints.invariants import EMERGENCY, Invariant, Violation
from gateway.learning.impact import Failure, Impact
from gateway.learning.unused import Proposal

_DIRECTIONS: Mapping[Direction, tuple[str, str]] = {
    Direction.NEW: ("nieuw", "new"),
    Direction.WIDER: ("ruimer", "wider"),
    Direction.DIFFERENT: ("anders, niet te vergelijken", "different"),
    Direction.NARROWER: ("krapper", "narrower"),
    Direction.GONE: ("vervallen", "gone"),
    Direction.NOTE: ("zonder gevolg voor wat uitgaat", "note"),
}
_ASPECTS: Mapping[str, str] = {
    "access": "toegang",
    "against": "waarmee wordt vergeleken",
    "aggregated": "gaat over een groep",
    "answer": "aan wie de vraag wordt gesteld",
    "band": "indeling in groepen",
    "because": "waarom dit leefgebied open is",
    "begin": "wie een casus mag beginnen",
    "begin_task": "taak waarvan de wet het toestaat",
    "case_kind": "soort casus",
    "case_kinds": "soort casus",
    "cells": "wat van welke groep wordt verteld",
    "coordinator": "wie coördineert",
    "decide_within": "termijn om te beslissen",
    "domain": "leefgebied",
    "embargo_days": "dagen waarin de inwoner het nog niet hoort",
    "emergency": "mag bij direct gevaar met minder",
    "epsilon": "toeval in de cijfers (epsilon; lager is meer toeval)",
    "fields": "gegevens waarbij het wel mag",
    "group_labels": "woorden waarnaar cijfers worden verdeeld",
    "groups": "regels voor kleine groepen",
    "help_question": "hulpvraag",
    "indistinguishable": "antwoorden die er gelijk uitzien",
    "kind": "soort waarde volgens het woordenboek",
    "key": "kolom met de naam bij elk gegeven",
    "label": "wat onder deze kop hoort",
    "labels": "woorden die mogen uitgaan",
    "largest_share": "hoogste aandeel van een persoon in een groep (procent)",
    "law": "wet die een kleinere groep toestaat",
    "most_cells": "in hoeveel groepen een persoon telt",
    "opens": "leefgebied dat open is",
    "purposes": "doelen van deze hulpvraag",
    "term_days": "duur van een deelname in dagen",
    "words": "woorden die worden gezocht",
    "phases": "fase van de casus",
    "column": "kolom bij de bron",
    "condition": "voorwaarde",
    "consent": "toestemming voor dit gegeven",
    "derive": "wat er van de bron wordt gemaakt",
    "dictionary": "woordenboek",
    "inform_subject": "inwoner informeren",
    "instead": "tegenaanbod",
    "legal_basis": "grondslag",
    "need": "wanneer nodig",
    "never": "nooit verstrekt",
    "never_together": "wat niet samengaat",
    "noise": "toeval in de cijfers (epsilon)",
    "one_of": "woorden waarmee wordt vergeleken",
    "other": "naam waarmee wordt vergeleken",
    "period": "kolom met het jaar",
    "precision": "precisie",
    "question": "de vraag",
    "repeat": "hoe vaak gevraagd mag worden",
    "representation": "wie voor de inwoner toestemt",
    "retention": "bewaartermijn",
    "review_by": "datum van herziening",
    "rules": "de regels zelf (Rego)",
    "secrecy": "geheimhouding",
    "silence_is_unknown": "onbekend als de bron niet antwoordt",
    "smallest": "kleinste groep die wordt verteld",
    "step": "taak en activiteit",
    "table": "tabel bij de bron",
    "title": "omschrijving",
    "valid_from": "geldig vanaf",
    "valid_until": "geldig tot en met",
    "where": "welke rijen",
    "years": "hoeveel jaren worden verteld",
}
_FAILURES: Mapping[Failure, str] = {
    Failure.UNDECLARED: "taak, activiteit of doel was niet te herkennen",
    Failure.ORGANISATION_UNKNOWN: "de organisatie staat niet in het ontwerp",
    Failure.FAILED_THEN: "de vraag liep toen vast op een storing of ontbrekend feit",
    Failure.FACT_NOT_RECORDED: "het ontwerp vraagt een feit dat toen niet is vastgelegd",
}


def compare_text(differences: Differences) -> str:
    """Return the differences for a terminal, what widens first."""
    if not differences.changes:
        return "Geen verschil. (No difference.)\n"
    lines = [_verdict(differences), ""]
    for direction in Direction:
        found = [change for change in differences.changes if change.direction is direction]
        if found:
            nl, en = _DIRECTIONS[direction]
            lines.append(f"{nl} ({en}): {len(found)}")
            lines += [f"  {row}" for row in _rows(found)]
            lines.append("")
    return "\n".join(lines)


def compare_markdown(differences: Differences) -> str:
    """Return the differences as a table for a review."""
    lines = [
        "## Wat verandert er in het beleid",
        "",
        f"`{differences.old_revision[:12]}` → `{differences.new_revision[:12]}`. "
        + _verdict(differences),
        "",
    ]
    if differences.changes:
        lines += ["| richting | doel | gegeven | wat | oud | nieuw | vragers |"]
        lines += ["|---|---|---|---|---|---|---|"]
    for direction in Direction:
        found = [change for change in differences.changes if change.direction is direction]
        for change, who in _merged(found):
            cells = (
                _DIRECTIONS[direction][0],
                change.purpose,
                change.field or "",
                _ASPECTS.get(change.aspect, change.aspect),
                change.old,
                change.new,
                who,
            )
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines) + "\n"


def compare_out(differences: Differences) -> dict[str, object]:
    """Return the differences for a program: one object for each requester, purpose and field."""
    return {
        "old_revision": differences.old_revision,
        "new_revision": differences.new_revision,
        "widens": differences.widens,
        "changes": [
            {
                "direction": change.direction.value,
                "purpose": change.purpose,
                "organisation": change.requester.organisation if change.requester else None,
                "role": change.requester.role if change.requester else None,
                "field": change.field,
                "aspect": change.aspect,
                "old": change.old,
                "new": change.new,
            }
            for change in differences.changes
        ],
    }


def _verdict(differences: Differences) -> str:
    if differences.widens:
        return "Er gaat meer uit, of dat is niet uit te sluiten. (This widens the policy.)"
    return "Er gaat niets meer uit dan eerst. (Nothing is wider.)"


def _rows(changes: Iterable[Change]) -> Iterable[str]:
    for change, who in _merged(changes):
        subject = " / ".join(part for part in (change.purpose, change.field) if part) or "alles"
        aspect = _ASPECTS.get(change.aspect, change.aspect)
        step = f"{change.old or '-'} → {change.new or '-'}"
        yield f"{subject}: {aspect}: {step}" + (f"  [{who}]" if who else "")


def _merged(changes: Iterable[Change]) -> Iterable[tuple[Change, str]]:
    """Give changes that are equal but for the requester once, with all those requesters."""

    def same(change: Change) -> tuple[str, ...]:
        return change.purpose, change.field or "", change.aspect, change.old, change.new

    for _, group in groupby(sorted(changes, key=same), key=same):
        found = list(group)
        who = [f"{c.requester.role}@{c.requester.organisation}" for c in found if c.requester]
        yield found[0], ", ".join(sorted(who))


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def invariants_text(
    invariants: Sequence[Invariant], violations: Sequence[Violation], releases: int
) -> str:
    """Return each sentence with whether it holds; a broken one shows its combinations."""
    lines = []
    for invariant in invariants:
        broken = [each.release for each in violations if each.invariant is invariant]
        lines.append(f"{'✗' if broken else '✓'} {invariant.sentence}")
        lines += [f"     {_combination(Violation(invariant, each))}" for each in broken]
    total = len({id(each.invariant) for each in violations})
    lines += [
        "",
        f"{len(invariants)} zinnen getoetst over {releases} combinaties die iets verstrekken.",
        f"{total} geschonden. ({len(invariants)} sentences, {total} broken.)",
    ]
    return "\n".join(lines) + "\n"


def invariants_out(
    invariants: Sequence[Invariant], violations: Sequence[Violation], releases: int
) -> dict[str, object]:
    """Return the outcome of the sentences for a program."""
    return {
        "combinations": releases,
        "invariants": [
            {
                "sentence": invariant.sentence,
                "sentence_en": invariant.sentence_en,
                "violations": [
                    {
                        "organisation": each.release.requester.organisation,
                        "role": each.release.requester.role,
                        "task": each.release.task,
                        "activity": each.release.activity,
                        "purpose": each.release.purpose,
                        "field": each.release.field,
                        "about": each.release.about,
                        "unmet": sorted(each.release.unmet),
                        "situation": each.release.situation,
                    }
                    for each in violations
                    if each.invariant is invariant
                ],
            }
            for invariant in invariants
        ],
    }


def _combination(violation: Violation) -> str:
    release = violation.release
    unmet = f", zonder {', '.join(sorted(release.unmet))}" if release.unmet else ""
    urgent = ", bij direct gevaar" if release.situation == EMERGENCY else ""
    return (
        f"{release.requester.role}@{release.requester.organisation}: {release.task} / "
        f"{release.activity} / {release.purpose} → {release.field} "
        f"({release.about}{urgent}{unmet})"
    )


def unused_text(proposals: Sequence[Proposal]) -> str:
    """Return the proposals to narrow the policy, Dutch first."""
    if not proposals:
        return "Alles wat het beleid geeft, is gebruikt. (Everything granted was used.)\n"
    return "".join(f"- {each.nl}\n  {each.en}\n" for each in proposals)


def unused_out(proposals: Sequence[Proposal]) -> list[dict[str, object]]:
    """Return the proposals for a program."""
    return [
        {
            "kind": each.kind.value,
            "purpose": each.purpose,
            "field": each.field,
            "organisation": each.requester.organisation if each.requester else None,
            "role": each.requester.role if each.requester else None,
            "requests": each.requests,
            "proposal": each.nl,
            "proposal_en": each.en,
        }
        for each in proposals
    ]


def impact_text(impact: Impact) -> str:
    """Return what a draft would have changed: what stays and what is unknown come first."""
    lines = [
        f"{impact.requests} vragen opnieuw beslist. (Requests decided again.)",
        f"  {impact.unchanged} ongewijzigd (unchanged)",
        f"  {sum(impact.failed.values())} niet te beslissen (failed)",
    ]
    lines += [f"    {count}: {_FAILURES[why]}" for why, count in impact.failed.items()]
    lines += [
        f"  {each.purpose} / {each.field}: {each.more} antwoorden meer, {each.less} minder"
        for each in impact.fields
    ]
    return "\n".join(lines) + "\n"


def impact_out(impact: Impact) -> dict[str, object]:
    """Return what a draft would have changed, for a program."""
    return {
        "requests": impact.requests,
        "unchanged": impact.unchanged,
        "failed": {why.value: count for why, count in impact.failed.items()},
        "fields": [
            {
                "purpose": each.purpose,
                "field": each.field,
                "more": each.more,
                "less": each.less,
            }
            for each in impact.fields
        ],
    }
