"""Catalogues of the rooms: compiled at start without gettext, collected and checked with it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
LANGUAGE = "ru"
CATALOGUE = Path("locale") / LANGUAGE / "LC_MESSAGES" / "django.po"
NOT_READ = ("tests", "static", "migrations", "__pycache__")
GETTEXT = ("xgettext", "msgmerge", "msguniq", "msgattrib", "msgfmt")
NO_GETTEXT = "translations NOT CHECKED: gettext is absent (apt install gettext)"


@dataclass
class Compiled:
    written: list[Path] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def compile_all(root: Path = PACKAGE) -> Compiled:
    """Writes the .mo beside every .po that has none or an older one. Troubles are lines to show."""
    done = Compiled()
    for source in sorted(root.glob("*/locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        try:
            _compile(source, target)
            done.written.append(target)
        except (OSError, ValueError) as error:
            done.troubles.append(f"the translation {source} was not compiled: {error}")
    return done


def _compile(source: Path, target: Path) -> None:
    import polib  # only when there is something to do: most starts have nothing

    age = source.stat()
    content = polib.pofile(str(source)).to_binary()
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".django-", suffix=".mo")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        # The age of its source, so that a change during the work is not taken for compiled.
        os.utime(temporary, ns=(age.st_atime_ns, age.st_mtime_ns))
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


# ---- with gettext ----


def rooms(root: Path = PACKAGE) -> list[Path]:
    """The folders that have words of their own: every room, and those with a catalogue."""
    return sorted(
        path for path in root.iterdir() if (path / "apps.py").exists() or (path / "locale").exists()
    )


def problems(root: Path = PACKAGE) -> list[str]:
    """What keeps a catalogue from being complete: missing, empty, fuzzy, superfluous entries.

    Needs gettext: ask `has_gettext` first.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [line for lines in pool.map(_problems_of, rooms(root)) for line in lines]
    return found + _contradictions(root)


def _contradictions(root: Path) -> list[str]:
    """Django makes one dictionary of all rooms: of two translations of a text one never shows."""
    import polib

    meanings: dict[tuple[str | None, str], dict[str, str]] = {}
    for room in rooms(root):
        if (room / CATALOGUE).exists():
            for entry in polib.pofile(str(room / CATALOGUE)):
                said = entry.msgstr or " / ".join(entry.msgstr_plural.values())
                if said and not entry.obsolete:
                    meanings.setdefault((entry.msgctxt, entry.msgid), {}).setdefault(
                        said, room.name
                    )
    return [
        f"{msgid!r} is translated in more than one way (use pgettext to tell them apart): "
        + ", ".join(f"{said!r} in {room}" for said, room in ways.items())
        for (_, msgid), ways in meanings.items()
        if len(ways) > 1
    ]


def has_gettext() -> bool:
    return all(map(shutil.which, GETTEXT))


def _problems_of(room: Path) -> list[str]:
    import polib

    with tempfile.TemporaryDirectory() as temporary:
        fresh = _collect(room, Path(temporary))
        needed = polib.pofile(str(fresh)) if fresh else []
        found = [
            f"{room.name}: {_state(entry)}: {entry.msgid!r}"
            for entry in needed
            if not entry.obsolete and not entry.translated()
        ]
        kept = room / CATALOGUE
        if not kept.exists():
            return found
        known = {(entry.msgctxt, entry.msgid) for entry in needed if not entry.obsolete}
        found += [
            f"{room.name}: not used any more: {entry.msgid!r}"
            for entry in polib.pofile(str(kept))
            if entry.obsolete or (entry.msgctxt, entry.msgid) not in known
        ]
        check = subprocess.run(
            ["msgfmt", "--check-format", "--output-file", os.devnull, str(kept)],
            capture_output=True,
            text=True,
        )
        if check.returncode:
            errors = check.stderr.strip().splitlines()
            found += [f"{room.name}: {line.removeprefix(f'{kept}:')}" for line in errors[:-1]]
    return found


def _state(entry: object) -> str:
    return "unsure (fuzzy)" if getattr(entry, "fuzzy", False) else "not translated"


def _collect(room: Path, temporary: Path) -> Path | None:
    """The catalogue as the sources ask for it now, made in a copy; None when there are no words."""
    copy = temporary / room.name
    shutil.copytree(room, copy, ignore=shutil.ignore_patterns(*NOT_READ, "*.mo"))
    (copy / "locale").mkdir(exist_ok=True)
    words = ["makemessages", "-l", LANGUAGE, "--no-location", "--no-wrap", "--keep-pot", "-v", "0"]
    # Without settings: collecting words needs none, and a half-written room must not stop it.
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(
        [sys.executable, "-P", "-m", "django", *words], cwd=copy, env=environment, check=True
    )
    return copy / CATALOGUE if (copy / "locale" / "django.pot").exists() else None


def update(room: Path) -> bool:
    """Brings the room's catalogue up to its sources; keeps the file when no entry changed."""
    import polib

    with tempfile.TemporaryDirectory() as temporary:
        fresh = _collect(room, Path(temporary))
        if not fresh:
            return False
        wanted = polib.pofile(str(fresh), wrapwidth=0)
    for entry in list(wanted):
        if entry.obsolete:
            wanted.remove(entry)
        elif entry.fuzzy:  # a guess from a similar sentence is worse than a hole that shows
            entry.flags.remove("fuzzy")
            entry.previous_msgid = entry.previous_msgctxt = entry.previous_msgid_plural = None
            entry.msgstr = ""
            entry.msgstr_plural = dict.fromkeys(entry.msgstr_plural, "")
    kept = room / CATALOGUE
    if kept.exists() and list(polib.pofile(str(kept))) == list(wanted):
        return False
    for name in ("POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team"):
        wanted.metadata.pop(name, None)
    wanted.metadata_is_fuzzy = False
    wanted.header = ""
    kept.parent.mkdir(parents=True, exist_ok=True)
    wanted.save(str(kept))
    return True


def main(argv: Sequence[str]) -> int:
    """`./orbita translations [ROOM…]`: collects, compiles, lists what is left to translate."""
    if not has_gettext():
        sys.stderr.write(f"orbita: {NO_GETTEXT}\n")
        return 1
    chosen = [room for room in rooms() if not argv or room.name in argv]
    for room in chosen:
        if update(room):
            sys.stdout.write(f"{room.name}: catalogue updated\n")
    left = [line for room in chosen for line in _problems_of(room)]
    sys.stdout.writelines(f"{line}\n" for line in [*left, *compile_all().troubles])
    return 1 if left else 0
