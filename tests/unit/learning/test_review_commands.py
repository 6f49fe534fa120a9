"""The commands of a review: what they say, in which form, and with which exit status."""

import datetime as dt
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.entry import EntryType, Json
from gateway.cli import review_commands
from gateway.cli.review_commands import BROKEN, OK, WIDER, Form, Use
from gateway.errors import SettingsInvalid
from gateway.policy_source import _unpack as unpack
from gateway.policy_source import open_policy
from tests.fakes_decision import ABOUT_OTHERS, POLICIES, PURPOSES
from tests.unit.catalogue_follow.world import FLAG, SCHOOL
from tests.unit.learning.world import members, write_ledger

FOLDERS = (PURPOSES, POLICIES)
TODAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Copy:
    """A policy folder that a test may change."""

    root: Path

    @property
    def folders(self) -> tuple[Path, Path]:
        """The two folders of it."""
        return self.root / "purposes", self.root / "policies"

    def change(self, path: str, old: str, new: str) -> None:
        """Replace a text in one of its files, which must be there."""
        file = self.root / path
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def keep(self, path: str) -> None:
        """Leave one purpose only, so that everything about it is soon known."""
        for file in (self.root / "purposes").glob("*/*.yaml"):
            if file != self.root / path:
                file.unlink()
        for name in ABOUT_OTHERS:
            (self.root / "purposes" / name).unlink()


FLAG_FILE = f"purposes/jeugd/{FLAG}.yaml"


@pytest.fixture
def draft(tmp_path: Path) -> Copy:
    """Give a copy of the project's policy."""
    shutil.copytree(PURPOSES, tmp_path / "draft" / "purposes")
    shutil.copytree(POLICIES, tmp_path / "draft" / "policies")
    return Copy(tmp_path / "draft")


@pytest.fixture
def use(tmp_path: Path) -> Use:
    """Give the use of a year in which one permitted request for the flag was recorded."""
    path = tmp_path / "ledger.db"
    write_ledger(path, (EntryType.DISCLOSURE, members()))
    return Use(path, tmp_path / "tally.json", dt.date(2026, 1, 1), dt.date(2026, 12, 31))


def widen(draft: Copy) -> None:
    """Let the duration leave without a motivation."""
    draft.change(FLAG_FILE, "need: professional_judgement", "need: always")


def test_nothing_changed_is_nothing_wider(draft: Copy) -> None:
    """Two equal policies give exit status 0."""
    found = review_commands.compare_policies(
        str(draft.root), str(draft.root), draft.root, Form.TEXT
    )

    assert found == review_commands.Outcome("Geen verschil. (No difference.)\n", OK)


@pytest.mark.parametrize("form", Form)
def test_a_widening_has_an_exit_status_of_its_own(form: Form, draft: Copy) -> None:
    """In every form the widened field is named, and the status tells it from an error."""
    before = str(PURPOSES.parent)
    widen(draft)

    found = review_commands.compare_policies(before, str(draft.root), draft.root, form)

    assert found.status == WIDER
    assert "verwachte_duur_band" in found.text


def test_a_narrowing_needs_no_second_officer(draft: Copy) -> None:
    """The other way round nothing is wider."""
    after = str(PURPOSES.parent)
    widen(draft)

    found = review_commands.compare_policies(str(draft.root), after, draft.root, Form.JSON)

    assert found.status == OK
    assert {each["direction"] for each in json.loads(found.text)["changes"]} == {"narrower"}


def test_the_table_of_a_review_cannot_be_broken_by_a_file(draft: Copy) -> None:
    """A bar or a tag in a policy file stays text in its cell."""
    draft.change(FLAG_FILE, "question: Wordt", "question: <b>| Wordt")

    found = review_commands.compare_policies(
        str(PURPOSES.parent), str(draft.root), draft.root, Form.MARKDOWN
    )

    [row] = [line for line in found.text.splitlines() if "de vraag" in line]
    assert "&lt;b>\\|" in row


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder of this test."""
    named = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", str(folder), *named, *arguments], check=True, capture_output=True)


def test_a_git_revision_is_a_policy(draft: Copy) -> None:
    """What was committed is compared with what stands in the folder now."""
    git(draft.root, "init", "--quiet")
    git(draft.root, "add", ".")
    git(draft.root, "commit", "--quiet", "--message", "eerste")
    widen(draft)

    found = review_commands.compare_policies("HEAD", str(draft.root), draft.root, Form.JSON)

    assert found.status == WIDER


@pytest.mark.parametrize("name", ["", "--output=x", "a b", "nergens", "HEAD;ls"])
def test_what_is_neither_folder_nor_revision_is_refused(name: str, tmp_path: Path) -> None:
    """No option and no command ever reaches git."""
    with pytest.raises(SettingsInvalid), open_policy(name, tmp_path):
        raise AssertionError("nothing was opened")


def archive(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return a tar file with one member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/hosts"
        tar.addfile(member)
    return out.getvalue()


@pytest.mark.parametrize("name", ["/absolute", "../outside", "purposes/../../outside"])
def test_an_archive_cannot_write_outside_its_folder(name: str, tmp_path: Path) -> None:
    """A path that leaves the folder is refused."""
    with pytest.raises(SettingsInvalid):
        unpack(archive(name), tmp_path)


def test_links_in_an_archive_are_left_out(tmp_path: Path) -> None:
    """Only plain files are written."""
    unpack(archive("purposes/link", tarfile.SYMTYPE), tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", [Form.TEXT, Form.JSON])
def test_the_sentences_of_a_small_policy_are_checked(form: Form, draft: Copy) -> None:
    """A sentence that the draft breaks gives exit status 1 and shows the combination."""
    draft.keep(FLAG_FILE)
    (draft.root / "policies" / "invariants.yaml").write_text(
        "invariants:\n"
        "  - sentence: Geen vlag.\n    sentence_en: No flag.\n"
        "    never: [{field: [specialisatie_ingezet]}]\n"
        "  - sentence: Geen bsn.\n    sentence_en: No id.\n"
        "    never: [{sensitivity: [national_id]}]\n",
        encoding="utf-8",
    )

    found = review_commands.check_invariants(draft.folders, form)

    assert found.status == BROKEN
    assert "consulent-jeugd" in found.text
    assert "Geen bsn." in found.text


def test_a_sentence_that_holds_gives_no_objection(draft: Copy) -> None:
    """Without a violation the status is 0."""
    draft.keep(FLAG_FILE)
    (draft.root / "policies" / "invariants.yaml").write_text(
        "invariants:\n"
        "  - sentence: Geen bsn.\n    sentence_en: No id.\n"
        "    never: [{sensitivity: [national_id]}]\n",
        encoding="utf-8",
    )

    found = review_commands.check_invariants(draft.folders, Form.TEXT)

    assert found.status == OK
    assert found.text.startswith("✓ Geen bsn.")


def test_the_register_is_made_in_both_forms() -> None:
    """A program gets JSON, a person a page, of the chosen purposes alone."""
    as_json = review_commands.make_register(FOLDERS, [FLAG], TODAY, html=False)
    as_page = review_commands.make_register(FOLDERS, [FLAG], TODAY, html=True)

    assert [row["catalogue"]["purpose"] for row in json.loads(as_json.text)["versions"]] == [FLAG]
    assert f'id="{FLAG}"' in as_page.text
    assert f'id="{SCHOOL}"' not in as_page.text


def test_a_dpia_is_made_of_all_purposes_when_none_is_named() -> None:
    """Leaving the names out means the whole catalogue, in the words of the explanation."""
    made = json.loads(review_commands.make_dpia(FOLDERS, [], NOW).text)["answers"]

    assert len(made["3.1"]) == len({row["3.1.1"]["value"] for row in made["3.1"]})
    assert "heeft het antwoord bevestigd" in json.dumps(made)


@pytest.mark.parametrize(
    "make",
    [
        lambda: review_commands.make_dpia(FOLDERS, ["onbekend"], NOW),
        lambda: review_commands.make_register(FOLDERS, ["onbekend"], TODAY, html=False),
    ],
    ids=["dpia", "register"],
)
def test_a_purpose_that_does_not_exist_is_refused(make: Callable[[], object]) -> None:
    """A misspelt purpose never gives an empty document."""
    with pytest.raises(SettingsInvalid):
        make()


def test_the_page_is_written(tmp_path: Path) -> None:
    """The page stands in the file that was named."""
    out = tmp_path / "doelen.html"

    review_commands.make_page(FOLDERS, out, TODAY)

    assert f'id="doel-{FLAG}"' in out.read_text("utf-8")


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A folder that is not there is said so."""
    with pytest.raises(SettingsInvalid):
        review_commands.make_page(FOLDERS, tmp_path / "nergens" / "x.html", TODAY)


def test_unused_reads_the_ledger(use: Use) -> None:
    """In both forms the field of the flag that nobody asked is proposed to go."""
    shown = review_commands.find_unused(FOLDERS, use, Form.TEXT).text
    rows = json.loads(review_commands.find_unused(FOLDERS, use, Form.JSON).text)

    assert "'verwachte_duur_band' is bij 1 vragen" in shown
    assert {"field_never_asked", "purpose_unused"} == {row["kind"] for row in rows}


def test_everything_used_is_nothing_to_propose(use: Use, draft: Copy) -> None:
    """Where every field of the only purpose was asked, there is no proposal."""
    released: Json = [
        {"field": "specialisatie_ingezet", "precision": "flag"},
        {"field": "verwachte_duur_band", "precision": "band"},
    ]
    draft.keep(FLAG_FILE)
    use.ledger.unlink()
    write_ledger(use.ledger, (EntryType.DISCLOSURE, members(released=released)))

    found = review_commands.find_unused(draft.folders, use, Form.TEXT)

    assert found.text.startswith("Alles wat het beleid geeft, is gebruikt.")


def test_a_table_without_rows_is_left_out(draft: Copy) -> None:
    """A review of two equal policies has a verdict and no table."""
    where = str(draft.root)

    found = review_commands.compare_policies(where, where, draft.root, Form.MARKDOWN)

    assert "|" not in found.text
    assert "Er gaat niets meer uit dan eerst." in found.text


def test_impact_counts_what_stays_first(use: Use, draft: Copy) -> None:
    """The same policy leaves the one request unchanged."""
    found = review_commands.find_impact(FOLDERS, str(draft.root), draft.root, use, Form.TEXT)

    assert found.text.splitlines()[1:3] == [
        "  1 ongewijzigd (unchanged)",
        "  0 niet te beslissen (failed)",
    ]


def test_impact_shows_the_field_that_would_have_been_more(use: Use, draft: Copy) -> None:
    """Under the wider draft the one answer would have carried one field more."""
    widen(draft)

    found = review_commands.find_impact(FOLDERS, str(draft.root), draft.root, use, Form.JSON)

    assert json.loads(found.text) == {
        "requests": 1,
        "unchanged": 0,
        "failed": {},
        "fields": [{"purpose": FLAG, "field": "verwachte_duur_band", "more": 1, "less": 0}],
    }
