"""The kinds of case of the policy: read as written, and at one with the other files."""

import datetime as dt
from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import Beginning, Phase
from tests.fakes_decision import catalogue, copy_policy

PLAN = "regie/voortgang-afspraken.yaml"
STUCK = "regie/noodzaak-gecoordineerde-aanpak.yaml"


def test_a_kind_of_case_is_read_as_written() -> None:
    """Phases in order, who coordinates, and for each way of beginning the task behind it."""
    kind = catalogue().case_kinds["werkplan"]

    assert kind.phases == (Phase.EXPLORATION, Phase.WORK_PLAN, Phase.COORDINATION)
    assert kind.coordinated_by("gem-regie", "casuscoordinator")
    assert not kind.coordinated_by("gem-regie", "regisseur-wijkteam")
    assert kind.starts[Beginning.SIGNAL].task == "wams-gecoordineerde-aanpak"
    assert (kind.term_days, kind.consent) == (182, "voortgang-afspraken")


def test_a_term_to_decide_is_read_as_written() -> None:
    """The taskforce decides on the day itself; where nothing is said there is no term."""
    kinds = catalogue().case_kinds
    friday = dt.date(2026, 4, 3)

    assert kinds["taskforce-16-27"].decide_by(friday) == friday
    assert kinds["werkplan"].decide_by(friday) is None


def test_a_wrong_term_is_pointed_at(tmp_path: Path) -> None:
    """The finding says in which line the term stands."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / "cases.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{working_days: 0}", "{working_days: 999}"), encoding="utf-8")
    line = text[: text.index("{working_days")].count("\n") + 1

    with pytest.raises(CatalogueInvalid) as invalid:
        load_catalogue(purposes, policies)

    [finding] = invalid.value.findings
    assert (finding.code, finding.file, finding.line) == ("CASE_TERM", "purposes/cases.yaml", line)


def test_a_purpose_is_for_phases() -> None:
    """Exploring is done in the exploration, following agreements once there are some."""
    purposes = catalogue().purposes

    assert purposes["meervoudige-problematiek-vaststellen"].phases == (Phase.EXPLORATION,)
    assert purposes["voortgang-afspraken"].phases == (Phase.WORK_PLAN, Phase.COORDINATION)
    assert purposes["lichte-of-zware-hulp"].phases == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("cases.yaml", "phases: [verkenning, ", "phases: [gesloten, ", "CASE_KIND_EMPTY"),
        ("cases.yaml", "phases: [verkenning, ", "phases: [anders, ", "VALUE_WRONG"),
        ("cases.yaml", "term_days: 182", "term_days: 0", "CASE_TERM"),
        ("cases.yaml", "{working_days: 0}", "{working_days: -1}", "CASE_TERM"),
        ("cases.yaml", "{working_days: 0}", "{working_days: 261}", "CASE_TERM"),
        ("cases.yaml", "{working_days: 0}", "{working_days: vandaag}", "NOT_A_NUMBER"),
        ("cases.yaml", "{working_days: 0}", "{}", "CASE_TERM"),
        ("cases.yaml", "{working_days: 0}", "{hours: 4}", "KEY_UNKNOWN"),
        (STUCK, "of: casus.samenwerking_stagneert", "of: casus.verhaal", "CASE_COLUMN"),
        (STUCK, "where: {soort: werkplan}", "where: {label: C-1}", "CASE_COLUMN"),
        (PLAN, "of: werkplan.status", "of: werkplan.actie", "CASE_COLUMN"),
        (PLAN, "of: casus_partij.organisatie", "of: casus_partij.rol", "CASE_COLUMN"),
        ("cases.yaml", "task: integrale-afstemming", "task: onbekend", "UNKNOWN_REFERENCE"),
        ("cases.yaml", "{role: spv-ggz,", "{role: onbekend,", "UNKNOWN_REFERENCE"),
        ("cases.yaml", "consent: voortgang-afspraken", "consent: onbekend", "CASE_CONSENT"),
        (
            "cases.yaml",
            "consent: voortgang-afspraken",
            "consent: lichte-of-zware-hulp",
            "CASE_CONSENT",
        ),
        (PLAN, "case_kinds: [werkplan]", "case_kinds: [onbekend]", "UNKNOWN_REFERENCE"),
        (PLAN, "phases: [werkplan, ", "phases: [lopend, ", "CASE_PHASE"),
    ],
)
def test_what_does_not_agree_is_found(
    tmp_path: Path, file: str, old: str, new: str, code: str
) -> None:
    """A name that nothing explains, a term of nothing, a phase that no kind has: no catalogue."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(CatalogueInvalid) as invalid:
        load_catalogue(purposes, policies)

    assert code in {finding.code for finding in invalid.value.findings}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("cases.yaml", "phases: [verkenning, ", "phases: [gesloten, "),
        ("cases.yaml", "term_days: 182", "term_days: 0"),
        ("cases.yaml", "consent: voortgang-afspraken", "consent: onbekend"),
        ("cases.yaml", "task: integrale-afstemming", "task: onbekend"),
        ("cases.yaml", "{role: casuscoordinator,", "{role: onbekend,"),
        ("tasks.yaml", "responsible: [", "responsible: [niemand, "),
        (
            "tasks.yaml",
            "    activities:\n      ",
            "    activities:\n      Een Zin: {title: x}\n      ",
        ),
    ],
)
def test_a_shared_file_is_pointed_at_where_it_is_wrong(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    """The finding stands at the thing itself: in its lines, and never at the top of the file."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1

    with pytest.raises(CatalogueInvalid) as invalid:
        load_catalogue(purposes, policies)

    [finding] = [each for each in invalid.value.findings if each.file == f"purposes/{file}"]
    assert line - 1 <= finding.line <= line + 1
    assert finding.column > 1
