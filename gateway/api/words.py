"""What callers write in their own words: it names nobody by number.

A person is found by the number to be erased, and only where a request says whom it is about. The
number of somebody else within a reason or a note would stay behind, so it is refused at the door.
"""

import unicodedata
from typing import Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from gateway.recording.detect import BSN, found_in

PERSON_NUMBER: Final = "person_number"
"""The kind of fault of words that hold the number of a person."""


def without_bsn(words: str) -> str:
    """Return the words, which hold no number that passes for a BSN, together or in groups.

    Raises: PydanticCustomError, which holds nothing of the words.
    """
    # Digits and spaces of other kinds are read as what they look like.
    if found_in(unicodedata.normalize("NFKC", words), (BSN,)):
        raise PydanticCustomError(PERSON_NUMBER, "the words hold the number of a person")
    return words


NAMES_NOBODY: Final = AfterValidator(without_bsn)
"""For the type of free words; their length is bounded before."""
