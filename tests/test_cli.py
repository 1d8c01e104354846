import subprocess
import sys
from pathlib import Path

import pytest

from orbita.devtools.fixtures import Place

# What they say is the same whatever the database.
no_database = pytest.mark.no_database


UNREACHABLE = "postgres://orbita:secret@127.0.0.1:1/orbita"


@no_database
def test_help_lists_the_commands_with_a_sentence_each_and_never_loads_django(
    place: Place,
) -> None:
    program = (
        "import sys; from orbita.cli import main; status = main(['--help']);"
        "sys.exit(status or 'django' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=place.environment, capture_output=True, text=True
    )
    assert done.returncode == 0
    for name in ("serve", "demo", "test", "check", "bench", "manage", "worker"):
        [line] = [line for line in done.stdout.splitlines() if line.startswith(f"  {name} ")]
        assert line.endswith((".", ")."))


@no_database
def test_no_command_prints_the_help_and_fails(place: Place) -> None:
    done = place.run()
    assert done.returncode == 2
    assert "./orbita COMMAND" in done.stdout


@no_database
@pytest.mark.parametrize(
    ("arguments", "line", "status"),
    [
        (("fly",), "orbita: no command named 'fly'; ./orbita --help lists them", 2),
        (("manage",), "orbita: manage needs the name of a Django command", 2),
        (("manage", "fly"), "orbita: no command named 'fly'", 2),
        (("manage", "loaddata", "nothing"), "orbita: No fixture named 'nothing' found.", 1),
        (("serve", "--host", "nowhere.invalid"), "orbita: nowhere.invalid:8000 ", 1),
    ],
)
def test_an_error_is_one_line_and_a_status(
    place: Place, arguments: tuple[str, ...], line: str, status: int
) -> None:
    done = place.run(*arguments)
    assert done.returncode == status
    assert done.stderr.splitlines()[-1].startswith(line)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@no_database
@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("DATABASE_URL", UNREACHABLE, "orbita: the database does not answer: "),
        ("DATABASE_URL", "mysql://somewhere/orbita", "orbita: DATABASE_URL must be "),
        ("DATABASE_URL", "nonsense", "orbita: DATABASE_URL must be "),
        ("ORBITA_SECRET_KEY_FILE", "absent", "orbita: ORBITA_SECRET_KEY_FILE cannot be read: "),
        ("ORBITA_BEHIND_PROXY", "perhaps", "orbita: ORBITA_BEHIND_PROXY must be yes or no"),
        ("ORBITA_DB_POOL", "many", "orbita: ORBITA_DB_POOL must be a whole number"),
    ],
)
def test_a_wrong_setting_is_one_line(place: Place, name: str, value: str, line: str) -> None:
    settings = {"DATABASE_URL": UNREACHABLE, name: value}
    done = place.run("manage", "shell", "-c", "pass", **settings)
    assert done.returncode == 1
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


@no_database
def test_a_data_directory_that_cannot_be_is_one_line(place: Place, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = place.run("manage", "shell", ORBITA_DATA=str(tmp_path / "file"))
    assert done.returncode == 1
    assert done.stderr.startswith("orbita: ORBITA_DATA cannot be used: ")


@no_database
def test_the_traceback_is_there_for_who_asks(place: Place) -> None:
    done = place.run("manage", "loaddata", "nothing", "--traceback")
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr


@no_database
def test_arguments_it_does_not_understand_are_answered_with_the_usage(place: Place) -> None:
    done = place.run("worker", "--fast")
    assert done.returncode == 2
    assert "unrecognized arguments: --fast" in done.stderr


@no_database
def test_asking_for_help_makes_no_base(bare_place: Place) -> None:
    done = bare_place.run("worker", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: orbita worker")
    assert not (bare_place.data / "orbita.sqlite3").exists()


def test_an_empty_place_is_made_ready_once_even_by_two_commands_at_once(
    bare_place: Place,
) -> None:
    place = bare_place
    count = "from orbita.accounts.models import Role; print('roles:', Role.objects.count())"
    both = [place.command("manage", "shell", "-c", count) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    for output, _ in said:
        assert "roles: 6" in output
    assert "".join(errors for _, errors in said).count("Preparing the database") == 1
    assert "Preparing" not in place.run("manage", "shell", "-c", "pass").stderr


def test_an_old_base_is_brought_up_to_date(place: Place) -> None:
    assert place.run("manage", "migrate", "commerce", "zero").returncode == 0
    count = "from orbita.commerce.models import Order; print('orders:', Order.objects.count())"
    done = place.run("manage", "shell", "-c", count)
    assert "orders: 0" in done.stdout
    assert "Preparing the database" in done.stderr


@no_database
def test_a_reader_that_went_away_is_no_error(place: Place) -> None:
    process = place.command("manage", "shell", "-v", "0", "-c", "for i in range(100000): print(i)")
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()
