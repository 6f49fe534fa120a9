"""The witness policy: what the file says, and what it takes to satisfy it."""

from collections.abc import Mapping

import pytest

from audit.errors import (
    KeyMismatch,
    NoteInvalid,
    PolicyInvalid,
    QuorumMissing,
    SignatureInvalid,
)
from audit.note import Cosigner, Signer
from audit.witness.policy import MAX_DEFINED, MAX_POLICY_BYTES, parse_policy
from tests.fakes_witness import LOG, NOW_S, OTHER_LOG, TREE, WITNESSES, make_policy

NOTE = TREE.note(9)
TEXT = TREE.text(9)
LOG_LINE = f"log {LOG.verifier.vkey}\n"
KEYS = {witness.name[-1]: witness.key.vkey for witness in WITNESSES}
LINES = "".join(f"witness {name} {vkey}\n" for name, vkey in KEYS.items())


def _cosigned(times: Mapping[str, int]) -> bytes:
    by_name = {witness.name[-1]: witness for witness in WITNESSES}
    return NOTE + b"".join(by_name[name].cosign(TEXT, at) for name, at in times.items())


def test_a_policy_is_read() -> None:
    """Logs, witnesses with and without an address, groups, comments, tabs and spaces."""
    text = (
        f"# who looks\n\n \t# at us\n{LOG_LINE}log {OTHER_LOG.verifier.vkey} https://log.example/\n"
        f"  witness\ta  {KEYS['a']}\thttps://a.example/w \n"
        f"witness b {KEYS['b']}\ngroup g any a b\ngroup h all g\nquorum h"
    )

    policy = parse_policy(text.encode() + b"\n")

    assert [log.name for log in policy.logs] == [LOG.name, OTHER_LOG.name]
    assert [(w.name, w.url) for w in policy.witnesses] == [
        ("a", "https://a.example/w"),
        ("b", None),
    ]
    assert policy.quorum == b"h"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LOG_LINE + "quorum none", 2),
        (LOG_LINE + "qourum none\n", 2),
        ("quorum none\r\n", 1),
        ("quorum none\f\n", 1),
        ("quorum\n", 1),
        ("quorum none none\n", 1),
        ("quorum a\n", 1),
        ("quorum none\nquorum none\n", 2),
        ("log\n", 1),
        (LOG_LINE[:-1] + " https://a https://b\n", 1),
        (LOG_LINE + LOG_LINE, 2),
        (f"log {KEYS['a']}\n", 1),
        (f"log {Signer('other.name/x', b's' * 32).verifier.vkey}\n{LOG_LINE}", 2),
        (f"witness a {LOG.verifier.vkey}\n", 1),
        ("witness a\n", 1),
        (f"witness a {KEYS['a']} https://a b\n", 1),
        (f"witness none {KEYS['a']}\n", 1),
        (f"witness a {KEYS['a']}\nwitness a {KEYS['b']}\n", 2),
        (f"witness a {KEYS['a']}\nwitness b {Cosigner('z', b'a' * 32).key.vkey}\n", 2),
        (LINES + "group a any b c\n", 4),
        (LINES + "group g any\n", 4),
        (LINES + "group g 0 a\n", 4),
        (LINES + "group g 2 a\n", 4),
        (LINES + "group g 01 a b\n", 4),
        (LINES + "group g +1 a b\n", 4),
        (LINES + "group g most a b\n", 4),
        (LINES + "group g any d\n", 4),
        (LINES + "group g any g\n", 4),
        (LINES + "group g any none\n", 4),
        (LINES + "group g any a a\n", 4),
        (LINES + "group g any a\ngroup h any a\n", 5),
        (LINES + "quorum g\ngroup g any a\n", 4),
    ],
)
def test_a_malformed_policy_names_its_line(text: str, line: int) -> None:
    """Whoever wrote it knows where to look."""
    with pytest.raises(PolicyInvalid, match=rf"line {line}:"):
        parse_policy(text.encode())


@pytest.mark.parametrize("text", [b"", b"# nothing\n", LINES.encode()])
def test_a_policy_without_a_quorum_is_none(text: bytes) -> None:
    """The quorum is the one line that a policy must have."""
    with pytest.raises(PolicyInvalid, match="no quorum"):
        parse_policy(text)


def test_a_key_that_is_no_text_is_refused() -> None:
    """Octets above ASCII are for names, addresses and comments."""
    with pytest.raises(PolicyInvalid, match="line 1: a key is not UTF-8"):
        parse_policy(b"log \xff\xfe\n")


def test_names_are_opaque_octets() -> None:
    """A name need not be UTF-8, and is another one when one octet differs."""
    text = (
        b"witness \xff " + KEYS["a"].encode() + b"\n"
        b"witness \xfe " + KEYS["b"].encode() + b"\ngroup \xc3\xa9 any \xff \xfe\n"
        b"quorum \xc3\xa9\n"
    )

    policy = parse_policy(text)

    assert [witness.name for witness in policy.witnesses] == ["\\xff", "\\xfe"]


def _many(kind: str) -> bytes:
    lines = {
        "logs": (f"log {Signer(f'l{n}', b'%032d' % n).verifier.vkey}" for n in range(MAX_DEFINED)),
        "witnesses": (
            f"witness w{n} {Cosigner(f'w{n}', b'%032d' % n).key.vkey}" for n in range(MAX_DEFINED)
        ),
        "groups": (
            f"witness a {KEYS['a']}" if n < 0 else f"group g{n} all {f'g{n - 1}' if n else 'a'}"
            for n in range(-1, MAX_DEFINED)
        ),
    }[kind]
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("logs", LOG_LINE),
        ("witnesses", f"witness b {KEYS['b']}\n"),
        ("groups", f"group more all g{MAX_DEFINED - 1}\n"),
    ],
)
def test_a_policy_is_bounded(kind: str, more: str) -> None:
    """As many as the bound are read, and not one more."""
    fits = _many(kind)

    assert parse_policy(fits + b"quorum none\n").quorum is None
    with pytest.raises(PolicyInvalid, match="too many"):
        parse_policy(fits + more.encode() + b"quorum none\n")


def test_a_long_policy_is_refused_unread() -> None:
    """The bound comes before the parser."""
    with pytest.raises(PolicyInvalid, match="too long"):
        parse_policy(b"#" * MAX_POLICY_BYTES + b"\n")


@pytest.mark.parametrize(
    ("rule", "times", "at"),
    [
        ("any", {"a": 5}, 5),
        ("any", {"a": 5, "b": 9}, 9),
        ("2", {"a": 5, "b": 9}, 5),
        ("2", {"a": 5, "b": 9, "c": 7}, 7),
        ("all", {"a": 5, "b": 9, "c": 7}, 5),
    ],
)
def test_a_quorum_tells_since_when(rule: str, times: Mapping[str, int], at: int) -> None:
    """The time is the newest one from which on enough witnesses stamped."""
    quorum = make_policy(rule).check(_cosigned(times))

    assert quorum.at_ms == at * 1000
    assert quorum.witnessed == {name: time * 1000 for name, time in times.items()}
    assert (quorum.origin, quorum.size) == (LOG.name, 9)


@pytest.mark.parametrize(
    ("rule", "times"), [("any", {}), ("2", {"c": 5}), ("all", {"a": 5, "b": 5})]
)
def test_too_few_witnesses_are_no_quorum(rule: str, times: Mapping[str, int]) -> None:
    """The twin: one witness short is refused."""
    with pytest.raises(QuorumMissing):
        make_policy(rule).check(_cosigned(times))


def test_groups_stand_in_groups() -> None:
    """Two levels: one of a and b, together with c."""
    text = LOG_LINE + LINES + "group ab any a b\ngroup all-of all ab c\nquorum all-of\n"
    policy = parse_policy(text.encode())

    assert policy.check(_cosigned({"b": 8, "c": 6})).at_ms == 6000
    with pytest.raises(QuorumMissing):
        policy.check(_cosigned({"a": 8, "b": 6}))


def test_a_single_witness_can_be_the_quorum() -> None:
    """A group is not needed for one."""
    policy = parse_policy((LOG_LINE + LINES + "quorum b\n").encode())

    assert policy.check(_cosigned({"a": 4, "b": NOW_S})).at_ms == NOW_S * 1000
    with pytest.raises(QuorumMissing):
        policy.check(_cosigned({"a": 4}))


def test_without_a_quorum_the_signature_of_the_log_is_enough() -> None:
    """`quorum none` asks for no witness, and still tells who there was."""
    quorum = parse_policy((LOG_LINE + LINES + "quorum none\n").encode()).check(_cosigned({"a": 4}))

    assert quorum.at_ms is None
    assert quorum.witnessed == {"a": 4000}


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    """However many cosigned, the log must have signed."""
    text, *_ = NOTE.rpartition(b"\n\n")
    lines = b"".join(witness.cosign(TEXT, NOW_S) for witness in WITNESSES)

    with pytest.raises(KeyMismatch):
        make_policy().check(text + b"\n\n" + lines)


def test_another_listed_log_cannot_speak_for_this_one() -> None:
    """The name of the key is the origin."""
    policy = parse_policy(f"{LOG_LINE}log {OTHER_LOG.verifier.vkey}\nquorum none\n".encode())

    assert policy.check(TREE.note(9, OTHER_LOG)).origin == OTHER_LOG.name
    with pytest.raises(KeyMismatch):
        policy.check(OTHER_LOG.sign(TEXT))


def test_a_wrong_cosignature_spoils_the_note() -> None:
    """A line that claims a known witness and is wrong is an attack, not an absence."""
    note = _cosigned({"a": 5, "b": 5}) + WITNESSES[2].cosign(TREE.text(8), 5)

    with pytest.raises(SignatureInvalid):
        make_policy().check(note)


def test_a_note_that_is_no_checkpoint_is_refused() -> None:
    """A policy is about checkpoints."""
    with pytest.raises(NoteInvalid):
        make_policy().check(LOG.sign(b"hello\n"))


def test_a_policy_can_be_narrowed_to_one_log() -> None:
    """A policy without logs takes the one that is given; one with logs must list it."""
    without = parse_policy((LINES + "quorum a\n").encode())

    assert without.for_log(LOG.verifier).check(_cosigned({"a": 4})).at_ms == 4000
    assert make_policy().for_log(LOG.verifier).logs == (LOG.verifier,)
    with pytest.raises(KeyMismatch):
        without.check(_cosigned({"a": 4}))
    with pytest.raises(PolicyInvalid):
        make_policy().for_log(OTHER_LOG.verifier)
