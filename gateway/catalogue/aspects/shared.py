"""How kinds of case, what may be recorded, and names of roles compare with their older selves.

A change here belongs to no purpose, so it is named after its file and the name in it. What moves
who may take part in a case, for how long, or what a note may hold has a direction; what cannot be
ordered is `different`, and mere words are a note.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from gateway.catalogue.aspects.purposes import Direction, Judged, plain
from gateway.catalogue.model import CaseKind, Catalogue
from gateway.catalogue.recording import HelpQuestion, Kind, Label
from gateway.catalogue.roles import Role

_Named: TypeAlias = tuple[str, Judged]
_Titled: TypeAlias = CaseKind | HelpQuestion | Label | Kind

_FOREVER = float("inf")


def shared_aspects(old: Catalogue, new: Catalogue) -> Iterator[_Named]:
    """Give what changed in the files beside the purposes, with its name."""
    yield from _of_roles(old.roles, new.roles)
    yield from _of_case_kinds(old.case_kinds, new.case_kinds)
    yield from _of_help_questions(old.recording.help_questions, new.recording.help_questions)
    yield from _of_domains(old, new)
    yield from _of_labels(old.recording.labels, new.recording.labels)
    yield from _of_kinds(old.recording.kinds, new.recording.kinds)


def _of_case_kinds(old: Mapping[str, CaseKind], new: Mapping[str, CaseKind]) -> Iterator[_Named]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            judged: Iterable[Judged] = [Judged(Direction.NEW, "case_kind", "", new[name].title)]
        elif name not in new:
            judged = [Judged(Direction.GONE, "case_kind", old[name].title, "")]
        else:
            judged = _of_case_kind(old[name], new[name])
        for each in judged:
            yield f"cases.yaml: {name}", each


def _of_case_kind(old: CaseKind, new: CaseKind) -> Iterator[Judged]:
    if old.phases != new.phases:
        yield Judged(Direction.DIFFERENT, "phases", plain(old.phases), plain(new.phases))
    yield from _of_set("coordinator", old.coordinators, new.coordinators)
    for way in sorted(old.starts.keys() | new.starts.keys()):
        before, after = old.starts.get(way), new.starts.get(way)
        tasks = ["" if each is None else each.task for each in (before, after)]
        if before is not None and after is not None and tasks[0] != tasks[1]:
            yield Judged(Direction.DIFFERENT, "begin_task", tasks[0], tasks[1], way.value)
        by = (() if each is None else each.by for each in (before, after))
        for judged in _of_set("begin", *by):
            yield replace(judged, field=way.value)
    terms = [_FOREVER if each.term_days is None else each.term_days for each in (old, new)]
    if terms[0] != terms[1]:
        way_of = Direction.WIDER if terms[1] > terms[0] else Direction.NARROWER
        yield Judged(way_of, "term_days", plain(old.term_days), plain(new.term_days))
    yield from _of_consent(old.consent, new.consent)
    if old.decide_within != new.decide_within:
        terms_to_decide = (plain(old.decide_within), plain(new.decide_within))
        yield Judged(Direction.NOTE, "decide_within", *terms_to_decide)
    yield from _of_titles(old, new)


def _of_consent(old: str | None, new: str | None) -> Iterator[Judged]:
    """Judge whose consent the parties need to see each other's part: none at all shows most."""
    if old == new:
        return
    way = Direction.WIDER if new is None else Direction.DIFFERENT
    yield Judged(Direction.NARROWER if old is None else way, "consent", old or "", new or "")


def _of_help_questions(
    old: Mapping[str, HelpQuestion], new: Mapping[str, HelpQuestion]
) -> Iterator[_Named]:
    """Judge what help questions open; one more also closes, where nobody names a help question."""
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before is None or after is None:
            titles = ["" if each is None else each.title for each in (before, after)]
            judged: Iterable[Judged] = [Judged(Direction.DIFFERENT, "help_question", *titles)]
        else:
            judged = _of_help_question(before, after)
        for each in judged:
            yield f"zrm.yaml: {name}", each


def _of_help_question(old: HelpQuestion, new: HelpQuestion) -> Iterator[Judged]:
    if set(old.purposes) != set(new.purposes):
        yield Judged(Direction.DIFFERENT, "purposes", plain(old.purposes), plain(new.purposes))
    for domain in sorted(old.opens.keys() | new.opens.keys()):
        uses = [each.opens[domain].use if domain in each.opens else None for each in (old, new)]
        if uses[0] != uses[1]:
            way = Direction.WIDER if (uses[1] or 0) > (uses[0] or 0) else Direction.NARROWER
            words = ["" if use is None else use.label for use in uses]
            yield Judged(way, "opens", words[0], words[1], domain)
        reasons = [
            each.opens[domain].because if domain in each.opens else "" for each in (old, new)
        ]
        if all(reasons) and reasons[0] != reasons[1]:
            yield Judged(Direction.NOTE, "because", reasons[0], reasons[1], domain)
    yield from _of_titles(old, new)


def _of_titles(old: _Titled | None, new: _Titled | None) -> Iterator[Judged]:
    """Give the words for people that changed, of what was there and still is."""
    if old is not None and new is not None:
        texts = [each.title for each in (old, new)]
        if texts[0] != texts[1]:
            yield Judged(Direction.NOTE, "title", *texts)


def _of_domains(old: Catalogue, new: Catalogue) -> Iterator[_Named]:
    """Give life domains that changed: what is open is up to the help questions."""
    sides = [side.recording.domains for side in (old, new)]
    for name in sorted(sides[0].keys() | sides[1].keys()):
        texts = [plain(side[name]) if name in side else "" for side in sides]
        if texts[0] != texts[1]:
            yield f"zrm.yaml: {name}", Judged(Direction.NOTE, "domain", *texts)


def _of_roles(old: Mapping[str, Role], new: Mapping[str, Role]) -> Iterator[_Named]:
    """Give roles that are called otherwise: words for people, which decide nothing."""
    for name in sorted(old.keys() | new.keys()):
        texts = [
            f"{side[name].title} / {side[name].title_en}" if name in side else ""
            for side in (old, new)
        ]
        if texts[0] != texts[1]:
            yield f"roles.yaml: {name}", Judged(Direction.NOTE, "title", *texts)


def _of_labels(old: Mapping[str, Label], new: Mapping[str, Label]) -> Iterator[_Named]:
    """Judge headings of a note: each field under one more is one more reason to write it there."""
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        fields = (() if each is None else each.fields for each in (before, after))
        for judged in (*_of_set("label", *fields), *_of_titles(before, after)):
            yield f"records.yaml: {name}", judged


def _of_kinds(old: Mapping[str, Kind], new: Mapping[str, Kind]) -> Iterator[_Named]:
    """Judge what is looked for in a note: less that is found leaves more in it."""
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        words = (() if each is None else each.words for each in (after, before))
        for judged in _of_set("words", *words):
            yield f"records.yaml: {name}", replace(judged, old=judged.new, new=judged.old)
        if before is not None and after is not None:
            fields = _of_set("fields", before.fields, after.fields)
            for judged in (*fields, *_of_titles(before, after)):
                yield f"records.yaml: {name}", judged


def _of_set(aspect: str, old: Iterable[object], new: Iterable[object]) -> Iterator[Judged]:
    """Judge each member that came or went: one more lets more through."""
    before, after = ({plain(each) for each in side} for side in (old, new))
    for text in sorted(before - after):
        yield Judged(Direction.NARROWER, aspect, text, "")
    for text in sorted(after - before):
        yield Judged(Direction.WIDER, aspect, "", text)
