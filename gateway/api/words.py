"""What callers write in their own words: it names nobody by number.

A person is found by the number to be erased, and only where a request says whom it is about. The
number of somebody else within a reason or a note would stay behind, so it is refused at the door.
"""

import re
import unicodedata
from typing import Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from gateway.recording.detect import BSN, found_in
from gateway.subject import passes_for_bsn

PERSON_NUMBER: Final = "person_number"
"""The kind of fault of words that hold the number of a person."""

SAYS_TOO_LITTLE: Final = "says_too_little"
"""The kind of fault of words that are too few to be judged by."""

_SPACES: Final = re.compile(r"\s+")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212_]")
_UNSEEN: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e007f]"
)
_OTHER_DIGITS: Final = re.compile("(?![0-9])\\d")


def without_bsn(words: str) -> str:
    """Return the words, which hold no number that passes for a BSN, together or in groups.

    Raises: PydanticCustomError, which holds nothing of the words.
    """
    if found_in(_as_seen(words), (BSN,)):
        raise PydanticCustomError(PERSON_NUMBER, "the words hold the number of a person")
    return words


def own_id(opaque: str) -> str:
    """Return the id that a partner gave to one of its people, which is no number of a person.

    Raises: PydanticCustomError, which holds nothing of the id.
    """
    if passes_for_bsn(opaque):
        raise PydanticCustomError(PERSON_NUMBER, "an id of your own is no number of a person")
    return opaque


def _as_seen(words: str) -> str:
    """Return the words with digits, dashes and spaces of every kind as the common ones."""
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", words))
    plain = _DASHES.sub("-", _SPACES.sub(" ", plain))
    return _OTHER_DIGITS.sub(lambda found: str(unicodedata.digit(found[0])), plain)


NAMES_NOBODY: Final = AfterValidator(without_bsn)
"""For the type of free words; their length is bounded before."""
