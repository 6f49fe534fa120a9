"""What a grant measures its value by, in the words of who reads the policy."""

from gateway.catalogue.model import FieldGrant, Scalar
from gateway.catalogue.pages.cells_words import cells_words


def measure_words(grant: FieldGrant) -> tuple[str, str] | None:
    """Return what a value is compared with, or all the texts that may leave; Dutch, then English.

    None where a grant needs neither.
    """
    if grant.cells is not None:
        return cells_words(grant.cells)
    if grant.other is not None:
        name = f"{_spaced(grant.other[1])} ({_spaced(grant.other[0])})"
        return f"vergeleken met {name}", f"compared with {name}"
    if grant.against is not None:
        nl, en = _said(grant.against)
        return f"vergeleken met {nl}", f"compared with {en}"
    if grant.one_of:
        return " of ".join(grant.one_of), " or ".join(grant.one_of)
    if grant.labels:
        words = ", ".join(grant.labels)
        return f"alleen deze woorden: {words}", f"only these words: {words}"
    return None


def _said(value: Scalar) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("ja", "yes") if value else ("nee", "no")
    return str(value), str(value)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
