"""The flow itself: what is declared, what is asked of whom, what is recorded, in which order."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import orjson
import pytest

from audit.entry import Draft, Receipt
from audit.errors import AppendFailed
from gateway.answer import Answer
from gateway.cases.finder import FactFinder
from gateway.cases.model import Case, Confirmation, Party
from gateway.catalogue.model import Catalogue
from gateway.catalogue.words import Phase
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import OverAsking, SubjectCheck
from gateway.decision.parties import Parties
from gateway.declaring import declare
from gateway.disclosure import Gate, disclose, release_all
from gateway.identity.clients import Hat
from gateway.identity.tokens import VerifiedCaller
from gateway.mosaic.store import FreeGuard
from gateway.passage import Envelope, Request
from gateway.subject import parse_bsn
from gateway.veil import at_once
from tests.builders import CONSULTANT, MOTIVATION, NOW, TEAM, YUSUF
from tests.fakes import FixedClock, MemoryCases, MemorySource
from tests.fakes_decision import (
    POLICIES,
    ScriptedEngine,
    catalogue,
    flag_question,
    permitting,
    unavailable,
)

pytestmark = pytest.mark.anyio

LONG_AGO = dt.date(2025, 10, 6)
ENVELOPE = Envelope("1" * 32, "2" * 32, "3" * 16, b'{"task": "..."}')
ROWS: Mapping[str, Sequence[Mapping[str, object]]] = {
    "brp": [{"bsn": YUSUF, "geboortedatum": "2011-05-14"}],
    "jeugdhulp_traject": [
        {
            "bsn": YUSUF,
            "status": "lopend",
            "specialisatie_ingezet": True,
            "verwachte_duur_maanden": 9,
            "behandelplan_tekst": "geheim",
        }
    ],
}


class RecordingLedger:
    """A ledger that keeps the drafts it was given, and may refuse them."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.broken = False

    async def append(self, draft: Draft) -> Receipt:
        """Keep the draft and give a receipt for it."""
        if self.broken:
            raise AppendFailed("made to fail")
        self.drafts.append(draft)
        return Receipt("log", len(self.drafts), draft.request_id, b"{}", b"proof")


@dataclass
class Flow:
    """A gate over fakes, and what it left behind."""

    gate: Gate
    source: MemorySource
    cases: MemoryCases
    ledger: RecordingLedger

    async def ask(self, request: Request, envelope: Envelope = ENVELOPE) -> Answer:
        """Run the flow for the consultant and return the answer."""
        answer, _ = await disclose(self.gate, caller(), request, envelope)
        return answer

    @property
    def draft(self) -> Draft:
        """The one draft that was recorded."""
        (draft,) = self.ledger.drafts
        return draft


def caller(hat: Hat = CONSULTANT, hats: frozenset[Hat] = TEAM) -> VerifiedCaller:
    """Return a caller as the token verifier would."""
    return VerifiedCaller("team", hat.organisation, hat.role, "medewerker-7", hats)


def request(**changes: object) -> Request:
    """Return the request for the specialisation flag."""
    asked = Request(
        task="jeugd-toeleiding",
        activity="criteria-toetsen-zwaarte",
        purposes=("lichte-of-zware-hulp",),
        subject=parse_bsn(YUSUF),
        subject_check=SubjectCheck.VALID,
        fields=None,
        justifications={},
        case=None,
        over_asking=OverAsking.REFUSE,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def make_flow(engine: object = None, policy: Catalogue | None = None) -> Flow:
    """Return a flow over fakes; the decision is real unless an engine is given."""
    policy = policy or catalogue()
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", policy)
    chosen: Any = engine or EmbeddedEngine.build(policy, POLICIES)
    member = Party(CONSULTANT.organisation, LONG_AGO, None)
    cases = MemoryCases(
        [Case("C-1", "jeugd-toeleiding", Phase.RUNNING, (member,))],
        confirmed=[Confirmation("lichte-of-zware-hulp", LONG_AGO, None)],
    )
    source, ledger = MemorySource(ROWS), RecordingLedger()
    ledger_of_gate: Any = ledger
    gate = Gate(
        catalogue=policy,
        decider=Decider(policy, parties, chosen),
        facts=FactFinder(cases, source),
        source=source,
        ledger=ledger_of_gate,
        now=FixedClock(NOW),
        hold=release_all,
        guard=FreeGuard(),
        pace=at_once,
    )
    return Flow(gate, source, cases, ledger)


@pytest.fixture
def flow() -> Flow:
    """Give a flow in which everything is in order."""
    return make_flow()


def reasons(answer: Answer) -> list[str]:
    """Return the codes of a refusal."""
    told = cast("list[dict[str, str]]", answer.members["reasons"])
    return [reason["code"] for reason in told]


async def test_a_permitted_field_is_released_and_recorded(flow: Flow) -> None:
    """The answer holds the flag; the entry holds its name and precision and no value."""
    answer = await flow.ask(request())

    assert answer.status == 200
    assert answer.members["disclosure_id"] == ENVELOPE.request_id
    assert flow.draft.type == "disclosure"
    assert flow.draft.members["released"] == [
        {"field": "specialisatie_ingezet", "precision": "flag"}
    ]
    assert flow.draft.members["trace"] == ENVELOPE.trace_id
    assert flow.draft.members["organisation"] == "00000099000000001001"


async def test_what_is_personal_is_committed_and_not_shown(flow: Flow) -> None:
    """Subject, request, content, professional and justification are committed to."""
    asked = request(
        fields=("verwachte_duur_band",), justifications={"verwachte_duur_band": MOTIVATION}
    )

    answer = await flow.ask(asked)

    assert flow.draft.committed == {
        "request": ENVELOPE.body,
        "content": orjson.dumps(answer.members),
        "professional": b"medewerker-7",
        "subject": f"bsn:{YUSUF}".encode(),
        "justification": orjson.dumps({"verwachte_duur_band": MOTIVATION}),
    }
    assert flow.draft.subject == f"bsn:{YUSUF}".encode()
    assert YUSUF not in str(flow.draft.members)
    assert MOTIVATION not in str(flow.draft.members)


@pytest.mark.parametrize("digest", [None, b"d" * 32])
async def test_an_answer_is_kept_only_when_it_may_be_asked_again(
    flow: Flow, digest: bytes | None
) -> None:
    """The content goes to the ledger for replay if and only if there is a digest."""
    answer = await flow.ask(request(), replace(ENVELOPE, replay_digest=digest))

    kept = None if digest is None else orjson.dumps(answer.members)
    assert (flow.draft.replay, flow.draft.replay_digest) == (kept, digest)


async def test_a_refusal_reads_nothing_of_the_person_but_facts(flow: Flow) -> None:
    """Asking for the plan touches the case, the age and the confirmation, and no plan."""
    answer = await flow.ask(request(fields=("behandelplan_tekst",)))

    assert answer.status == 403
    assert reasons(answer) == ["FIELD_NEVER"]
    assert [query.table for _, query in flow.source.asked] == ["brp"]
    assert flow.draft.type == "refusal"


async def test_without_the_right_hat_no_fact_is_fetched(flow: Flow) -> None:
    """A caller whom the parties do not let in makes nobody look anything up."""
    stranger = caller(Hat("jeugdhulp-de-brug", "jeugdhulpverlener"))

    answer, _ = await disclose(flow.gate, stranger, request(), ENVELOPE)

    assert reasons(answer) == ["WRONG_HAT"]
    assert (flow.cases.asked, flow.source.asked) == ([], [])


async def test_a_hat_of_somebody_else_is_refused(flow: Flow) -> None:
    """Acting in a role that is not one's own stops at step 1."""
    answer, _ = await disclose(flow.gate, caller(hats=frozenset()), request(), ENVELOPE)

    assert reasons(answer) == ["HAT_NOT_OWNED"]


async def test_without_a_person_no_fact_is_fetched(flow: Flow) -> None:
    """A number that fails its check is refused, and recorded without a subject."""
    answer = await flow.ask(request(subject=None, subject_check=SubjectCheck.INVALID))

    assert reasons(answer) == ["SUBJECT_INVALID_BSN"]
    assert (flow.cases.asked, flow.source.asked) == ([], [])
    assert flow.draft.subject is None
    assert "subject" not in flow.draft.committed
    assert flow.draft.members["subjects"] == 0


async def test_nothing_leaves_when_the_ledger_fails(flow: Flow) -> None:
    """No receipt, no data: the error of the ledger is all there is."""
    flow.ledger.broken = True

    with pytest.raises(AppendFailed):
        await flow.ask(request())


async def test_a_refusal_that_cannot_be_recorded_is_no_answer(flow: Flow) -> None:
    """The same holds for a refusal."""
    flow.ledger.broken = True

    with pytest.raises(AppendFailed):
        await flow.ask(request(fields=("behandelplan_tekst",)))


async def test_a_source_that_fails_after_the_permit_refuses() -> None:
    """A permit without data becomes a recorded refusal that keeps the conditions."""
    flow = make_flow(permitting(catalogue().revision))
    flow.source.broken = True

    answer = await flow.ask(request())

    assert reasons(answer) == ["SOURCE_FAILED"]
    assert flow.draft.members["conditions"] == [
        {"name": "age", "outcome": "met", "rests_on": "fact"},
        {"name": "bron_bevestigd", "outcome": "met", "rests_on": "source_confirmation"},
    ]


async def test_an_engine_that_fails_refuses() -> None:
    """Without a decision nothing is read, and the failure is recorded."""
    flow = make_flow(ScriptedEngine(unavailable))

    answer = await flow.ask(request())

    assert reasons(answer) == ["ENGINE_FAILED"]
    assert "jeugdhulp_traject" not in {query.table for _, query in flow.source.asked}


@pytest.mark.parametrize(
    "changes",
    [{"subject": None}, {"purposes": ("hulpvraag-afbakenen",)}],
    ids=["nobody", "no purpose"],
)
async def test_a_permit_about_nobody_is_a_bug(changes: dict[str, object]) -> None:
    """Were an engine ever believed that permits without a person or purpose, nothing leaves."""
    flow = make_flow()
    always: Any = AlwaysDecider(flow.gate.decider, await flow.gate.decider.decide(flag_question()))
    gate = replace(flow.gate, decider=always)

    with pytest.raises(AssertionError):
        await disclose(gate, caller(), request(**changes), ENVELOPE)
    assert flow.ledger.drafts == []


class AlwaysDecider:
    """A decider that gives one decision, whatever the question."""

    def __init__(self, inner: Decider, decision: object) -> None:
        self.parties = inner.parties
        self._decision = decision

    async def decide(self, question: object) -> object:
        """Return the one decision."""
        assert question is not None
        return self._decision


@pytest.mark.parametrize(
    ("changes", "task", "activity", "purposes", "is_one"),
    [
        ({}, "jeugd-toeleiding", "criteria-toetsen-zwaarte", ("lichte-of-zware-hulp",), True),
        ({"task": "x"}, "unknown", "criteria-toetsen-zwaarte", ("lichte-of-zware-hulp",), False),
        ({"task": ""}, "", "criteria-toetsen-zwaarte", ("lichte-of-zware-hulp",), False),
        ({"activity": "x"}, "jeugd-toeleiding", "unknown", ("lichte-of-zware-hulp",), False),
        ({"activity": ""}, "jeugd-toeleiding", "", ("lichte-of-zware-hulp",), False),
        (
            {"activity": "hulp-bieden"},
            "jeugd-toeleiding",
            "hulp-bieden",
            ("lichte-of-zware-hulp",),
            False,
        ),
        (
            {"purposes": ("van alles",)},
            "jeugd-toeleiding",
            "criteria-toetsen-zwaarte",
            ("unknown",),
            False,
        ),
        (
            {"purposes": ("hulpvraag-afbakenen",)},
            "jeugd-toeleiding",
            "criteria-toetsen-zwaarte",
            ("hulpvraag-afbakenen",),
            False,
        ),
        ({"purposes": ()}, "jeugd-toeleiding", "criteria-toetsen-zwaarte", (), False),
    ],
)
async def test_words_that_the_catalogue_does_not_know_are_dropped(
    flow: Flow,
    changes: dict[str, object],
    task: str,
    activity: str,
    purposes: tuple[str, ...],
    is_one: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    """The declaration holds words of the catalogue only; free text goes nowhere."""
    declared = declare(flow.gate.catalogue, flow.gate.decider.parties, caller(), request(**changes))

    assert (declared.task, declared.activity, declared.purposes) == (task, activity, purposes)
    assert (declared.purpose is not None) is is_one


async def test_the_day_is_counted_where_the_person_lives() -> None:
    """Half past eleven in the evening UTC is the next day in Waterveen, also in winter."""
    flow = make_flow()
    late = dt.datetime(2026, 3, 2, 23, 30, tzinfo=dt.UTC)
    gate = replace(flow.gate, now=FixedClock(late))
    born = {"bsn": YUSUF, "geboortedatum": "2008-03-03"}
    flow.source.tables = {**ROWS, "brp": [born]}

    answer, _ = await disclose(gate, caller(), request(), ENVELOPE)

    assert reasons(answer) == ["AGE_OUT_OF_RANGE"]


async def test_on_the_day_before_the_birthday_it_is_permitted() -> None:
    """An hour and a half earlier the same person is seventeen."""
    flow = make_flow()
    early = dt.datetime(2026, 3, 2, 22, 30, tzinfo=dt.UTC)
    gate = replace(flow.gate, now=FixedClock(early))
    flow.source.tables = {**ROWS, "brp": [{"bsn": YUSUF, "geboortedatum": "2008-03-03"}]}

    answer, _ = await disclose(gate, caller(), request(), ENVELOPE)

    assert answer.status == 200


async def test_a_minimal_set_that_needs_consent_asks_for_consent() -> None:
    """A field list that was left out fetches the facts of the minimal set."""
    policy = catalogue()
    purpose = policy.purposes["lichte-of-zware-hulp"]
    name = "specialisatie_ingezet"
    changed = replace(
        purpose, fields={**purpose.fields, name: replace(purpose.fields[name], consent=True)}
    )
    flow = make_flow(policy=replace(policy, purposes={**policy.purposes, purpose.id: changed}))

    answer = await flow.ask(request())

    assert "consents" in flow.cases.asked
    assert reasons(answer) == ["NO_VALID_CONSENT"]
