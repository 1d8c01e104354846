"""What a stranger does first: a fresh copy, one command."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from orbita.devtools import ROOT, plain_environment

pytestmark = pytest.mark.server


def test_a_fresh_copy_makes_its_environment_and_works(tmp_path: Path) -> None:
    copy = tmp_path / "orbita"
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    environment = {k: v for k, v in plain_environment().items() if k != "ORBITA_VENV"}
    environment.pop("PYTHONPATH", None)
    environment["ORBITA_DATA"] = str(tmp_path / "data")

    def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True)

    count = "from orbita.accounts.models import Role; print('roles:', Role.objects.count())"
    first = run(copy / "orbita", "manage", "shell", "-v", "0", "-c", count)
    if "packages could not be installed" in first.stderr and not os.environ.get("CI"):
        pytest.skip(f"the packages cannot be had here: {first.stderr.splitlines()[-1]}")
    assert first.stdout == "roles: 6\n", first.stderr
    # The lists of packages are installed as they stand: nothing may be missing in them.
    complete = run(copy / ".venv" / "bin" / "python", "-m", "pip", "check")
    assert complete.returncode == 0, complete.stdout
    second = run(copy / "orbita", "manage", "shell", "-v", "0", "-c", count)
    assert (second.stdout, second.stderr) == ("roles: 6\n", "")
