"""The person a request is about, and the check on the number that names them."""

import re
from dataclasses import dataclass
from typing import Literal

from typing_extensions import override

from gateway.errors import SubjectInvalid

_BETWEEN = re.compile("[ ._-]")
_BSN_DIGITS = 9
_ELEVEN = 11
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, named by a number that passed its check; `repr` hides the number."""

    type: Literal["bsn"]
    value: str

    @override
    def __repr__(self) -> str:
        return f"Subject(type={self.type!r}, value='*******{self.value[-2:]}')"

    def as_bytes(self) -> bytes:
        """Return the identifier as it is committed to and sealed, type included."""
        return f"{self.type}:{self.value}".encode("ascii")

    def as_json(self) -> str:
        """Return the person as the JSON of requests and messages names one, to search them by."""
        return f'{{"type":"{self.type}","value":"{self.value}"}}'


def parse_bsn(value: str) -> Subject:
    """Return the person behind a burgerservicenummer that passes the elfproef.

    Raises: SubjectInvalid for anything but nine ASCII digits whose weighted sum divides by eleven.
    Source: Besluit burgerservicenummer; the eleven test weighs the last digit with minus one.
    """
    if len(value) != _BSN_DIGITS or not (value.isascii() and value.isdigit()):
        raise SubjectInvalid("a BSN has nine digits")
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, value, strict=True))
    if total % _ELEVEN or value == "000000000":
        raise SubjectInvalid("the number fails the elfproef")
    return Subject("bsn", value)


def passes_for_bsn(text: str) -> bool:
    """Tell whether a text is a number that passes for a BSN, as it stands or written in groups."""
    try:
        parse_bsn(_BETWEEN.sub("", text))
    except SubjectInvalid:
        return False
    return True
