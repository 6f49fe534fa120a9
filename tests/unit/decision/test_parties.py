"""The party policy: every row checked on loading, everything not listed refused."""

from pathlib import Path

import pytest

from gateway.decision.errors import PartiesInvalid
from gateway.decision.model import Standing
from gateway.decision.parties import Hat, Parties
from tests.fakes_decision import CARE_WORKER, CONSULTANT, POLICIES, catalogue

TASK, ACTIVITY = "jeugd-toeleiding", "criteria-toetsen-zwaarte"
CONF = POLICIES / "parties.conf"
ROW = f"p, gem-toegang-jeugd, consulent-jeugd, {TASK}, {ACTIVITY}\n"


@pytest.fixture(scope="module")
def parties() -> Parties:
    """Return the project's own party policy."""
    return Parties.load(CONF, POLICIES / "parties.csv", catalogue())


def _load(tmp_path: Path, rows: str, conf: str | None = None) -> Parties:
    (tmp_path / "parties.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "parties.conf").write_text(conf or CONF.read_text(encoding="utf-8"), "utf-8")
    return Parties.load(tmp_path / "parties.conf", tmp_path / "parties.csv", catalogue())


def test_a_listed_row_may_declare(parties: Parties) -> None:
    """The consultant may declare the step that the party policy lists."""
    assert parties.may_declare(CONSULTANT, TASK, ACTIVITY)


@pytest.mark.parametrize(
    ("acting", "task", "activity"),
    [
        (CARE_WORKER, TASK, ACTIVITY),
        (CONSULTANT, "wmo-onderzoek", "vraagverheldering"),
        (CONSULTANT, TASK, "hulp-bieden"),
        (CONSULTANT, "", ""),
        (("", ""), "", ""),
        (("gem-toegang-jeugd", " consulent-jeugd"), TASK, ACTIVITY),
    ],
)
def test_what_is_not_listed_may_not_declare(
    parties: Parties, acting: Hat, task: str, activity: str
) -> None:
    """The twin: another role, task or activity, a blank or a space too many is refused."""
    assert not parties.may_declare(acting, task, activity)


@pytest.mark.parametrize(
    ("hats", "acting", "task", "activity", "expected"),
    [
        ({CONSULTANT}, CONSULTANT, TASK, ACTIVITY, Standing.HOLDS),
        ({CARE_WORKER}, CONSULTANT, TASK, ACTIVITY, Standing.HAT_NOT_OWNED),
        ({CONSULTANT, CARE_WORKER}, CARE_WORKER, TASK, ACTIVITY, Standing.WRONG_HAT),
        ({CARE_WORKER}, CARE_WORKER, TASK, ACTIVITY, Standing.TASK_NOT_HELD),
        ({CONSULTANT}, CONSULTANT, TASK, "onbekend", Standing.ACTIVITY_NOT_FOR_ROLE),
        ({CONSULTANT}, CONSULTANT, "onbekend", ACTIVITY, Standing.UNKNOWN),
        ({CONSULTANT}, CONSULTANT, "", "", Standing.UNKNOWN),
    ],
)
def test_standing_tells_the_hats_apart(
    parties: Parties, hats: set[Hat], acting: Hat, task: str, activity: str, expected: Standing
) -> None:
    """Not yours, wrong hat, not your task and not your step are four different things."""
    assert parties.standing(frozenset(hats), acting, task, activity) is expected


def test_comments_and_blank_lines_are_no_rows(tmp_path: Path) -> None:
    """A row counts, an explanation beside it does not."""
    parties = _load(tmp_path, f"# wie mag wat\n\n{ROW}")

    assert parties.may_declare(CONSULTANT, TASK, ACTIVITY)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "no rows"),
        ("# alleen uitleg\n", "no rows"),
        (ROW + ROW, "twice"),
        ("p, gem-toegang-jeugd, consulent-jeugd, jeugd-toeleiding\n", "line 1: five cells"),
        (ROW.strip() + ", allow\n", "five cells"),
        ("p, gem-toegang-jeugd, , jeugd-toeleiding, x\n", "five cells"),
        ("g, " + ROW[3:], "five cells"),
        (ROW + "p, x, y, z, w\n", "line 2: unknown organisation"),
        (ROW.replace("consulent-jeugd", "baas"), "no role"),
        (ROW.replace("consulent-jeugd", "Consulent"), "no role"),
        (ROW.replace(TASK, "x"), "unknown task"),
        (ROW.replace(ACTIVITY, "hulp-bieden"), "unknown task or activity"),
    ],
)
def test_a_policy_that_cannot_be_trusted_does_not_load(
    tmp_path: Path, rows: str, message: str
) -> None:
    """Empty, short, long, blank, doubled and unknown rows all stop the start."""
    with pytest.raises(PartiesInvalid, match=message):
        _load(tmp_path, rows)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "r.organisation == p.organisation",
            "1 == 1 || r.organisation == p.organisation",
            "follow",
        ),
        ("r.role == p.role", "r.role != p.role", "follow"),
        ("r.role == p.role", "r.role == p.nothing", "does not work"),
        ("[policy_effect]", "wat is dit", "cannot be read"),
        ("[matchers]", "[nothing]", "does not work"),
    ],
)
def test_a_model_that_does_not_follow_the_rows_does_not_load(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """A matcher that lets everyone in, nobody in, or fails is found out on loading."""
    conf = CONF.read_text(encoding="utf-8").replace(old, new)

    with pytest.raises(PartiesInvalid, match=message):
        _load(tmp_path, ROW, conf)


def test_missing_files_do_not_load(tmp_path: Path) -> None:
    """Without a party policy there is no start."""
    with pytest.raises(PartiesInvalid, match="cannot be read"):
        Parties.load(CONF, tmp_path / "absent.csv", catalogue())
