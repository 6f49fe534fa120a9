"""A second reader of the import contract in `.importlinter`, over syntax trees alone.

import-linter checks the same file in `make check`. This one sees imports inside functions just as
well, needs no installed package, and can be shown a mutant that must fail.
"""

import ast
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, SectionProxy
from pathlib import Path

Graph = Mapping[str, frozenset[str]]


def read_graph(root: Path, packages: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Return which module names each module of these packages imports, wherever it does so."""
    files = {
        _module(path.relative_to(root)): path
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
    }
    return {
        module: frozenset(
            _known(name, files.keys(), packages)
            for name in _imports(ast.parse(path.read_text("utf-8")))
        )
        for module, path in files.items()
    }


def violations(config: str, graph: Graph) -> list[str]:
    """Return a line for every import that the contracts of the configuration forbid."""
    parser = ConfigParser()
    parser.read_string(config)
    found: list[str] = []
    for title in parser.sections():
        section = parser[title]
        kind = section.get("type")
        if kind == "layers":
            found += _upward(section["layers"].split("\n"), graph)
        elif kind == "forbidden":
            found += _forbidden(section, graph)
    return found


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise AssertionError("the packages import by full name only")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _known(name: str, modules: object, packages: tuple[str, ...]) -> str:
    """Return the module behind an imported name; a third party goes by its first part."""
    if name.split(".", maxsplit=1)[0] not in packages:
        return name.split(".", maxsplit=1)[0]
    assert isinstance(modules, type({}.keys()))
    return name if name in modules else name.rpartition(".")[0]


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _upward(lines: list[str], graph: Graph) -> Iterator[str]:
    layers = [line.replace("|", " ").replace(":", " ").split() for line in lines if line.strip()]
    apart = ["|" in line for line in lines if line.strip()]
    place = {
        module: (rank, package)
        for module in graph
        for rank, packages in enumerate(layers)
        for package in packages
        if _within(module, package)
    }
    for module, (rank, package) in place.items():
        for reached in _next_placed(module, graph, frozenset(place)):
            other_rank, other = place[reached]
            if other_rank < rank or (other_rank == rank and other != package and apart[rank]):
                yield f"{module} -> {reached}: against the layers"


def _next_placed(module: str, graph: Graph, placed: frozenset[str]) -> Iterator[str]:
    """Give what a module imports, looking through modules that stand in no layer."""
    seen: set[str] = set()
    waiting = list(graph[module])
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in placed:
            yield name
        else:
            waiting += graph.get(name, ())


def _forbidden(section: SectionProxy, graph: Graph) -> Iterator[str]:
    sources, targets = section["source_modules"].split(), section["forbidden_modules"].split()
    allowed = [
        tuple(part.strip() for part in line.split("->"))
        for line in section.get("ignore_imports", "").split("\n")
        if line.strip()
    ]
    left = {
        module: frozenset(name for name in names if not _is_allowed(module, name, allowed))
        for module, names in graph.items()
    }
    for module in left:
        if any(_within(module, source) for source in sources):
            for reached in _reach(module, left):
                if any(_within(reached, target) for target in targets):
                    yield f"{module} -> {reached}: {section['name']}"


def _is_allowed(module: str, name: str, allowed: list[tuple[str, ...]]) -> bool:
    return any(
        name == target
        and (
            module.rpartition(".")[0] == source[:-2] if source.endswith(".*") else module == source
        )
        for source, target in allowed
    )


def _reach(module: str, graph: Graph) -> set[str]:
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        for name in graph.get(waiting.pop(), frozenset()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen
