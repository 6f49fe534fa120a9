"""What the Rego reads: the catalogue as data, and the folder that an OPA server serves."""

from pathlib import Path

import orjson

from gateway.catalogue.model import Catalogue, ConditionKind, Purpose, Task

REGO_FILE = "disclosure.rego"
_NO_END = "9999-12-31"


def rego_data(catalogue: Catalogue) -> dict[str, object]:
    """Return the part of the catalogue that decides, as the JSON value `data`.

    Shapes:  `data.catalogue`; dates as ISO texts, an open end as the last date there is. Kept small
             and found by key alone, so that many purposes take no longer to decide than a few.
    """
    return {
        "catalogue": {
            "revision": catalogue.revision,
            "tasks": {task.id: _task(task, catalogue) for task in catalogue.tasks.values()},
            "fields": dict.fromkeys(catalogue.fields, True),
            "purposes": {p.id: _purpose(p) for p in catalogue.purposes.values()},
        }
    }


def write_bundle(catalogue: Catalogue, policies_dir: Path, out_dir: Path) -> None:
    """Write the Rego and its data for an OPA server, which must be started on that folder.

    Effects: `disclosure.rego` and `data.json` in `out_dir`, which is made when it is not there.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / REGO_FILE).write_bytes((policies_dir / REGO_FILE).read_bytes())
    (out_dir / "data.json").write_bytes(orjson.dumps(rego_data(catalogue)))


def _task(task: Task, catalogue: Catalogue) -> dict[str, object]:
    purposes = {name: catalogue.purposes_of(task.id, name) for name in task.activities}
    return {
        "valid_from": task.valid_from.isoformat(),
        "valid_until": task.valid_until.isoformat() if task.valid_until else _NO_END,
        "activities": {
            name: {
                "case": any(purpose.case_kinds for purpose in of_activity),
                "purposes": len(of_activity),
                "aggregated": bool(of_activity) and all(p.aggregated for p in of_activity),
            }
            for name, of_activity in purposes.items()
        },
    }


def _purpose(purpose: Purpose) -> dict[str, object]:
    return {
        "task": purpose.task,
        "activity": purpose.activity,
        "requesters": _roles(purpose),
        "case": bool(purpose.case_kinds),
        "aggregated": purpose.aggregated,
        "emergency": purpose.emergency,
        "mandates": [c.name for c in purpose.conditions if c.kind is ConditionKind.MANDATE],
        "valid_from": purpose.valid_from.isoformat(),
        "valid_until": purpose.valid_until.isoformat() if purpose.valid_until else _NO_END,
        "always": list(purpose.minimal),
        "fields": {grant.name: grant.need.value for grant in purpose.fields.values()},
        "consent": [grant.name for grant in purpose.fields.values() if grant.consent],
        "never": list(purpose.never),
        "instead": {name: list(offered) for name, offered in purpose.instead.items()},
        "conditions": [{"name": c.name, "kind": c.kind.value} for c in purpose.conditions],
    }


def _roles(purpose: Purpose) -> dict[str, list[str]]:
    """Return the roles that may ask, by organisation."""
    roles: dict[str, list[str]] = {}
    for requester in purpose.requesters:
        roles.setdefault(requester.organisation, []).append(requester.role)
    return roles
