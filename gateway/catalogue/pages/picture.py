"""The picture of which roles reach which fields: panels of squares, laid out to be drawn as SVG."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gateway.catalogue.compare import Policy
from gateway.catalogue.model import FieldGrant, Precision, Purpose, Sensitivity

CELL = 26
_LETTER = 7
_SLANT = 0.72  # The sine of the angle at which the names of the columns stand.
_MARGIN = 14
_SPECIAL = {Sensitivity.SPECIAL, Sensitivity.CRIMINAL}


@dataclass(frozen=True, slots=True)
class Square:
    """One role at one field, or at one holder: how precisely, and in words for which purposes.

    Units:   x and y in pixels, of the upper left corner.
    """

    x: int
    y: int
    level: Precision
    special: bool
    mark: str
    tip: str


@dataclass(frozen=True, slots=True)
class Label:
    """A name beside a row or over a column, at its place in pixels."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A grid of squares with names beside and over it, such as the fields of one holder by role.

    Units:   width, height, left and top in pixels.
    """

    title: str
    width: int
    height: int
    left: int
    top: int
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    squares: tuple[Square, ...]


@dataclass(frozen=True, slots=True)
class _Reached:
    """One grant of one purpose to one role."""

    role: str
    purpose: Purpose
    grant: FieldGrant


def panels(policy: Policy) -> tuple[Panel, ...]:
    """Return a panel for each holder of fields that somebody reaches, by the name of the holder."""
    by_holder: dict[str, list[_Reached]] = {}
    for reached in _reached(policy):
        holder = policy.catalogue.fields[reached.grant.name].holder
        by_holder.setdefault(holder, []).append(reached)
    return tuple(_panel(holder, by_holder[holder], policy) for holder in sorted(by_holder))


def _reached(policy: Policy) -> Iterable[_Reached]:
    for purpose in policy.catalogue.purposes.values():
        roles = dict.fromkeys(
            each.role
            for each in purpose.requesters
            if policy.may_declare(each, purpose.task, purpose.activity)
        )
        for role in roles:
            for grant in purpose.fields.values():
                yield _Reached(role, purpose, grant)


def overview(policy: Policy) -> Panel:
    """Return the whole picture at once: each role by each holder, with the number of fields."""
    cells: dict[tuple[str, str], list[_Reached]] = {}
    for reached in _reached(policy):
        holder = policy.catalogue.fields[reached.grant.name].holder
        cells.setdefault((reached.role, holder), []).append(reached)

    def square(at: tuple[int, int], found: list[_Reached]) -> Square:
        fields = {each.grant.name for each in found}
        most = max(each.grant.precision for each in found)
        holder = policy.catalogue.fields[found[0].grant.name].holder
        many = "1 gegeven" if len(fields) == 1 else f"{len(fields)} gegevens"
        tip = f"{found[0].role} bij {holder}: {many}, {LEVEL_WORDS[most]}"
        return Square(*at, most, _any_special(found, policy), str(len(fields)), tip)

    return _grid("Alle rollen bij alle bronnen", cells, square)


def _panel(holder: str, reached: list[_Reached], policy: Policy) -> Panel:
    cells: dict[tuple[str, str], list[_Reached]] = {}
    for each in reached:
        cells.setdefault((each.grant.name, each.role), []).append(each)

    def square(at: tuple[int, int], found: list[_Reached]) -> Square:
        most = max(each.grant.precision for each in found)
        purposes = ", ".join(each.purpose.label for each in found)
        name = _words(found[0].grant.name)
        tip = f"{found[0].role}, {name}: {LEVEL_WORDS[most]} ({purposes})"
        return Square(*at, most, _any_special(found, policy), MARKS[most], tip)

    return _grid(holder, cells, square)


def _grid(
    title: str,
    cells: Mapping[tuple[str, str], list[_Reached]],
    square: Callable[[tuple[int, int], list[_Reached]], Square],
) -> Panel:
    """Lay squares out under slanted names of columns and beside the names of rows."""
    rows, columns = (sorted({key[side] for key in cells}) for side in (0, 1))
    left = max(map(len, rows)) * _LETTER + _MARGIN
    top = int(max(map(len, columns)) * _LETTER * _SLANT) + _MARGIN
    xs = {name: left + CELL * number for number, name in enumerate(columns)}
    ys = {name: top + CELL * number for number, name in enumerate(rows)}
    return Panel(
        title=title,
        width=left + CELL * len(columns) + top,
        height=top + CELL * len(rows) + _MARGIN,
        left=left,
        top=top,
        rows=tuple(Label(left - 8, y + CELL // 2, _words(name)) for name, y in ys.items()),
        columns=tuple(Label(x + CELL // 2, top - 8, _words(name)) for name, x in xs.items()),
        squares=tuple(square((xs[key[1]], ys[key[0]]), cells[key]) for key in sorted(cells)),
    )


def _any_special(found: Iterable[_Reached], policy: Policy) -> bool:
    return any(
        each.grant.special or policy.catalogue.fields[each.grant.name].sensitivity in _SPECIAL
        for each in found
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


LEVEL_WORDS: Mapping[Precision, str] = {
    Precision.ABSENT: "niets",
    Precision.EXISTS: "of het er is",
    Precision.FLAG: "ja of nee",
    Precision.COUNT: "hoeveel",
    Precision.BAND: "in welke groep",
    Precision.YEAR: "het jaar",
    Precision.QUARTER: "het kwartaal",
    Precision.POSTCODE4: "de vier cijfers van de postcode",
    Precision.PSEUDONYM: "een codenaam, voor ieder doel een andere",
    Precision.EXACT: "het gegeven zelf",
}
"""What each level lets through, in plain words."""

MARKS: Mapping[Precision, str] = {
    Precision.ABSENT: "",
    Precision.EXISTS: "✓",
    Precision.FLAG: "J/N",
    Precision.COUNT: "#",
    Precision.BAND: "≈",
    Precision.YEAR: "J",
    Precision.QUARTER: "K",
    Precision.POSTCODE4: "PC",
    Precision.PSEUDONYM: "✱",
    Precision.EXACT: "●",
}
"""What stands in a square, so that colour is never the only carrier."""
