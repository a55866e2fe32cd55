"""Foreign generators make clients from the API's document. Each is checked strictly, and calls a running site.

`programs/` has one program for each client. All of them make the same calls and print the same results.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.test_predict import picture_of_seven
from tests.generated_clients import toolbox
from tests.generated_clients.toolbox import PROGRAMS, Toolbox
from tests.processes.installations import web_alone
from tests.processes.site import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MAKE_A_KEY = """
from django.utils import timezone
from accounts import keys
from accounts.models import ApiKey, User
person = User.objects.create_user("alice@example.org", "a long enough word", consented_at=timezone.now())
print(keys.create_key(person=person, name="generated", scopes=list(ApiKey.Scope.values))[1])
"""
RESULTS = {
    "predict": ["7", 3],
    "picture": ["7", 2, "data:image/png", True],
    "batch": ["7", "missing_field"],
    "feedback": "7",
    "drawing": "7",
    "stored": [True, "PNG"],
    "corrections": ["1", "7"],
    "versions": [[1], True],
    "deleted": [204, 204],
    "errors": ["unknown_recognizer", "new_code"],
}

# docs/api.md shows these commands; a quick test compares them.
JAVA = "java -jar $GENERATOR_JAR generate -g java --library apache-httpclient"
COMMANDS = {
    "Python": "openapi-python-client generate --path openapi.json --output-path inkling_generated --meta none",
    "openapi-fetch": "node openapi_typescript.mjs openapi.json schema.ts",
    "orval": "orval --config orval.config.mjs",
    "Java": f"{JAVA} --additional-properties openApiNullable=false -i openapi.json -o java",
    "TypeScript": "java -jar $GENERATOR_JAR generate -g typescript-fetch -i openapi.json -o generated",
}


@dataclass(frozen=True)
class Workplace:
    """A folder with the document of a running site, where a client is generated and used."""

    folder: Path
    tools: Toolbox
    arguments: str

    def run(self, command: str) -> str:
        """The output of a command in the folder. Raises AssertionError if it fails."""
        return self.tools.run(command, self.folder)

    def copy(self, *names: str) -> None:
        """Copy some of our programs into the folder."""
        for name in names:
            shutil.copy(PROGRAMS / name, self.folder)

    def results(self, command: str) -> object:
        """What the program prints that uses the client."""
        return json.loads(self.run(f"{command} {self.arguments}"))


@pytest.fixture(scope="module")
def tools() -> Toolbox:
    """The generators."""
    return toolbox.install()


@pytest.fixture(scope="module")
def site(tools: Toolbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """The address and the document of a running site, and a key that may do everything."""
    with web_alone(tmp_path_factory.mktemp("site")) as running:
        secret = running.manage("shell", "--no-imports", "-v0", "-c", MAKE_A_KEY).stdout.split()[-1]
        yield running.url, running.ask("/api/v1/openapi.json"), secret


@pytest.fixture
def workplace(site: tuple[str, str, str], tools: Toolbox, tmp_path: Path) -> Workplace:
    """An empty folder with the document and a picture of a seven."""
    url, document, secret = site
    (tmp_path / "openapi.json").write_text(document)
    (tmp_path / "seven.png").write_bytes(picture_of_seven())
    (tmp_path / "node_modules").symlink_to(tools.folder / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return Workplace(tmp_path, tools, f"{url} {secret} seven.png")


def test_linters_of_openapi_documents_have_nothing_to_say(workplace: Workplace) -> None:
    report = json.loads(workplace.run("redocly lint --format json openapi.json"))
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}
    (workplace.folder / ".spectral.yaml").write_text("extends: spectral:oas\n")
    workplace.run("spectral lint --fail-severity hint openapi.json")


def test_openapi_python_client(workplace: Workplace) -> None:
    workplace.run(COMMANDS["Python"])
    workplace.copy("python_client.py")
    # The generator's own client.py passes its arguments on to httpx without types.
    (workplace.folder / "mypy.ini").write_text(
        "[mypy]\nstrict = true\n[mypy-inkling_generated.client]\ndisable_error_code = arg-type\n"
    )
    python = workplace.tools.python
    workplace.run(f"{sys.executable} -m mypy --python-executable {python} inkling_generated python_client.py")
    assert workplace.results("python python_client.py") == RESULTS


def test_openapi_typescript_with_openapi_fetch(workplace: Workplace) -> None:
    workplace.copy("openapi_typescript.mjs", "openapi_fetch.ts", "tsconfig.json")
    workplace.run(f"{COMMANDS['openapi-fetch']} && mkdir generated && mv schema.ts generated && tsc")
    assert workplace.results("node out/openapi_fetch.js") == RESULTS


def test_orval(workplace: Workplace) -> None:
    workplace.copy("orval.config.mjs", "orval.ts", "tsconfig.json")
    workplace.run(f"mv orval.ts program.ts && {COMMANDS['orval']} && mkdir generated && mv orval.ts generated && tsc")
    assert workplace.results("node out/program.js") == RESULTS


def test_openapi_generator_for_java(workplace: Workplace) -> None:
    workplace.run(COMMANDS["Java"])
    workplace.copy("Generated.java", "JavaClient.java")
    # Jackson has deprecated methods that the generator still uses.
    javac = "javac -Xlint:all,-deprecation -Werror -proc:none -d classes"
    workplace.run(f"{javac} Generated.java JavaClient.java $(find java/src/main -name '*.java')")
    assert workplace.results("java -cp classes:$CLASSPATH JavaClient") == RESULTS


def test_openapi_generator_for_typescript(workplace: Workplace) -> None:
    workplace.copy("openapi_generator.ts", "tsconfig.json")
    workplace.run(f"{COMMANDS['TypeScript']} --additional-properties importFileExtension=.js && tsc")
    assert workplace.results("node out/openapi_generator.js") == RESULTS


def test_the_documentation_shows_these_commands() -> None:
    shown = (ROOT / "docs" / "api.md").read_text()
    assert [name for name, command in COMMANDS.items() if command not in shown] == []
