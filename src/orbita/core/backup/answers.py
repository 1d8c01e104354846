"""Looks at a restored copy: a program of its own, whose base the copy is.

    python -m orbita.core.backup.answers [calm]

Brings the copy up to this version, runs the checks of all rooms and prints what came of them as one
line of JSON. With `calm` the copy is also made to send nothing until somebody allows it.
"""

import json
import sys
from typing import Any


def main(steps: list[str]) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from orbita.core.backup import CHECKS, BackupError, pause
    from orbita.core.sentences import Sentence

    if "calm" in steps:
        pause.calm()
    answer: dict[str, Any] = {"looked_at": {}, "wrong": None}
    for check in CHECKS:
        try:
            answer["looked_at"][check.name] = check.run()
        except Exception as error:
            told = error.args[0] if isinstance(error, BackupError) else repr(error)[:500]
            answer["wrong"] = told.plain() if isinstance(told, Sentence) else {str(told): {}}
            break
    sys.stdout.write(f"{json.dumps(answer)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
