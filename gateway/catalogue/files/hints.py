"""What to do about a file that is no YAML, and which name somebody may have meant."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

Words = tuple[str, str]
"""The same in Dutch and in English."""

# Nobody sees these: characters without width, marks that turn the reading direction, a space that
# is none, and control characters, among them ends of lines that many programs show as nothing. With
# them a file means something else than a reader sees.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff]|\r(?!\n)"
)
_TAB: Words = (
    "Hier staat een tab. Spring in met spaties.",
    "There is a tab here. Indent with spaces.",
)
_OTHER: Words = (
    "Dit is geen YAML. Kijk op deze regel en de regel erboven of de spaties vooraan kloppen.",
    "This is not YAML. Look at this line and the one above: are the spaces in front right?",
)
# By what libyaml says of it.
_HINTS: tuple[tuple[str, Words], ...] = (
    (
        "found unexpected end of stream",
        ("Dit aanhalingsteken wordt nergens gesloten.", "This quote is never closed."),
    ),
    (
        "mapping values are not allowed",
        (
            "Deze dubbele punt kan hier niet. Klopt het inspringen? Of hoort tekst tussen '...'?",
            "This colon cannot be here. Is the indent right? Put a text between quotes.",
        ),
    ),
    (
        "cannot start any token",
        (
            "Met dit teken kan een tekst niet beginnen. Zet de tekst tussen aanhalingstekens.",
            "A text cannot begin with this character. Put the text between quotes.",
        ),
    ),
    (
        "did not find expected ','",
        (
            "Hier begint een lijst die niet sluit, of er ontbreekt een komma. Zoek de ] of }.",
            "A list begins here that does not close, or a comma is missing. Look for its ] or }.",
        ),
    ),
)
_AT_ITS_BEGINNING = ("found unexpected end of stream", "did not find expected ','")


def hint_for(problem: str, character: str) -> Words:
    """Return what to do about what libyaml says; `character` is the one that it stopped at."""
    if character == "\t":
        return _TAB
    return next((words for said, words in _HINTS if said in problem), _OTHER)


def is_told_where_it_began(problem: str) -> bool:
    """Tell whether the mistake stands where the text or list began, not where it was noticed."""
    return any(said in problem for said in _AT_ITS_BEGINNING)


def find_unseen(text: str) -> tuple[int, int] | None:
    """Return line and column of the first character that nobody sees; a mark at the start is none.

    Units:   line and column count from one.
    """
    found = _UNSEEN.search(text, 1 if text.startswith("\ufeff") else 0)
    if found is None:
        return None
    before = text[: found.start()]
    return before.count("\n") + 1, found.start() - before.rfind("\n")


def meant(name: str, known: Iterable[str], *, alike: float = 0.7) -> Words:
    """Return the question whether a known name was meant; nothing where none is alike."""
    found = get_close_matches(name, sorted(known), n=1, cutoff=alike)
    return (f" Bedoelt u '{found[0]}'?", f" Did you mean '{found[0]}'?") if found else ("", "")
