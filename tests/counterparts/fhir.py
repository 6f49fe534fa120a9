"""A FHIR R4 server over the published examples and what a test adds to them."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from gateway.sources.fhir_proof import NOBODY
from tests.counterparts.listening import Heard, Reply

Resource = dict[str, Any]

_F = "{http://hl7.org/fhir}"
# The search parameters of R4 for how far a plan and a goal are, and where that stands.
_SEARCHED = {"status": "status", "lifecycle-status": "lifecycleStatus"}
_PARAMETERS = ("identifier", "patient", *_SEARCHED)
_CONTROL = frozenset({"_elements", "_count", "page", "_getpages", "_getpagesoffset"})
_KNOWN = frozenset({*_PARAMETERS, "patient.identifier", "patient:Patient.identifier"})
# What HAPI gives of every resource, asked for or not: its own id, and what must be there.
_ALWAYS = ("id", "subject")
# Elements that may be there more than once, of those that the examples hold.
_MANY = {
    "activity", "addresses", "address", "category", "coding", "extension", "given", "identifier",
    "line", "name", "profile", "target", "telecom", "contact", "relationship", "communication",
}  # fmt: skip
_NOT_MANY = {("activity", "code"), ("target", "measure")}


class Manner(StrEnum):
    """How a server deals with the parameters of a search by POST.

    `spec` refuses unknown ones and names in its self link what it searched by. `hapi` refuses them
    and names none; its further pages live at the address of the server. `lenient` leaves unknown
    ones out, and names the others, as R4 allows. `ignoring` leaves them out and names none.
    """

    SPEC = "spec"
    HAPI = "hapi"
    LENIENT = "lenient"
    IGNORING = "ignoring"


class FhirServer:
    """Searches by the number of a person, gives the asked elements, page by page.

    `known` are the parameters that it searches by, and with `gives_all` it does not look at which
    elements are asked for, as R4 allows; `asked` are the searches for somebody, and
    `tried` those for nobody.
    """

    def __init__(
        self, resources: Sequence[Resource], *, page: int = 100, manner: Manner = Manner.SPEC
    ) -> None:
        self.resources = list(resources)
        self.page = page
        self.manner = manner
        self.known = _KNOWN
        self.base = ""
        self.asked: list[dict[str, str]] = []
        self.tried: list[dict[str, str]] = []
        self.link: str | None = None
        self._kind = ""
        self.kinds = {each["resourceType"] for each in resources}
        self.overlooks = False
        self.gives_all = False

    def __call__(self, heard: Heard) -> Reply:
        """Answer one request."""
        url = urlsplit(heard.path)
        if url.path.endswith("/metadata"):
            return _json(200, self._capabilities())
        if heard.method == "POST":
            self._kind = url.path.split("/")[-2]
            form = {name: each[0] for name, each in parse_qs(heard.body.decode()).items()}
            of_nobody = any(value.endswith(f"|{NOBODY}") for value in form.values())
            (self.tried if of_nobody else self.asked).append(form)
        else:
            form = {name: each[0] for name, each in parse_qs(url.query).items()}
            form |= self.asked[-1]
        unknown = set(form) - self.known - _CONTROL
        if unknown and self.manner in {Manner.SPEC, Manner.HAPI}:
            return _json(400, {"resourceType": "OperationOutcome"})
        return _json(
            200, self._bundle(self._kind, {name: form[name] for name in form.keys() - unknown})
        )

    def _bundle(self, kind: str, form: Mapping[str, str]) -> Resource:
        found = [
            self._elements(each, form["_elements"].split(","))
            for each in self.resources
            if each["resourceType"] == kind
            and _is_about(each, form)
            and (self.overlooks or _fits(each, form))
        ]
        start = int(form.get("page", form.get("_getpagesoffset", "0")))
        links = [{"relation": "self", "url": self._self(kind, form)}]
        if start + self.page < len(found) or self.link is not None:
            links.append({"relation": "next", "url": self.link or self._next(kind, start)})
        entries = [
            {"resource": each, "search": {"mode": "match"}}
            for each in found[start : start + self.page]
        ]
        return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries}

    def _self(self, kind: str, form: Mapping[str, str]) -> str:
        if self.manner in {Manner.HAPI, Manner.IGNORING}:
            return f"{self.base}/{kind}/_search"
        return f"{self.base}/{kind}?{urlencode(form)}"

    def _next(self, kind: str, start: int) -> str:
        if self.manner is Manner.HAPI:
            query = urlencode({"_getpages": "6a5d-21", "_getpagesoffset": start + self.page})
            return f"{self.base}?{query}"
        return f"{self.base}/{kind}?{urlencode({'page': start + self.page})}"

    def _elements(self, resource: Resource, names: Sequence[str]) -> Resource:
        if self.gives_all:
            return resource
        always = _ALWAYS if self.manner is Manner.HAPI else ()
        return _elements(resource, [*names, *always])

    def _capabilities(self) -> Resource:
        resources = [
            {
                "type": kind,
                "interaction": [{"code": "search-type"}],
                "searchParam": [{"name": name} for name in _PARAMETERS],
            }
            for kind in sorted(self.kinds)
        ]
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "rest": [{"mode": "server", "resource": resources}],
        }


def _json(status: int, value: Resource) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"content-type": "application/fhir+json"})


def _is_about(resource: Resource, form: Mapping[str, str]) -> bool:
    """Tell whether a resource is about the person that is searched for; nobody is everybody."""
    numbers = [form[name].rpartition("|")[2] for name in _KNOWN & set(form) if "identif" in name]
    return all(number in _numbers(resource) for number in numbers)


def _fits(resource: Resource, form: Mapping[str, str]) -> bool:
    """Tell whether a resource has one of the codes that are searched for."""
    return all(
        resource.get(element) in re.split(r"(?<!\\),", form[name])
        for name, element in _SEARCHED.items()
        if name in form
    )


def _numbers(resource: Resource) -> set[str]:
    """Return whom a resource is about; what tests keep beside it never leaves."""
    return {each["value"] for each in resource.get("identifier", [])} | {resource.get("_of", "")}


def _elements(resource: Resource, names: Sequence[str]) -> Resource:
    # An element of several types is asked for by its base name (deceased, for deceasedBoolean).
    base = re.compile("|".join(rf"{re.escape(name)}([A-Z]\w*)?" for name in names))
    kept = {name: value for name, value in resource.items() if base.fullmatch(name)}
    return {"resourceType": resource["resourceType"], **kept}


def read_example(path: Path, of: str) -> Resource:
    """Return a published example as JSON, said to be about the person with this number."""
    root = ET.parse(path).getroot()  # noqa: S314 (a published file, read by a test)
    resource = _node(root)
    assert isinstance(resource, dict)
    return {"resourceType": root.tag.removeprefix(_F), **resource, "_of": of}


def _node(element: ET.Element) -> object:
    if not len(element):
        return _plain(element.get("value"))
    found: dict[str, Any] = {}
    for child in element:
        name = child.tag.removeprefix(_F)
        if child.find("{http://www.w3.org/1999/xhtml}div") is not None:
            continue
        parent = element.tag.removeprefix(_F)
        if name in _MANY and (parent, name) not in _NOT_MANY:
            found.setdefault(name, []).append(_node(child))
        else:
            found[name] = _node(child)
    return found


def _plain(value: str | None) -> object:
    return {"true": True, "false": False}.get(value or "", value)
