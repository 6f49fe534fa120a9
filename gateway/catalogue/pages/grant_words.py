"""What a grant measures its value by, in the words of who reads the policy."""

from gateway.catalogue.cells import USUAL_SMALLEST
from gateway.catalogue.model import Derive, FieldGrant, Precision, Scalar
from gateway.catalogue.pages.cells_words import cells_words


def measure_words(grant: FieldGrant) -> tuple[str, str] | None:
    """Return what a value is compared with, or all that may leave of it; Dutch, then English.

    None where a grant needs neither.
    """
    if grant.cells is not None:
        return cells_words(grant.cells)
    if grant.derive is Derive.FIGURE and grant.precision is Precision.COUNT:
        return _counted(grant)
    if grant.other is not None:
        name = f"{_spaced(grant.other[1])} ({_spaced(grant.other[0])})"
        return f"vergeleken met {name}", f"compared with {name}"
    if grant.against is not None:
        nl, en = _said(grant.against)
        return f"vergeleken met {nl}", f"compared with {en}"
    return _listed(grant)


def _listed(grant: FieldGrant) -> tuple[str, str] | None:
    """Say which texts a value is looked for among, or which may leave."""
    if grant.one_of:
        return " of ".join(grant.one_of), " or ".join(grant.one_of)
    if grant.labels:
        words = ", ".join(grant.labels)
        return f"alleen deze woorden: {words}", f"only these words: {words}"
    return None


def _counted(grant: FieldGrant) -> tuple[str, str]:
    """Say what is kept back of a number of persons that the source has counted."""
    few, words = USUAL_SMALLEST, ", ".join(grant.labels)
    if not words:
        return f"minder dan {few} wordt niet verteld", f"less than {few} is not told"
    return (
        f"alleen per: {words}; is er één kleiner dan {few}, dan wordt niets verteld",
        f"only by: {words}; with one below {few} nothing is told",
    )


def _said(value: Scalar) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("ja", "yes") if value else ("nee", "no")
    return str(value), str(value)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
