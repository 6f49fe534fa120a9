"""A made-up catalogue of any size, in policy files: for timing loading, lint and deciding."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from gateway.decision.model import OverAsking, Question, Standing, SubjectCheck

FIELDS = 20
_ACTIVITIES = 10
_PER_ACTIVITY = 10

_PURPOSE = """\
id: doel-{number}
processing: verwerking-{number}
task: taak-{task}
activity: stap-{activity}
label: Gemaakt doel {number}
title: Bepalen of de hulp met nummer {number} doorgaat.
title_en: Decide whether help number {number} goes on.
question: Hoe staat het met de hulp met nummer {number}?
requesters:
  - {{role: consulent, organisation: gemeente}}
source_holder: aanbieder
case_kinds: [hulp]

fields:
{fields}
never: [verslag, bsn]
instead:
  verslag: [gegeven_0]
  bsn: []
over_ask:
  asked: Het hele verslag
  offered: gegeven_0
  why: Ja of nee is genoeg

legal_basis:
  - {{law: Toetswet, article: "1", gdpr: 6-1-e, status: V26}}
secrecy:
  law: Toetswet
  article: "2"
  note: De hulpverlener antwoordt zelf.
conditions:
  - {{kind: age, max: 17, rests_on: fact}}
  - {{kind: consent, rests_on: recorded_act}}
inform_subject: {{required: true, how: "Ja, bij de aanvraag."}}
retention:
  term: een jaar
  ground: Toetswet 3
  status: V26
  gateway: beslislog
valid: {{from: 2026-01-01, review_by: 2099-01-01}}
origin:
  source: Werkplaats
  quote: wij willen weten of het loopt

examples:
  - {{ask: [gegeven_0], expect: permit}}
  - {{ask: [verslag], expect: refuse, step: 3, code: FIELD_NEVER, instead: [gegeven_0]}}
"""

_FIELD = """\
  gegeven_{number}:
    of: tabel.kolom_{number}
    where: {{status: lopend}}
    precision: flag
    need: {need}
    because: Dit kenmerk beslist bij nummer {purpose} mee over het doorgaan.
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """The folders of a made-up catalogue, and a question that it permits."""

    purposes: Path
    policies: Path
    question: Question


def write_catalogue(folder: Path, policies: Path, number: int) -> Scale:
    """Write a catalogue of this many purposes of twenty fields; the Rego is that of `policies`.

    Effects: makes `purposes` and `policies` in `folder`.
    """
    made = folder / "policies"
    made.mkdir(parents=True)
    for name in ("disclosure.rego", "parties.conf"):
        shutil.copy(policies / name, made / name)
    tasks = -(-number // (_ACTIVITIES * _PER_ACTIVITY))
    steps = [(task, activity) for task in range(tasks) for activity in range(_ACTIVITIES)]
    rows = [f"p, gemeente, consulent, taak-{task}, stap-{activity}\n" for task, activity in steps]
    (made / "parties.csv").write_text("".join(rows), encoding="utf-8")
    purposes = folder / "purposes"
    _write_shared(purposes, tasks)
    for each in range(number):
        task, activity = steps[each // _PER_ACTIVITY]
        path = purposes / f"taak-{task}" / f"doel-{each}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_purpose(each, task, activity), encoding="utf-8")
    return Scale(purposes, made, _question())


def _purpose(number: int, task: int, activity: int) -> str:
    fields = "".join(
        _FIELD.format(
            number=each,
            purpose=number,
            need="always" if each < FIELDS // 2 else "professional_judgement",
        )
        for each in range(FIELDS)
    )
    return _PURPOSE.format(number=number, task=task, activity=activity, fields=fields.rstrip("\n"))


def _write_shared(purposes: Path, tasks: int) -> None:
    purposes.mkdir()
    names = [*(f"gegeven_{number}" for number in range(FIELDS)), "verslag", "bsn"]
    fields = "".join(
        f"  {name}: {{type: boolean, holder: aanbieder, sensitivity: ordinary, secrecy: false,"
        f" meaning: Een kenmerk.}}\n"
        for name in names
    )
    activities = "".join(
        f"      stap-{number}: {{title: Stap {number}}}\n" for number in range(_ACTIVITIES)
    )
    listed = "".join(
        f"  taak-{number}:\n    title: Taak {number}\n    law: Toetswet\n    article: '1'\n"
        "    gdpr: 6-1-e\n    responsible: [gemeente]\n    status: V26\n"
        f"    valid: {{from: 2020-01-01}}\n    activities:\n{activities}"
        for number in range(tasks)
    )
    organisation = (
        "  gemeente: {name: Gemeente, oin: '00000099000000009001', type: municipality,"
        " roles: [consulent]}\n"
    )
    for name, text in (("fields", fields), ("tasks", listed), ("organisations", organisation)):
        (purposes / f"{name}.yaml").write_text(f"{name}:\n{text}", encoding="utf-8")


def _question() -> Question:
    """Return a question for the minimal set of the first purpose, with every condition met."""
    return Question(
        organisation="gemeente",
        role="consulent",
        standing=Standing.HOLDS,
        task="taak-0",
        activity="stap-0",
        purposes=("doel-0",),
        subject=SubjectCheck.VALID,
        fields=None,
        justified=(),
        over_asking=OverAsking.REFUSE,
        facts=(("age", "met"), ("case", "met"), ("consent", "met")),
        date="2026-03-02",
    )
