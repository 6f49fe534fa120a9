"""Looks in free text for kinds of particulars, and tells the kind and the count: never the text."""

import re
from collections.abc import Iterable
from functools import lru_cache

from gateway.catalogue.files.recording import plain_text
from gateway.catalogue.recording import Kind
from gateway.recording.model import Found
from gateway.subject import passes_for_bsn

BSN = Kind("bsn", "een burgerservicenummer", "a citizen service number", ("bsn",), ())
BIRTH_DATE = Kind("geboortedatum", "een geboortedatum", "a date of birth", ("geboortedatum",), ())
ALWAYS = (BSN, BIRTH_DATE)
"""What is looked for whatever the policy files say."""

# Nine digits, written together or in groups, and no tenth beside them.
_NINE_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ .-]?[0-9]){8}(?!(?:[ .-]?[0-9]))")
_MONTH = r"(?:jan|feb|maart|mrt|apr|mei|juni|juli|aug|sep|okt|nov|dec)[a-z]{0,6}"
_DATE = (
    r"(?:[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}"
    rf"|[0-9]{{1,2}} {_MONTH} [0-9]{{2,4}})"
)
# A date alone may be an appointment; one beside a word for birth is not. The distance is bounded,
# and so is the time that a hostile text can take.
_BIRTH = re.compile(
    rf"(?<!\w)(?:geb|geboren|geboortedatum|geboortedag|born)(?!\w)[^0-9]{{0,20}}{_DATE}"
    rf"|(?<![0-9]){_DATE}[^0-9]{{0,20}}(?<!\w)geboren(?!\w)"
)


def found_in(text: str, kinds: Iterable[Kind]) -> tuple[Found, ...]:
    """Return how often each of these kinds is seen in the text, as far as it is seen at all.

    Trust:   the text may be anything; the result holds nothing of it.
    """
    plain = plain_text(text)
    counted = ((kind, _count(plain, kind)) for kind in kinds)
    return tuple(Found(kind, count) for kind, count in counted if count)


def _count(plain: str, kind: Kind) -> int:
    if kind == BSN:
        return sum(passes_for_bsn(match.group()) for match in _NINE_DIGITS.finditer(plain))
    pattern = _BIRTH if kind == BIRTH_DATE else _words(kind.words)
    return sum(1 for _ in pattern.finditer(plain))


@lru_cache(maxsize=256)
def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return the one pattern that finds any of these words, whole."""
    each = "|".join(re.escape(word.removesuffix("*")) + _ending(word) for word in words)
    return re.compile(rf"(?<!\w)(?:{each})(?!\w)")


def _ending(word: str) -> str:
    return r"\w*" if word.endswith("*") else ""
