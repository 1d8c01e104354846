"""What the documentation says is what the program does."""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orbita.devtools import ROOT
from orbita.devtools.fixtures import PATIENCE, Place

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RUNNABLE = re.compile(r"^<!-- run -->\n```(?:console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@dataclass
class Step:
    command: str
    output: list[str]


def steps(text: str) -> Iterator[Step]:
    """The commands of the blocks marked `<!-- run -->`: `$ ` begins one, `> ` goes on with it."""
    for block in RUNNABLE.findall(text):
        step: Step | None = None
        for line in block.splitlines():
            if line.startswith("$ "):
                if step:
                    yield step
                step = Step(line[2:], [])
            elif step and line.startswith("> ") and not step.output:
                step.command += f"\n{line[2:]}"
            elif step:
                step.output.append(line)
        if step:
            yield step


def fits(pattern: str, line: str) -> bool:
    """Whether the line is the documented one, where `…` stands for anything."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line))


WITH_STEPS = [page for page in PAGES if any(steps(page.read_text(encoding="utf-8")))]


@pytest.mark.no_database
@pytest.mark.server
@pytest.mark.parametrize("page", WITH_STEPS, ids=name_of)
def test_documented_commands_do_what_the_page_shows(
    page: Path, place: Place, tmp_path: Path
) -> None:
    directory = tmp_path / "here"
    directory.mkdir()
    starter = directory / "orbita"
    starter.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m orbita "$@"\n')
    starter.chmod(0o755)
    for step in steps(page.read_text(encoding="utf-8")):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", step.command],
            cwd=directory,
            env=place.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{step.command}\n{done.stderr}"
        printed = done.stdout.splitlines()
        shown = len(printed) == len(step.output) and all(map(fits, step.output, printed))
        assert shown or not step.output, f"{step.command}\n{done.stdout}"


def test_the_page_of_commands_is_run() -> None:
    assert ROOT / "docs" / "cli.md" in WITH_STEPS


def test_every_command_is_documented() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    called = [sys.executable, "-m", "orbita", "--help"]
    listed = subprocess.run(called, env=environment, capture_output=True, text=True, check=True)
    commands = re.findall(r"^  (\w+)  ", listed.stdout, re.MULTILINE)
    headings = re.findall(r"^## (.+)$", page_text("docs/cli.md"), re.MULTILINE)
    documented = {name.strip() for heading in headings for name in heading.split(",")}
    assert len(commands) > 5
    assert set(commands) - documented == set()


def test_every_variable_of_the_environment_is_documented() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", page_text("docs/settings.md"), re.MULTILINE))
    assert variables_read() - listed == set()


def variables_read() -> set[str]:
    """Names in the package that look like a setting of ours and are asked of the environment."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            first = node.args[0]
            if (
                isinstance(node.func, ast.Attribute)
                and node.func.attr in {"text", "flag", "number", "words", "get", "getenv"}
                and isinstance(first, ast.Constant)
                and re.fullmatch(r"ORBITA_[A-Z_]+|DATABASE_URL", str(first.value))
            ):
                found.add(str(first.value))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    targets = [first or second for first, second in LINK.findall(text)]
    ours = [target.partition("#")[0] for target in targets if "://" not in target]
    assert [path for path in ours if path and not (page.parent / path).exists()] == []


def test_both_readmes_have_the_same_sections() -> None:
    english, russian = (outline(page_text(name)) for name in ("README.md", "README.ru.md"))
    assert len(english) > 5
    assert russian == english


def outline(text: str) -> list[tuple[str, int]]:
    """The headings' levels, each with the number of code blocks and table rows under it."""
    plain = re.sub(r"```.*?```", "```", text, flags=re.DOTALL)
    parts = re.split(r"^(#+) .+$", plain, flags=re.MULTILINE)[1:]
    return [
        (level, len(re.findall(r"^(?:```|\||\d+\.)", body, re.MULTILINE)))
        for level, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def test_both_guides_have_the_same_pages() -> None:
    guides = [ROOT / "docs" / "guide" / language for language in ("ru", "en")]
    russian, english = ({page.name for page in guide.glob("*.md")} for guide in guides)
    assert "README.md" in russian
    assert russian == english


def page_text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
