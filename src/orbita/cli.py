"""The command line. Django is imported only by the commands that need it."""

import ast
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from orbita.core.starting import starting

PACKAGE = Path(__file__).resolve().parent

OWN = {
    "serve": "Serve the pages and run background work; prints the address.",
    "demo": "The same with a made-up company inside: the quickest way to look around.",
    "test": "Run the whole test suite, or what pytest arguments name.",
    "check": "Run every static check: style, types, order of rooms, translations, migrations.",
    "bench": "Measure speed on generated data.",
    "translations": "Collect the words of every room into its Russian catalogue.",
    "manage": "Run any Django management command.",
}
MODULES = {
    "serve": "orbita.supervisor:serve",
    "demo": "orbita.supervisor:demo",
    "test": "orbita.devtools.test:main",
    "check": "orbita.devtools.check:main",
    "bench": "orbita.bench:main",
    "translations": "orbita.translations:main",
}
# Django's own options work with every command; in the help of ours they would only be noise.
DJANGO_OPTIONS = {
    "--force-color",
    "--no-color",
    "--pythonpath",
    "--settings",
    "--skip-checks",
    "--traceback",
    "--verbosity",
    "--version",
}
# They create, inspect or change migrations themselves, or work without a base.
LEAVE_BASE_ALONE = {
    "check",
    "dbshell",
    "diffsettings",
    "makemessages",
    "makemigrations",
    "migrate",
    "optimizemigration",
    "restore",
    "showmigrations",
    "sqlflush",
    "sqlmigrate",
    "squashmigrations",
}


class FailureError(Exception):
    """Ends the command with this one line on stderr."""

    def __init__(self, line: str, status: int = 1) -> None:
        super().__init__(line)
        self.status = status


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status. Errors are one line on stderr."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except SystemExit as stop:  # argparse, and commands that end by sys.exit
        if isinstance(stop.code, str):
            sys.stderr.write(f"orbita: {stop.code}\n")
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        if "--traceback" in arguments:
            raise
        line, status = _in_one_line(error)
        sys.stderr.write(f"orbita: {line}\n")
        return status


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return 0 if arguments else 2
    name, *rest = arguments
    if name == "--version":
        from orbita import __version__

        sys.stdout.write(f"{__version__}\n")
        return 0
    if name == "prepare":
        return _prepare(rest)
    if name in MODULES:
        return _function(MODULES[name])([word for word in rest if word != "--traceback"])
    if name == "manage":
        if not rest:
            raise FailureError("manage needs the name of a Django command", 2)
        return _management_command(rest[0], rest[1:])
    if name not in _room_commands():
        raise FailureError(f"no command named {name!r}; ./orbita --help lists them", 2)
    return _management_command(name, rest)


def _function(place: str) -> Callable[[list[str]], int]:
    module, function = place.split(":")
    try:
        return getattr(import_module(module), function)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        raise FailureError(
            f"this command needs {error.name}; start it as ./orbita from a checkout"
        ) from error


# ---- help, without Django ----


def _room_commands() -> dict[str, str]:
    """Name and sentence of every management command that a room brings."""
    return {
        path.stem: _sentence(path)
        for path in sorted(PACKAGE.glob("*/management/commands/*.py"))
        if not path.stem.startswith("_")
    }


def _sentence(path: Path) -> str:
    """The `help` of the command class, read from its source: importing it would load Django."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
            named_help = any(isinstance(t, ast.Name) and t.id == "help" for t in targets)
            if named_help and isinstance(value, ast.Constant) and isinstance(value.value, str):
                return value.value
    return ""


def _help() -> str:
    commands = OWN | {k: v for k, v in _room_commands().items() if k not in OWN}
    width = max(map(len, commands))
    lines = [f"  {name:<{width}}  {sentence}".rstrip() for name, sentence in commands.items()]
    return "\n".join(
        [
            "Orbita: a self-hosted CRM. Usage: ./orbita COMMAND [ARGUMENTS], ./orbita COMMAND --help",
            "",
            *lines,
            "",
            "Data live in ORBITA_DATA (default ./data), the database in DATABASE_URL (default SQLite there).",
            "--traceback shows where an error came from.",
            "",
        ]
    )


# ---- commands that need Django ----


def _management_command(name: str, arguments: list[str]) -> int:
    asks_for_help = not {"-h", "--help"}.isdisjoint(arguments)
    _set_up(base=not asks_for_help and name not in LEAVE_BASE_ALONE)
    from django.core.management import get_commands, load_command_class
    from django.core.management.base import handle_default_options

    app = get_commands().get(name)
    if not isinstance(app, str):
        raise FailureError(f"no command named {name!r}", 2)
    command = load_command_class(app, name)
    # Arguments it does not understand are answered as on any command line: usage, status 2.
    command._called_from_command_line = True  # type: ignore[attr-defined]
    if app.startswith("orbita."):
        command.suppressed_base_arguments = DJANGO_OPTIONS
    parser = command.create_parser("orbita", name)
    parsed = parser.parse_args(arguments)
    handle_default_options(parsed)
    # The checks are `./orbita check`'s work: here they would load every page before each command.
    options = vars(parsed) | {"skip_checks": True}
    try:
        command.execute(*options.pop("args", ()), **options)
    finally:
        _seal_what_was_written()
        _close_base()
    return 0


def _seal_what_was_written() -> None:
    """The log of events is sealed when a command ends; the worker does it for the service."""
    events = sys.modules.get("orbita.core.events")
    if events is None or not events.has_written():
        return
    try:
        import_module("orbita.core.seals").seal_all()
    except Exception as error:
        # What the command did is done: the next one, or the worker, seals it.
        sys.stderr.write(f"orbita: the log is not sealed yet: {_in_one_line(error)[0]}\n")


def _close_base() -> None:
    """SQLite then brings everything into its one file: somebody may copy that by hand."""
    from django.db import connections

    connections.close_all()


def _set_up(*, base: bool) -> None:
    """Loads Django; with `base`, also brings an empty or old base up to date."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orbita.config.settings")
    from orbita import translations

    for trouble in translations.compile_all().troubles:
        sys.stderr.write(f"orbita: {trouble}\n")
    import django

    with starting():
        django.setup()
    if base:
        from orbita.config import place

        place.migrate_once(say=lambda words: sys.stderr.write(f"{words}\n"))


def _prepare(arguments: list[str]) -> int:
    """What `serve` and `demo` do before their children start; prints what the user should read."""
    *flags, address = arguments
    _set_up(base=True)
    lines: list[str] = []
    if "--demo" in flags:
        lines += import_module("orbita.demo.load").load_demo()
    token = import_module("orbita.accounts.actions").make_setup_token()
    _seal_what_was_written()
    _close_base()
    if token:
        from django.urls import reverse

        lines += [
            "Nobody can sign in yet. Create the first administrator here (the link works once):",
            f"  {address.rstrip('/')}{reverse('accounts:set-up', args=[token])}",
        ]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _in_one_line(error: Exception) -> tuple[str, int]:
    if isinstance(error, FailureError):
        return str(error), error.status
    words = " ".join(str(error).split())
    # Django may be what failed to import, so its errors are told by name.
    names = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    if "django.core.management.base.SystemCheckError" in names:
        return str(error), 1
    if "django.core.management.base.CommandError" in names:
        return words, getattr(error, "returncode", 1)
    if "django.core.exceptions.ImproperlyConfigured" in names:
        return words, 1
    if "django.db.utils.OperationalError" in names or "psycopg_pool.PoolTimeout" in names:
        return f"the database does not answer: {words}", 1
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", 1
    return f"{type(error).__name__}: {words} (--traceback shows where)", 1
