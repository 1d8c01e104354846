import hashlib
import json
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "static" / "ui" / "vendor"
LISTED = json.loads((VENDOR / "VENDORED.json").read_text(encoding="utf-8"))


def test_every_vendored_file_is_listed_with_name_version_and_licence() -> None:
    files = {path.name for path in VENDOR.iterdir()} - {"VENDORED.json"}
    assert files == {entry["file"] for entry in LISTED}
    assert all(entry[key] for entry in LISTED for key in ("name", "version", "licence"))


def test_vendored_files_are_those_that_were_listed() -> None:
    for entry in LISTED:
        digest = hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest()
        assert digest == entry["sha256"], entry["file"]
