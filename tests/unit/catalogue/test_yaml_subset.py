"""The strict YAML subset: what a lawyer typed, and nothing that a reader cannot see."""

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.files.yaml_subset import (
    MAX_BYTES,
    Items,
    Members,
    Text,
    parse_plain,
    parse_yaml,
)


def _refusal(raw: bytes) -> tuple[str, int, int]:
    with pytest.raises(CatalogueInvalid) as caught:
        parse_yaml(raw, "f.yaml")
    (finding,) = caught.value.findings
    return finding.code, finding.line, finding.column


@pytest.mark.parametrize("word", ["no", "yes", "on", "~", "2026-03-02", "012", "1e3", "null"])
def test_a_plain_word_stays_what_was_typed(word: str) -> None:
    """Nothing becomes a boolean, a date, a number or nothing behind the writer's back."""
    node = parse_yaml(f"key: {word}\n".encode(), "f.yaml")

    assert isinstance(node, Members)
    assert isinstance(node.values["key"], Text)
    assert node.values["key"].value == word
    assert not node.values["key"].quoted


def test_lists_and_quotes_and_places_are_kept() -> None:
    """A list keeps its order, a quoted text is marked, a place counts from one."""
    node = parse_yaml(b'a:\n  - "x"\n  - y\n', "f.yaml")

    assert isinstance(node, Members)
    items = node.values["a"]
    assert isinstance(items, Items)
    assert [(n.value, n.quoted) for n in items.values if isinstance(n, Text)] == [
        ("x", True),
        ("y", False),
    ]
    assert (items.values[1].place.line, items.values[1].place.column) == (3, 5)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"a: &x 1\n", ("ANCHOR", 1, 4)),
        (b"a: 1\nb: *x\n", ("ANCHOR", 2, 4)),
        (b"&k a: 1\n", ("ANCHOR", 1, 1)),
        (b"<<: {a: 1}\n", ("MERGE_KEY", 1, 1)),
        (b"a: !!str 1\n", ("TAG", 1, 4)),
        (b"a: 1\na: 2\n", ("KEY_TWICE", 2, 1)),
        (b"[a]: 1\n", ("KEY", 1, 1)),
        (b"a: 1\n---\nb: 2\n", ("SECOND_DOCUMENT", 2, 1)),
        (b"", ("FILE_EMPTY", 1, 1)),
        (b"# only a comment\n", ("FILE_EMPTY", 2, 1)),
        (b"b: 1\na: [1\n", ("NOT_YAML", 2, 4)),
        (b"b: 1\na: \x01\n", ("UNSEEN_CHARACTER", 2, 4)),
        ("a: x\u200b\n".encode(), ("UNSEEN_CHARACTER", 1, 5)),
        ("a: x  # uitleg\u0085b: y\n".encode(), ("UNSEEN_CHARACTER", 1, 15)),
        (b"a: x  # uitleg\rb: y\n", ("UNSEEN_CHARACTER", 1, 15)),
        ("a: x\u061cy\n".encode(), ("UNSEEN_CHARACTER", 1, 5)),
        ("a: x\u202ey\n".encode(), ("UNSEEN_CHARACTER", 1, 5)),
        ("b: 1\na:\u00a0x\n".encode(), ("UNSEEN_CHARACTER", 2, 3)),
        (b"a: \xff\n", ("NOT_UTF8", 1, 1)),
        (b"[" * 20 + b"]" * 20, ("TOO_DEEP", 1, 14)),
        (b"a" * (MAX_BYTES + 1), ("FILE_TOO_LARGE", 1, 1)),
    ],
)
def test_what_is_outside_the_subset_is_refused_with_its_place(
    raw: bytes, expected: tuple[str, int, int]
) -> None:
    """Each forbidden form is one finding with a code, a line and a column."""
    assert _refusal(raw) == expected


@pytest.mark.parametrize(
    ("raw", "place", "said"),
    [
        (b"a:\n\tb: 1\n", (2, 1), "Hier staat een tab."),
        (b"a: x: y\n", (1, 5), "Deze dubbele punt kan hier niet."),
        (b"a:\n  b: x\n   c: y\n", (3, 5), "Deze dubbele punt kan hier niet."),
        (b'b: 1\na: "x\nc: 1\n', (2, 4), "Dit aanhalingsteken wordt nergens gesloten."),
        (b"a: {b: 1\nc: 1\n", (1, 4), "Hier begint een lijst die niet sluit"),
        (b"a: @x\n", (1, 4), "Met dit teken kan een tekst niet beginnen."),
        (b"a: 1\n- b\n", (2, 1), "Kijk op deze regel en de regel erboven"),
    ],
)
def test_what_is_no_yaml_says_what_to_do(raw: bytes, place: tuple[int, int], said: str) -> None:
    """The place is where the mistake was made, and the words are about that mistake."""
    with pytest.raises(CatalogueInvalid) as caught:
        parse_yaml(raw, "f.yaml")

    (finding,) = caught.value.findings
    assert (finding.code, finding.line, finding.column) == ("NOT_YAML", *place)
    assert said in finding.message_nl


def test_a_mark_at_the_start_of_a_file_is_no_unseen_character() -> None:
    """Some editors put one there; it changes nothing."""
    assert isinstance(parse_yaml(b"\xef\xbb\xbfa: 1\n", "f.yaml"), Members)


def test_a_control_character_in_a_file_of_cases_is_refused() -> None:
    """Programs write these files, and may not write that either."""
    with pytest.raises(CatalogueInvalid, match="NOT_YAML"):
        parse_plain(b"a: \x01\n", "f.yaml")


def test_a_finding_reads_as_editors_expect() -> None:
    """The text of an error starts with file:line:column and speaks Dutch and English."""
    with pytest.raises(CatalogueInvalid, match=r"^f.yaml:1:4: error: TAG: Een .* / No tags\.$"):
        parse_yaml(b"a: !x 1\n", "f.yaml")


def test_plain_values_are_what_they_look_like() -> None:
    """In a file of cases a number is a number and null is nothing; a date and a "no" are text."""
    text = 'a: 1\nb: -2.50\nc: true\nd: null\ne:\nf: "1"\ng: 2026-03-02\nh: no\ni: [x, {y: 0}]\n'

    assert parse_plain(text.encode(), "f.yaml") == {
        "a": 1,
        "b": -2.5,
        "c": True,
        "d": None,
        "e": None,
        "f": "1",
        "g": "2026-03-02",
        "h": "no",
        "i": ["x", {"y": 0}],
    }


def test_an_alias_repeats_in_a_file_of_cases() -> None:
    """What a program wrote once and repeats is the same value in both places."""
    assert parse_plain(b"a: &x [1]\nb: *x\n", "f.yaml") == {"a": [1], "b": [1]}
    assert parse_plain(b"a: &x 1\nb: *x\n", "f.yaml") == {"a": 1, "b": 1}


@pytest.mark.parametrize("raw", [b"a: *x\n", b"a: &x [*x]\n", b"*x : 1\n"])
def test_an_alias_of_nothing_is_refused(raw: bytes) -> None:
    """An alias without its anchor, of itself, or as a name means nothing."""
    with pytest.raises(CatalogueInvalid, match="ANCHOR"):
        parse_plain(raw, "f.yaml")
