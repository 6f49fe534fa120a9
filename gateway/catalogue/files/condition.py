"""One condition of a purpose file, from YAML table to `Condition`."""

from gateway.catalogue.files.members import Table
from gateway.catalogue.model import RESTS_ON, Condition, ConditionKind, RestsOn

NAMES = {
    ConditionKind.AGE: "age",
    ConditionKind.CONSENT: "consent",
    ConditionKind.SOURCE_CONFIRMATION: "bron_bevestigd",
    ConditionKind.GROUP_SIZE: "groepsgrootte",
}
"""The fact that these kinds ask for; a condition on a column is called after the column."""

_WITH_COLUMN = {
    ConditionKind.SOURCE_TRUE,
    ConditionKind.DATE_NOT_PAST,
    ConditionKind.GROUP_SIZE,
}


def read_condition(table: Table) -> Condition:
    """Return the condition in this table; what is wrong with it goes to its findings."""
    kind = table.one_of("kind", ConditionKind)
    source, _, column = table.text("of").partition(".") if kind in _WITH_COLUMN else ("", "", "")
    condition = Condition(
        name=NAMES.get(kind) or column or _named(table, kind),
        kind=kind,
        minimum=table.integer("min"),
        maximum=table.integer("max"),
        form=table.optional_text("form") if kind is ConditionKind.CONSENT else None,
        one_of=table.optional_texts("one_of") if kind is ConditionKind.CLAIM else (),
        table=source or None,
        column=column or None,
        note=table.optional_text("note"),
    )
    _check_rests_on(table, kind)
    return condition


def _named(table: Table, kind: ConditionKind) -> str:
    """Return the name of a condition that carries its own; one on a column lacks its column."""
    if kind not in _WITH_COLUMN:
        return table.text("name")
    table.error(
        "COLUMN",
        "Noem een kolom als tabel.kolom.",
        "Name a column as table.column.",
        table.place_of("of"),
    )
    return kind.value


def _check_rests_on(table: Table, kind: ConditionKind) -> None:
    if table.one_of("rests_on", RestsOn) is not RESTS_ON[kind]:
        word = RESTS_ON[kind].value
        table.error(
            "RESTS_ON",
            f"Deze voorwaarde rust op: {word}.",
            f"This condition rests on: {word}.",
            table.place_of("rests_on"),
        )
