"""A note against its purpose: the one policy decides, and nothing of the note comes back."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.catalogue.model import Purpose
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import Code, Refuse
from gateway.decision.parties import Parties
from gateway.recording.answer import note_out
from gateway.recording.check import check_note
from gateway.recording.model import Asker, CheckedNote, Note, Section, Verdict
from tests.fakes_decision import POLICIES, ScriptedEngine, catalogue, unavailable

pytestmark = pytest.mark.anyio

DAY = dt.date(2026, 3, 2)
WMO = Asker("gem-toegang-wmo", "consulent-wmo", frozenset({("gem-toegang-wmo", "consulent-wmo")}))
DEBTS = Asker(
    "gem-schuldhulp", "schuldhulpverlener", frozenset({("gem-schuldhulp", "schuldhulpverlener")})
)
TEAM = Asker(
    "wijkteam-noord", "regisseur-wijkteam", frozenset({("wijkteam-noord", "regisseur-wijkteam")})
)
POLICY_MAKER = Asker(
    "gem-beleid", "beleidsadviseur", frozenset({("gem-beleid", "beleidsadviseur")})
)
REPORT = Note("wmo-onderzoek", "vraagverheldering", ("hulpvraag-afbakenen",))
SCOOTER = Note("wmo-beslissing", "criteria-toetsen", ("vervoersvoorziening-beoordelen",))
BOTH = (*REPORT.purposes, *SCOOTER.purposes)
PLAN = Note("wgs-schuldhulp", "plan-opstellen", ("aflosplan-berekenen",))
CONFIDENCE = "Mevrouw vertelt over haar buurman op de Singel."


@pytest.fixture(scope="module")
async def decider() -> AsyncIterator[Decider]:
    """Give what decides, over the policy files of the project."""
    policy = catalogue()
    made = Decider(policy, _parties(), EmbeddedEngine.build(policy, POLICIES))
    yield made
    await made.aclose()


def _parties() -> Parties:
    return Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", catalogue())


async def _checked(decider: Decider, asker: Asker, note: Note) -> CheckedNote:
    checked = await check_note(decider, asker, note, DAY)
    assert isinstance(checked, CheckedNote)
    return checked


async def _refused(decider: Decider, asker: Asker, note: Note, day: dt.date = DAY) -> set[Code]:
    refuse = await check_note(decider, asker, note, day)
    assert isinstance(refuse, Refuse)
    return {reason.code for reason in refuse.reasons}


async def test_a_necessary_field_comes_with_its_reason(decider: Decider) -> None:
    """What the purpose always needs may be recorded, as precisely as the purpose says."""
    (field,) = (
        await _checked(decider, WMO, replace(REPORT, fields=("hulpvraag_categorie",)))
    ).fields

    assert field.verdict is Verdict.NECESSARY
    assert field.because == "Bepaalt welke vragen wel en niet aan de orde zijn."
    assert (field.precision, field.needs_consent, field.reason) == ("exact", False, None)


async def test_a_field_of_judgement_asks_for_a_motivation(decider: Decider) -> None:
    """What is needed in some cases may be recorded with the reason of this case, and consent."""
    (field,) = (
        await _checked(decider, WMO, replace(REPORT, fields=("lopende_schuldhulp",)))
    ).fields

    assert (field.verdict, field.needs_consent) == (Verdict.MOTIVATION, True)


@pytest.mark.parametrize(
    ("name", "code", "instead"),
    [
        ("zrm_totaalscore", Code.FIELD_NEVER, ("relevante_leefgebieden",)),
        ("schuldenlast_totaal", Code.FIELD_NOT_NECESSARY, ("lopende_schuldhulp",)),
        ("religie", Code.FIELD_NOT_NECESSARY, ()),
        ("lievelingskleur", Code.FIELD_UNKNOWN, ()),
    ],
)
async def test_what_is_not_necessary_must_not_be_recorded(
    decider: Decider, name: str, code: Code, instead: tuple[str, ...]
) -> None:
    """The answer names the field, why not, and what to record instead."""
    checked = await _checked(decider, WMO, replace(REPORT, fields=("hulpvraag_categorie", name)))

    necessary, needless = checked.fields
    assert necessary.verdict is Verdict.NECESSARY
    assert needless.verdict is Verdict.NOT_NECESSARY
    assert needless.reason is not None
    assert (needless.reason.code, needless.reason.instead) == (code, instead)
    assert not checked.may_stay


async def test_a_form_with_nothing_necessary_is_answered_too(decider: Decider) -> None:
    """That no field is left is an answer about the fields, and no refusal of the asker."""
    checked = await _checked(decider, WMO, replace(REPORT, fields=("diagnose", "religie")))

    assert [field.verdict for field in checked.fields] == [Verdict.NOT_NECESSARY] * 2


async def test_an_empty_note_may_stay(decider: Decider) -> None:
    """Whoever records nothing records nothing needless."""
    assert (await _checked(decider, WMO, replace(REPORT, domains=()))).may_stay


async def test_every_field_of_the_dictionary_can_be_asked_at_once(decider: Decider) -> None:
    """A long form is decided in parts, with the verdict that each field has by itself."""
    every = tuple(catalogue().fields)
    checked = await _checked(decider, WMO, replace(REPORT, fields=every))

    allowed = {f.name for f in checked.fields if f.verdict is not Verdict.NOT_NECESSARY}
    assert len(every) > 100
    assert tuple(field.name for field in checked.fields) == every
    assert allowed == set(catalogue().purposes["hulpvraag-afbakenen"].fields)


async def test_a_section_stands_for_the_fields_behind_its_label(decider: Decider) -> None:
    """Under a label of the policy stands what its fields allow; the kindest one counts."""
    sections = (Section("schulden", ""), Section("huishouden", ""), Section("verslaving", ""))
    checked = await _checked(decider, WMO, replace(REPORT, sections=sections))

    assert [each.verdict for each in checked.sections] == [
        Verdict.MOTIVATION,
        Verdict.NECESSARY,
        Verdict.NOT_NECESSARY,
    ]
    allowed = [f.name for f in checked.sections[0].fields if f.verdict is Verdict.MOTIVATION]
    assert allowed == ["lopende_schuldhulp"]


async def test_the_name_of_a_field_is_a_label_too(decider: Decider) -> None:
    """A form may use the words of the data dictionary for its boxes."""
    sections = (Section("hulpvraag_categorie", ""),)
    (section,) = (await _checked(decider, WMO, replace(REPORT, sections=sections))).sections

    assert section.verdict is Verdict.NECESSARY


async def test_a_label_does_not_take_away_a_counter_offer(decider: Decider) -> None:
    """What to record instead of a field is told, whatever the sections of the note are about."""
    sections = (Section("lopende-hulp", ""),)
    note = replace(REPORT, fields=("zrm_totaalscore",), sections=sections)
    (field,) = (await _checked(decider, WMO, note)).fields

    assert field.reason is not None
    assert field.reason.instead == ("relevante_leefgebieden",)


async def test_an_unknown_label_is_answered_with_the_list(decider: Decider) -> None:
    """Text under a label that nobody knows must not be recorded, and the labels are told."""
    checked = await _checked(decider, WMO, replace(REPORT, sections=(Section("overig", "x"),)))

    (section,) = checked.sections
    assert (section.verdict, section.fields) == (Verdict.NOT_NECESSARY, ())
    assert "hulpvraag" in checked.labels


async def test_kinds_that_the_purpose_does_not_need_are_named_with_a_count(
    decider: Decider,
) -> None:
    """A number, a date of birth and health words are told by kind and count."""
    text = "Geb. 30-11-1950, BSN 999914121. Diagnose dementie, is psychotisch en heeft schulden."
    checked = await _checked(
        decider, WMO, replace(SCOOTER, sections=(Section("gezondheid", text),))
    )

    (section,) = checked.sections
    assert {found.kind.id: found.count for found in section.found} == {
        "bsn": 1,
        "geboortedatum": 1,
        "diagnose": 2,
        "geestelijke-gezondheid": 1,
        "schulden": 1,
    }
    assert not checked.may_stay


@pytest.mark.parametrize(("asker", "note"), [(DEBTS, PLAN), (WMO, REPORT)])
async def test_what_the_purpose_needs_is_not_found(
    decider: Decider, asker: Asker, note: Note
) -> None:
    """A note may speak of debts where its purpose needs them, always or with a motivation."""
    sections = (Section("schulden", "Er zijn schulden en een deurwaarder."),)
    checked = await _checked(decider, asker, replace(note, sections=sections))

    assert checked.sections[0].found == ()


async def test_a_scooter_does_not_open_mental_health(decider: Decider) -> None:
    """For a mobility scooter the matrix opens walking, and neither mental health nor justice."""
    asked = ("lichamelijke-gezondheid", "geestelijke-gezondheid", "justitie", "dieren")
    note = replace(SCOOTER, domains=asked, help_question="vervoer")
    checked = await _checked(decider, WMO, note)

    assert [(each.name, each.opening is not None) for each in checked.domains] == [
        ("lichamelijke-gezondheid", True),
        ("geestelijke-gezondheid", False),
        ("justitie", False),
        ("dieren", False),
    ]
    assert checked.domains[-1].domain is None
    assert not checked.may_stay


async def test_without_domains_the_open_ones_are_told(decider: Decider) -> None:
    """Who asks for none by name hears which life domains may be asked."""
    checked = await _checked(decider, DEBTS, replace(PLAN, help_question="schulden"))

    assert [each.name for each in checked.domains] == [
        "financien",
        "werk-en-opleiding",
        "huisvesting",
    ]


@pytest.mark.parametrize(
    ("asker", "note", "code"),
    [
        (DEBTS, REPORT, Code.TASK_NOT_HELD),
        (replace(WMO, role="baas"), REPORT, Code.HAT_NOT_OWNED),
        (WMO, replace(REPORT, task="eigen-taak"), Code.TASK_UNKNOWN),
        (WMO, replace(REPORT, activity="eigen-stap"), Code.ACTIVITY_NOT_OF_TASK),
        (WMO, replace(REPORT, purposes=("iemand helpen",)), Code.PURPOSE_TOO_VAGUE),
        (WMO, replace(REPORT, purposes=SCOOTER.purposes), Code.PURPOSE_NOT_OF_ACTIVITY),
        (
            WMO,
            replace(REPORT, purposes=(*REPORT.purposes, *SCOOTER.purposes)),
            Code.PURPOSE_MULTIPLE,
        ),
    ],
)
async def test_who_may_not_declare_the_step_learns_nothing(
    decider: Decider, asker: Asker, note: Note, code: Code
) -> None:
    """The step is refused as for a disclosure, whatever the note holds, and says nothing of it."""
    full = replace(note, fields=("hulpvraag_categorie",), sections=(Section("schulden", "x"),))

    assert await _refused(decider, asker, full) == {code}


async def test_the_mandate_of_the_asker_is_not_supposed(decider: Decider) -> None:
    """A step that takes a mandate is not for who lacks it; with it the same note is looked at."""
    note = Note("pw-bijzondere-bijstand", "maatwerkgesprek", ("eenmalige-doorbraakuitgave",))
    team = decider.catalogue.organisations["wijkteam-noord"]
    poor = replace(decider.catalogue.organisations["wijkteam-noord"], mandates={})
    policy = replace(
        decider.catalogue, organisations={**decider.catalogue.organisations, team.id: poor}
    )
    without = Decider(policy, _parties(), EmbeddedEngine.build(policy, POLICIES))

    assert isinstance(await check_note(decider, TEAM, note, DAY), CheckedNote)
    assert await _refused(without, TEAM, note) == {Code.MANDATE_MISSING}


async def test_a_purpose_that_is_not_valid_yet_is_refused(decider: Decider) -> None:
    """The policy of the day counts."""
    assert await _refused(decider, WMO, REPORT, dt.date(2020, 1, 1)) == {Code.PURPOSE_NOT_VALID}


async def test_a_purpose_about_a_group_can_be_checked(decider: Decider) -> None:
    """Figures name no person, and neither does the question about them."""
    note = Note("gemw-beleid", "beleid-evalueren", ("doorlooptijd-participatieladder",))
    fields = ("aantal_deelnemers", "geboortedatum")
    checked = await _checked(decider, POLICY_MAKER, replace(note, fields=fields))

    assert [each.verdict for each in checked.fields] == [Verdict.NECESSARY, Verdict.NOT_NECESSARY]


async def test_an_engine_that_fails_is_a_refusal() -> None:
    """Without a decision nothing is called necessary."""
    decider = Decider(catalogue(), _parties(), ScriptedEngine(unavailable))

    assert await _refused(decider, WMO, REPORT) == {Code.ENGINE_FAILED}


async def test_the_engine_never_sees_text_or_words_of_the_asker() -> None:
    """Only names of fields and known words reach what decides."""
    heard = ScriptedEngine(unavailable)
    note = replace(REPORT, task="taak-van-jan", sections=(Section("gezondheid", CONFIDENCE),))
    await check_note(Decider(catalogue(), _parties(), heard), WMO, note, DAY)

    asked = b"".join(heard.asked)
    assert asked
    assert b"jan" not in asked
    assert b"Mevrouw" not in asked


@pytest.mark.parametrize("label", ["schulden", "overig"])
async def test_nothing_of_the_text_is_in_the_answer(decider: Decider, label: str) -> None:
    """The answer names label, kind and count; neither it nor the note shows the text."""
    text = f"{CONFIDENCE} Diagnose: ptss. 999914121"
    note = replace(REPORT, sections=(Section(label, text),))
    out = orjson.dumps(note_out(await _checked(decider, WMO, note))).decode()

    assert "Mevrouw" not in out + repr(note)
    assert "999914121" not in out + repr(note)
    assert '"count":2' in out


async def test_the_answer_says_everything_in_both_languages(decider: Decider) -> None:
    """Every verdict has a sentence in Dutch and one in English, and what goes with it."""
    note = replace(
        REPORT,
        fields=("zrm_totaalscore", "hulpvraag_categorie"),
        sections=(Section("overig", "drugs"),),
        domains=("instrumentele-adl", "basale-adl", "justitie", "dieren"),
        help_question="huishouden",
    )
    out: Any = note_out(await _checked(decider, WMO, note))

    said = [*out["fields"], *out["sections"], *out["domains"], *out["sections"][0]["found"]]
    assert out["outcome"] == "take_out"
    assert all(each["message"] and each["message_en"] for each in said)
    assert out["fields"][0]["instead"] == ["relevante_leefgebieden"]
    assert out["fields"][1]["because"]
    assert "hulpvraag" in out["sections"][0]["instead"]
    assert [(d["may_ask"], d["may_score"]) for d in out["domains"]] == [
        (True, True),
        (True, False),
        (False, False),
        (False, False),
    ]
    assert len({domain["message"] for domain in out["domains"]}) == 4


@pytest.mark.parametrize("purpose", list(catalogue().purposes.values()), ids=lambda each: each.id)
async def test_what_is_necessary_is_the_minimal_set(decider: Decider, purpose: Purpose) -> None:
    """For every purpose in force, what may be recorded unexplained is what it always needs."""
    requester = purpose.requesters[0]
    hat = (requester.organisation, requester.role)
    note = Note(purpose.task, purpose.activity, (purpose.id,), fields=tuple(catalogue().fields))
    checked = await check_note(decider, Asker(*hat, frozenset({hat})), note, DAY)

    fields = checked.fields if isinstance(checked, CheckedNote) else ()
    necessary = {each.name for each in fields if each.verdict is Verdict.NECESSARY}
    in_force = catalogue().tasks[purpose.task].in_force_on(DAY)
    assert necessary == (set(purpose.minimal) if in_force else set())
