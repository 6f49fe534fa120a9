"""How a review sees that a field holds another kind of value than it did."""

from gateway.catalogue.compare import Direction, compare
from gateway.catalogue.model import Catalogue, FieldType, Precision
from tests.unit.catalogue_follow.world import FLAG, policy, with_grant


def flag(precision: Precision, kind: FieldType) -> Catalogue:
    """Return the catalogue with this level and this kind for the flag."""
    return with_grant(FLAG, "specialisatie_ingezet", precision=precision, kind=kind)


def test_another_kind_of_value_that_leaves_is_different() -> None:
    """Where any text may leave instead of a date, nobody has shown that it is not wider."""
    date, text = (flag(Precision.EXACT, kind) for kind in (FieldType.DATE, FieldType.STRING))

    found = compare(policy(date), policy(text))

    assert {(each.direction, each.aspect, each.old, each.new) for each in found.changes} == {
        (Direction.DIFFERENT, "kind", "date", "string")
    }
    assert found.widens


def test_below_exact_the_kind_of_value_moves_nothing() -> None:
    """A flag is a yes or a no, whatever the data dictionary calls the field."""
    date, text = (flag(Precision.FLAG, kind) for kind in (FieldType.DATE, FieldType.STRING))

    assert compare(policy(date), policy(text)).changes == ()
