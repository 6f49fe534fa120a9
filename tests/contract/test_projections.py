"""The projections against the published schemas; read where they stand, never copied."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker

from audit.projections.ldv import read_line
from audit.projections.lines import Kind, project
from tests.fakes_projections import CONTEXT, Leaf, decisions, make_leaf, make_log

_SHARED = os.environ.get("DOELPOORT_SHARED") or Path(__file__).parents[3] / "shared"
STANDARDS = Path(_SHARED) / "standards"
pytestmark = pytest.mark.skipif(not STANDARDS.is_dir(), reason=f"no standards in {STANDARDS}")

# The trace of the LDV read schema is called a UUID, where the core standard has 32 hex digits.
FORMATS = FormatChecker(["uuid"])
NO_FORMATS = FormatChecker([])
NEVER = ("systeem", "gebruiker", "gegevensbron")
Case = tuple[Leaf, list[str]]


def inlined(node: Any, root: Any, folder: Path) -> Any:  # noqa: ANN401  A schema is any JSON.
    """Return a schema with what it refers to in its place."""
    match node:
        case {"$ref": str(reference)}:
            name, _, part = reference.partition("#")
            found = root if not name else json.loads((folder / name).read_text("utf-8"))
            for step in part.split("/")[1:]:
                found = found[step]
            return inlined(found, root, folder)
        case dict():
            return {key: inlined(value, root, folder) for key, value in node.items()}
        case list():
            return [inlined(item, root, folder) for item in node]
        case _:
            return node


def checker(name: str, part: str, formats: FormatChecker = NO_FORMATS) -> Draft202012Validator:
    """Return what checks a value against one part of a published description."""
    path = STANDARDS / name
    if not path.exists():
        return Draft202012Validator({"not": {}})
    root = yaml.safe_load(path.read_text("utf-8"))
    schema = inlined({"$ref": part}, root, path.parent)
    return Draft202012Validator(schema, format_checker=formats)


LDV_LINE = checker("ldv/lezen-openapi.json", "#/components/schemas/ProcessingActivity")
LDV_ATTRIBUTES = checker("ldv/attributes.schema.json", "#")
ADL_RECORD = checker("adl/adl-record.derived.schema.json", "#")
VNG_OBJECT = checker(
    "vng-verwerkingenlogging/read-openapi.yaml",
    "#/components/schemas/VerwerktObjectUitgebreid",
    FORMATS,
)
VNG_ACTION = checker(
    "vng-verwerkingenlogging/read-openapi.yaml",
    "#/components/schemas/VerwerkingsactieBeperkt",
    FORMATS,
)


def lines(case: Case, kind: Kind) -> list[dict[str, Any]]:
    """Return the lines of one decision."""
    return list(project(make_log(case), kind, 0, 1, CONTEXT))


@given(case=decisions())
def test_ldv_lines_are_valid(case: Case) -> None:
    """Every LDV line is valid in the names of the read interface, its attributes too."""
    found = [read_line(line) for line in lines(case, Kind.LDV)]

    assert [error.message for line in found for error in LDV_LINE.iter_errors(line)] == []
    assert [
        e.message for each in found for e in LDV_ATTRIBUTES.iter_errors(each["attributes"])
    ] == []


@given(case=decisions())
def test_adl_records_are_valid(case: Case) -> None:
    """Every ADL record is valid."""
    (record,) = lines(case, Kind.ADL)

    assert [error.message for error in ADL_RECORD.iter_errors(record)] == []


@given(case=decisions())
def test_vng_objects_are_valid(case: Case) -> None:
    """Every VNG object is valid, its action too, and neither has what the read model leaves out."""
    found = lines(case, Kind.VNG)
    actions = [each["verwerkingsactie"] for each in found]

    assert [error.message for each in found for error in VNG_OBJECT.iter_errors(each)] == []
    assert [error.message for each in actions for error in VNG_ACTION.iter_errors(each)] == []
    assert [name for each in [*found, *actions] for name in NEVER if name in each] == []


@pytest.mark.parametrize(
    ("schema", "kind", "member"),
    [
        (LDV_LINE, Kind.LDV, "traceId"),
        (ADL_RECORD, Kind.ADL, "timestamp"),
        (VNG_OBJECT, Kind.VNG, "objectId"),
    ],
    ids=["ldv", "adl", "vng"],
)
def test_the_schemas_refuse(schema: Draft202012Validator, kind: Kind, member: str) -> None:
    """Each schema is really asked: it refuses a line that lacks a member."""
    (line,) = lines((make_leaf(), ["a1" * 16]), kind)
    shown = read_line(line)
    del shown[member]

    assert not schema.is_valid(shown)
