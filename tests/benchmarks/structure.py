"""`python -m tests.benchmarks.structure`: imports between the packages of the project, and import cycles.

Reads the source code with grimp, the library of import-linter. Counts the children of `recognizer` and of `ml` (the
packages and modules directly inside; no migrations) and the pairs of children of which one imports the other. Imports
inside functions count, imports for type checking only do not. An import goes upward if the layers of pyproject.toml
have the imported child above the importing one. A cycle is a set of children, or of modules, each of which imports all
others, directly or indirectly. Ends with status 1 where an import goes upward or a cycle is found.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("recognizer", "ml")


def main() -> None:
    """Print a line for each package, followed by what should not be there."""
    faults = 0
    for package in PACKAGES:
        modules, children = graph_of(package), children_of(package)
        imports = imports_between(children)
        upward, cycles, module_cycles = imports_upward(package), cycles_of(children), cycles_of(modules)
        sys.stdout.write(
            f"{package}: {len(children.modules) - 1} packages and modules, {len(imports)} imports between them, "
            f"{len(upward)} upward, {len(cycles)} cycles; {len(modules.modules)} modules on all levels, "
            f"{len(module_cycles)} cycles\n"
        )
        lines = [" -> ".join(pair) for pair in upward] + [" <-> ".join(cycle) for cycle in cycles + module_cycles]
        sys.stdout.writelines(f"  {line}\n" for line in lines)
        faults += len(lines)
    sys.exit(faults > 0)


def graph_of(package: str) -> grimp.ImportGraph:
    """All modules of a package without its migrations, and the imports between them."""
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    sys.path.pop(0)
    for module in [each for each in graph.modules if each.startswith(f"{package}.migrations")]:
        graph.remove_module(module)
    return graph


def children_of(package: str) -> grimp.ImportGraph:
    """The package and its children; a child has the imports of all modules inside."""
    graph = graph_of(package)
    for child in graph.find_children(package):
        graph.squash_module(child)
    return graph


def imports_between(children: grimp.ImportGraph) -> list[tuple[str, str]]:
    """Pairs of importing and imported child; sorted. The package itself is none of its children.

    A child whose `__init__` imports its own modules has an import of itself, which is left out.
    """
    pairs = [
        (child, other) for child in children.modules for other in children.find_modules_directly_imported_by(child)
    ]
    return sorted((child, other) for child, other in pairs if child != other and "." in child and "." in other)


def imports_upward(package: str) -> list[tuple[str, str]]:
    """The imports that go from a lower layer to a higher one; a child that is in no layer is left out."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers: list[str] = next((each["layers"] for each in contracts if each.get("containers") == [package]), [])
    floor = {f"{package}.{name.strip()}": floor for floor, names in enumerate(layers) for name in names.split("|")}
    found = imports_between(children_of(package))
    return [(child, other) for child, other in found if {child, other} <= set(floor) and floor[other] < floor[child]]


def cycles_of(graph: grimp.ImportGraph) -> list[list[str]]:
    """The sets of modules that import each other, directly or indirectly; sorted."""
    sets = {
        frozenset({module} | (graph.find_upstream_modules(module) & graph.find_downstream_modules(module)))
        for module in graph.modules
    }
    return sorted(sorted(each) for each in sets if len(each) > 1)


if __name__ == "__main__":
    main()
