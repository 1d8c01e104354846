"""The launcher, with requirement files that install nothing: what it installs is pip's affair."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orbita.devtools import ROOT

LAUNCHER = ROOT / "orbita"
PACKAGE = "import sys\nprint('started with', *sys.argv[1:])\n"
REFUSED = "no-such-package==1 --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "src" / "orbita").mkdir(parents=True)
    (root / "src" / "orbita" / "__main__.py").write_text(PACKAGE)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (root / name).write_text("")
    shutil.copy(LAUNCHER, root / "orbita")
    return root


def start(checkout: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {k: v for k, v in os.environ.items() if k not in ("ORBITA_VENV", "PYTHONPATH")}
    return subprocess.Popen(
        [sys.executable, checkout / "orbita", *arguments],
        env=environment | {"PIP_NO_INDEX": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    process = start(checkout, *arguments)
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def test_the_first_start_makes_an_environment_and_the_second_leaves_it_alone(
    checkout: Path,
) -> None:
    first = run(checkout, "serve", "--port", "1")
    assert first.stdout == "started with serve --port 1\n"
    assert "Making the environment" in first.stderr
    second = run(checkout, "serve")
    assert (second.stdout, second.stderr) == ("started with serve\n", "")


def test_new_requirements_are_installed_and_development_ones_only_when_needed(
    checkout: Path,
) -> None:
    run(checkout)
    (checkout / "requirements.txt").write_text("# another\n")
    assert "Installing requirements.txt" in run(checkout).stderr
    assert "Installing requirements-dev.txt" in run(checkout, "test").stderr
    assert run(checkout).stderr == ""


def test_an_environment_whose_making_was_killed_is_made_afresh(checkout: Path) -> None:
    run(checkout)
    half_copied = checkout / ".venv" / "half-copied"
    half_copied.touch()
    (checkout / ".venv" / "orbita-installing").touch()
    again = run(checkout)
    assert "Making the environment" in again.stderr
    assert again.returncode == 0
    assert not half_copied.exists()


def test_two_first_starts_at_once_make_one_environment(checkout: Path) -> None:
    both = [start(checkout), start(checkout)]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert "".join(errors).count("Making the environment") == 1


def test_a_package_that_cannot_be_had_is_one_line_and_is_tried_again(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text(REFUSED)
    refused = run(checkout)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[-1].startswith(
        "orbita: the packages could not be installed: ERROR: "
    )
    (checkout / "requirements.txt").write_text("")
    assert run(checkout).returncode == 0


def test_an_old_interpreter_says_in_one_line_what_is_needed(tmp_path: Path) -> None:
    program = (
        "import runpy, sys; sys.version_info = (3, 8, 1, 'final', 0);"
        f"runpy.run_path({str(LAUNCHER)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "orbita: needs Python 3.11 or newer, and this is 3.8; install a newer one and start again\n"
    )


def test_an_old_interpreter_hands_over_to_a_newer_one(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "python3.13").write_text("#!/bin/sh\nexit 127\n")  # a name without a program
    (tmp_path / "python3.13").chmod(0o755)
    (tmp_path / "python3.12").symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    program = (
        "import runpy, sys; sys.version_info = (3, 8, 1, 'final', 0); sys.argv[:] = ['orbita'];"
        f"runpy.run_path({str(checkout / 'orbita')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "started with\n", done.stderr


def test_the_launcher_can_be_read_by_old_interpreters() -> None:
    ast.parse(LAUNCHER.read_text(), feature_version=(3, 6))
