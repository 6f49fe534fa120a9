"""Loading the policy files: every finding at once, and never half a catalogue."""

import datetime as dt
import gc
from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import ConditionKind, Derive, FieldGrant, Need, Precision, RestsOn
from tests.fakes_decision import POLICIES, PURPOSES, catalogue, copy_policy

FLAG = "jeugd/lichte-of-zware-hulp.yaml"
SCHOOL = "jeugd/weten-dat-leerling-geholpen-wordt.yaml"
WMO = "wmo/hulpvraag-afbakenen.yaml"
GROUP = "beleid/doorlooptijd-participatieladder.yaml"
EXPANSION = "werk-en-inkomen/volledig-bedrag-op-de-eerste.yaml"
PLAN = "regie/voortgang-afspraken.yaml"
BILL = "regie/noodzaak-gecoordineerde-aanpak.yaml"
CONFIRMED = "kind: source_confirmation, rests_on: source_confirmation"
LIMITS = "CONDITION_LIMITS"
AGE_FROM = "precision: flag\n    derive: age_from\n    against:"
THE_FIRST_THREE = (
    "hulpvraag-afbakenen",
    "lichte-of-zware-hulp",
    "weten-dat-leerling-geholpen-wordt",
)


def _codes(purposes: Path, policies: Path) -> set[str]:
    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)
    return {finding.code for finding in caught.value.findings}


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_specialisation_flag_is_read_as_written() -> None:
    """The grant of the core example holds source, filter, precision, need and reason."""
    grant = catalogue().purposes["lichte-of-zware-hulp"].fields["specialisatie_ingezet"]

    assert (grant.table, grant.column) == ("jeugdhulp_traject", "specialisatie_ingezet")
    assert grant.where == (("status", "lopend"),)
    assert (grant.precision, grant.need) == (Precision.FLAG, Need.ALWAYS)
    assert grant.because.startswith("Dit ene kenmerk")


def test_lists_conditions_and_dates_are_read_as_written() -> None:
    """A list, a typed filter, an age limit and a date keep what they mean."""
    purposes = catalogue().purposes
    areas = purposes["hulpvraag-afbakenen"].fields["relevante_leefgebieden"]
    age, confirmation = purposes["lichte-of-zware-hulp"].conditions

    assert (areas.derive, areas.where) == (Derive.LIST, (("relevant_voor_hulpvraag", True),))
    assert (age.name, age.minimum, age.maximum) == ("age", None, 17)
    assert confirmation.kind is ConditionKind.SOURCE_CONFIRMATION
    assert purposes["hulpvraag-afbakenen"].review_by == dt.date(2027, 1, 1)


def test_purposes_are_found_by_task_and_activity() -> None:
    """An activity has its purposes; another activity, or another task with it, has none."""
    policy = catalogue()

    found = policy.purposes_of("wmo-onderzoek", "vraagverheldering")
    assert [purpose.id for purpose in found] == ["hulpvraag-afbakenen"]
    assert policy.purposes_of("jeugd-toeleiding", "vraagverheldering") == ()


def test_consent_is_seen_on_the_whole_and_on_one_field() -> None:
    """A purpose needs consent when the whole does or when a single field does."""
    purposes = catalogue().purposes
    needs = {name: purposes[name].needs_consent for name in THE_FIRST_THREE}

    assert needs == {
        "hulpvraag-afbakenen": True,
        "lichte-of-zware-hulp": False,
        "weten-dat-leerling-geholpen-wordt": True,
    }


def test_the_revision_is_the_same_for_the_same_files(tmp_path: Path) -> None:
    """Another place on disk does not change the revision."""
    assert load_catalogue(*copy_policy(tmp_path)).revision == catalogue().revision


@pytest.mark.parametrize(
    "name", ["policies/disclosure.rego", "policies/parties.csv", f"purposes/{WMO}"]
)
def test_one_more_space_anywhere_changes_the_revision(tmp_path: Path, name: str) -> None:
    """The revision covers every policy file, the Rego and the party policy included."""
    folders = copy_policy(tmp_path)
    path = tmp_path / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    assert load_catalogue(*folders).revision != catalogue().revision


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    """Without files there is nothing to decide on, and that is said, not assumed."""
    assert _codes(tmp_path, tmp_path) == {"FILE_UNREADABLE", "CATALOGUE_EMPTY"}


def test_all_findings_come_at_once_in_order(tmp_path: Path) -> None:
    """Two broken files give both findings, in the order of the files."""
    purposes, policies = copy_policy(tmp_path)
    _edit(purposes / WMO, "task: wmo-onderzoek", "task: wmo-onbekend")
    _edit(purposes / FLAG, "question:", "vraag:")

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)
    assert [(f.file, f.code) for f in caught.value.findings] == [
        (f"purposes/{FLAG}", "KEY_MISSING"),
        (f"purposes/{FLAG}", "KEY_UNKNOWN"),
        (f"purposes/{WMO}", "UNKNOWN_REFERENCE"),
    ]


def test_a_duplicate_purpose_is_refused(tmp_path: Path) -> None:
    """Two files with one id would leave open which of them decides."""
    purposes, policies = copy_policy(tmp_path)
    (purposes / "jeugd/zz.yaml").write_bytes((purposes / FLAG).read_bytes())

    assert _codes(purposes, policies) == {"PURPOSE_TWICE"}


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        (FLAG, "task: jeugd-toeleiding", "task: jeugd", "UNKNOWN_REFERENCE"),
        (FLAG, "activity: criteria-toetsen-zwaarte", "activity: x", "UNKNOWN_REFERENCE"),
        (FLAG, "organisation: gem-toegang-jeugd", "organisation: x", "UNKNOWN_REFERENCE"),
        (FLAG, "role: consulent-jeugd", "role: baas", "UNKNOWN_REFERENCE"),
        (FLAG, "  specialisatie_ingezet:\n    of", "  iets_nieuws:\n    of", "UNKNOWN_REFERENCE"),
        (FLAG, "never: [behandelplan_tekst", "never: [wat_dan_ook", "UNKNOWN_REFERENCE"),
        (FLAG, "never: [", "never: [specialisatie_ingezet, ", "NEVER_AND_GIVEN"),
        (
            FLAG,
            "  diagnose_code: [specia",
            "  diagnose_code: [bsn_ouder, specia",
            "INSTEAD_NOT_GIVEN",
        ),
        (FLAG, "  diagnose_code: [", "  verwachte_duur_band: [", "INSTEAD_OF_GIVEN"),
        (FLAG, "activity:", "activity: &x", "ANCHOR"),
        (FLAG, "requesters:\n", "verzoekers:\n", "KEY_MISSING"),
        (FLAG, "id: lichte-of-zware-hulp", "id: Lichte of Zware", "NAME"),
        (FLAG, "precision: flag", "precision: volledig", "VALUE_WRONG"),
        (FLAG, "precision: flag", "precision: band", "BAND"),
        (FLAG, "limits: [6, 12]", "limits: [12, 6]", "BAND"),
        (FLAG, "limits: [6, 12]", "limits: [6]", "BAND"),
        (FLAG, "limits: [6, 12]", 'limits: [6, "12"]', "NOT_A_NUMBER"),
        (FLAG, "of: jeugdhulp_traject.specialisatie_ingezet", "of: jeugdhulp_traject", "COLUMN"),
        (FLAG, "kind: age, max: 17", "kind: age", "CONDITION_LIMITS"),
        (FLAG, "kind: age, max: 17", "kind: age, min: 18, max: 17", "CONDITION_LIMITS"),
        (FLAG, "kind: age, max: 17, rests_on: fact", "kind: age, max: 17", "KEY_MISSING"),
        (FLAG, "max: 17, rests_on: fact", "max: 17, rests_on: claim", "RESTS_ON"),
        (FLAG, "max: 17, rests_on: fact", "max: 17, one_of: [a], rests_on: fact", "KEY_UNKNOWN"),
        (FLAG, f"{{{CONFIRMED}}}", "{kind: age, max: 3, rests_on: fact}", "CONDITION_TWICE"),
        (FLAG, f"{{{CONFIRMED}}}", "bron", "NOT_A_TABLE"),
        (FLAG, CONFIRMED, "kind: claim, name: Wat ik zeg, rests_on: claim", "NAME"),
        (FLAG, CONFIRMED, "kind: claim, rests_on: claim", "KEY_MISSING"),
        (FLAG, CONFIRMED, "kind: source_true, of: brp, rests_on: fact", "COLUMN"),
        (FLAG, CONFIRMED, "kind: group_size, of: a.b, min: 3, rests_on: fact", "GROUP"),
        (FLAG, "precision: flag", "precision: flag\n    derive: sum", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    key: partij", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    against: 3", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    derive: equals", "DERIVE"),
        (PLAN, "    key: partij\n", "", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    derive: one_of", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    derive: one_of\n    one_of: []", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    one_of: [licht]", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    derive: match", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    with: brp.naam", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    derive: match\n    with: brp", "COLUMN"),
        (FLAG, "precision: flag", "precision: flag\n    derive: age_from", "DERIVE"),
        (FLAG, "precision: flag", f"{AGE_FROM} achttien", "AGAINST"),
        (FLAG, "precision: flag", f"{AGE_FROM} true", "AGAINST"),
        (FLAG, "precision: flag", f"{AGE_FROM} 151", "AGAINST"),
        (FLAG, "precision: flag", f"{AGE_FROM} -1", "AGAINST"),
        (FLAG, "precision: flag", "precision: year\n    derive: age_from", "DERIVE"),
        (FLAG, "precision: flag", "precision: flag\n    labels: [licht]", "LABELS"),
        (FLAG, "precision: flag", "precision: exact\n    labels: []", "LABELS"),
        (PLAN, "    key: partij\n", "    key: partij\n    labels: [loopt]\n", "LABELS"),
        (GROUP, "    precision: exact\n", "    precision: exact\n    labels: [loopt]\n", "LABELS"),
        (GROUP, "min: 10", "min: 9", "CONDITION_LIMITS"),
        (FLAG, "case_kinds: [jeugd-toeleiding]", "case_kinds: []", "CASE_KIND_MISSING"),
        (FLAG, "task:", "representation: financien\ntask:", "REPRESENTATION"),
        (EXPANSION, "representation: financien", "representation: geld", "VALUE_WRONG"),
        (GROUP, "case_kinds: []", "case_kinds: [beleid]", "GROUP"),
        (GROUP, "aggregated: true", "aggregated: false", "GROUP"),
        (GROUP, "aggregated: true", "aggregated: true\nemergency: true", "EMERGENCY"),
        (FLAG, "inform_subject: {", "inform_subject: {embargo_days: 9999, ", "EMBARGO"),
        (GROUP, "of: aggregaat.groepsgrootte, min: 10", "of: aggregaat.groepsgrootte", LIMITS),
        (
            EXPANSION,
            "conditions:\n  - {kind: consent",
            "conditions:\n  - {kind: agreed",
            "VALUE_WRONG",
        ),
        (FLAG, "required: true", 'required: "true"', "VALUE_WRONG"),
        (FLAG, "review_by: 2027-01-01", "review_by: 2027-13-01", "VALUE_WRONG"),
        (FLAG, "review_by: 2027-01-01", "review_by: 20270101", "VALUE_WRONG"),
        (FLAG, "review_by: 2027-01-01", "review_by: ''", "NOT_A_TEXT"),
        (FLAG, "from: 2026-01-01, ", "", "KEY_MISSING"),
        (FLAG, "valid: {from: 2026-01-01, review_by: 2027-01-01}", "", "KEY_MISSING"),
        (FLAG, "expect: permit}", "expect: permit, step: 3}", "EXAMPLE"),
        (FLAG, "step: 3, code: MOTIVATION_MISSING", "step: 3", "EXAMPLE"),
        (FLAG, "case_kinds: [jeugd-toeleiding]", "case_kinds: jeugd-toeleiding", "VALUE_WRONG"),
        (FLAG, "case_kinds: [jeugd-toeleiding]", "case_kinds: [a, a]", "VALUE_WRONG"),
        (FLAG, "case_kinds: [jeugd-toeleiding]", "case_kinds: [[a]]", "NOT_A_TEXT"),
        (FLAG, "where: {status: lopend}", "where: {status: [lopend]}", "NOT_A_TEXT"),
        (SCHOOL, "gdpr: 6-1-a", "gdpr: artikel 6", "VALUE_WRONG"),
        ("organisations.yaml", '"00000099000000001001"', "123", "OIN"),
        ("tasks.yaml", "responsible: [gem-toegang-wmo]", "responsible: [x]", "UNKNOWN_REFERENCE"),
        ("tasks.yaml", "  wmo-onderzoek:", "  Wmo onderzoek:", "NAME"),
        ("fields.yaml", "type: boolean", "type: bool", "VALUE_WRONG"),
        ("fields.yaml", "fields:", "velden:", "KEY_MISSING"),
        ("fields.yaml", "fields:", "fields: *x", "ANCHOR"),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, name: str, old: str, new: str, code: str) -> None:
    """Every kind of mistake in a policy file stops the catalogue, with its own code."""
    purposes, policies = copy_policy(tmp_path)
    _edit(purposes / name, old, new)

    assert code in _codes(purposes, policies)


def test_a_task_without_activities_and_a_purpose_without_fields(tmp_path: Path) -> None:
    """What is empty is named: a task needs a step, a purpose needs fields and requesters."""
    purposes, policies = copy_policy(tmp_path)
    _edit(
        purposes / "tasks.yaml",
        "    activities:\n      hulp-bieden: {title: Hulp bieden aan de jeugdige}\n",
        "    activities: {}\n",
    )
    text = (purposes / SCHOOL).read_text(encoding="utf-8")
    head, rest = text.split("fields:", 1)
    (purposes / SCHOOL).write_text(
        head + "fields: {}\nnever:" + rest.split("never:", 1)[1], encoding="utf-8"
    )
    _edit(
        purposes / FLAG,
        "requesters:\n  - {role: consulent-jeugd, organisation: gem-toegang-jeugd}",
        "requesters: []",
    )

    assert {"TASK_EMPTY", "EMPTY", "INSTEAD_NOT_GIVEN"} <= _codes(purposes, policies)


def test_optional_members_are_read(tmp_path: Path) -> None:
    """An end date and a whole number in a filter are read; secrecy may be absent."""
    purposes, policies = copy_policy(tmp_path)
    _edit(purposes / FLAG, "valid: {from", "valid: {until: 2030-01-01, from")
    _edit(purposes / FLAG, "where: {status: lopend}", "where: {volgnummer: 3}")
    _edit(purposes / "tasks.yaml", "valid: {from", "valid: {until: 2040-01-01, from")
    head, rest = (purposes / WMO).read_text(encoding="utf-8").split("secrecy:", 1)
    (purposes / WMO).write_text(
        head + "conditions:" + rest.split("conditions:", 1)[1], encoding="utf-8"
    )

    policy = load_catalogue(purposes, policies)

    purpose = policy.purposes["lichte-of-zware-hulp"]
    assert purpose.valid_until == dt.date(2030, 1, 1)
    assert purpose.fields["specialisatie_ingezet"].where == (("volgnummer", 3),)
    assert policy.tasks["wmo-onderzoek"].valid_until == dt.date(2040, 1, 1)
    assert policy.purposes["hulpvraag-afbakenen"].secrecy is None


def test_a_bill_has_a_day_of_looking_and_no_first_day() -> None:
    """A task whose law is a bill is not in force, on any day there is."""
    task = catalogue().tasks["wams-gecoordineerde-aanpak"]

    assert task.bill_checked == dt.date(2026, 2, 18)
    assert not task.in_force_on(dt.date(9999, 12, 30))


def test_a_law_holds_from_its_first_day_to_its_last(tmp_path: Path) -> None:
    """The twin: a law in force holds on both its ends, and a day further it does not."""
    purposes, policies = copy_policy(tmp_path)
    _edit(
        purposes / "tasks.yaml",
        "valid: {from: 2015-01-01}",
        "valid: {from: 2015-01-01, until: 2030-06-30}",
    )
    task = load_catalogue(purposes, policies).tasks["wmo-onderzoek"]

    days = [(2014, 12, 31), (2015, 1, 1), (2030, 6, 30), (2030, 7, 1)]

    assert [task.in_force_on(dt.date(*day)) for day in days] == [False, True, True, False]


def test_mandates_are_read_by_role() -> None:
    """The organisation model gives a mandate to one role, and to nobody else."""
    policy = catalogue()

    assert policy.mandates_of("wijkteam-noord", "regisseur-wijkteam") == {
        "mandaat_bijzondere_bijstand"
    }
    assert policy.mandates_of("wijkteam-noord", "baas") == frozenset()
    assert policy.mandates_of("onbekend", "regisseur-wijkteam") == frozenset()


def test_conditions_say_where_a_fact_stands_and_what_it_rests_on() -> None:
    """A fact has its column, a claim its words, a consent its form, a group its size."""
    purposes = catalogue().purposes
    signal = purposes["contact-leggen-bij-achterstand"].conditions[0]
    severity = purposes["noodzaak-gecoordineerde-aanpak"].conditions[1]
    (agreement,) = purposes["vier-vaste-lasten-op-tijd"].conditions
    (group,) = purposes["doorlooptijd-participatieladder"].conditions

    assert (signal.table, signal.column) == ("vroegsignaal", signal.name)
    assert signal.rests_on is RestsOn.FACT
    assert (severity.name, "zorgmijding" in severity.one_of) == ("ernst", True)
    assert severity.rests_on is RestsOn.CLAIM
    assert (agreement.form, agreement.rests_on) == ("overeenkomst", RestsOn.RECORDED_ACT)
    assert (group.name, group.minimum) == ("groepsgrootte", 10)


def test_a_grant_reads_its_columns_and_no_others() -> None:
    """A pair needs its key, a party its days, and a field that is only counted no column at all."""
    purposes = catalogue().purposes
    plan = purposes["voortgang-afspraken"].fields

    assert plan["actie_statussen"].columns == ("status", "partij")
    assert plan["actieve_partijen"].columns == ("organisatie", "van", "tot")
    assert purposes["aflosplan-berekenen"].fields["aantal_schuldeisers"].columns == ()


@pytest.mark.parametrize("enabled", [True, False])
def test_reading_leaves_the_collector_as_it_was(*, enabled: bool) -> None:
    """The collector of cycles is kept away while reading, and comes back only if it was there."""
    (gc.enable if enabled else gc.disable)()
    try:
        load_catalogue(PURPOSES, POLICIES)
        after = gc.isenabled()
    finally:
        gc.enable()

    assert after is enabled


def flag_with(tmp_path: Path, *members: str) -> FieldGrant:
    """Return the flag, read from its file with other members instead of its precision."""
    purposes, policies = copy_policy(tmp_path)
    _edit(purposes / FLAG, "precision: flag", "\n    ".join(members))
    loaded = load_catalogue(purposes, policies)
    return loaded.purposes["lichte-of-zware-hulp"].fields["specialisatie_ingezet"]


def test_a_match_names_two_columns(tmp_path: Path) -> None:
    """The other name may stand in another table, which is then read too."""
    grant = flag_with(tmp_path, "precision: flag", "derive: match", "with: brp.naam")

    assert (grant.derive, grant.other) == (Derive.MATCH, ("brp", "naam"))
    assert (grant.columns, grant.elsewhere) == (("specialisatie_ingezet",), ("brp", "naam"))
    assert grant.other_key == "brp.naam"


def test_a_match_within_a_table_reads_two_columns_of_it(tmp_path: Path) -> None:
    """The twin: no other table is read."""
    grant = flag_with(
        tmp_path, "precision: flag", "derive: match", "with: jeugdhulp_traject.status"
    )

    assert (grant.columns, grant.elsewhere) == (("specialisatie_ingezet", "status"), None)
    assert grant.other_key == "status"


def test_a_limit_and_a_choice_are_read(tmp_path: Path) -> None:
    """An age that is reached or not, and texts of which it is one or not."""
    aged = flag_with(tmp_path / "a", "precision: flag", "derive: age_from", "against: 18")
    chosen = flag_with(tmp_path / "b", "precision: flag", "derive: one_of", "one_of: [a, b]")

    assert (aged.derive, aged.against) == (Derive.AGE_FROM, 18)
    assert (chosen.derive, chosen.one_of) == (Derive.ONE_OF, ("a", "b"))
    assert (aged.elsewhere, aged.other_key) == (None, "")


def test_a_closed_list_is_read() -> None:
    """All the texts that may leave stand in the grant; without the member any text may."""
    fields = catalogue().purposes["hulpvraag-afbakenen"].fields

    assert "huisvesting" in fields["relevante_leefgebieden"].labels
    assert fields["lopende_schuldhulp"].labels == ()
