"""Import-linter sees imports; relations named by strings and templates are held to the same order."""

import re
from pathlib import Path

from django.apps import apps

from orbita.core.apps import rooms

LEVELS = {
    "core": 1,
    "accounts": 2,
    "ui": 3,
    "clients": 4,
    "commerce": 5,
    "work": 6,
    "analytics": 7,
    "gateways": 7,
    "api": 8,
}


def may_name(room: str, other: str) -> bool:
    return room == other or LEVELS[other] < LEVELS[room]


def test_every_room_has_a_level() -> None:
    assert {room.label for room in rooms()} == set(LEVELS)


def test_relations_of_models_run_downwards() -> None:
    wrong = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for room in rooms()
        for model in room.get_models()
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model
        and field.related_model._meta.app_label in LEVELS
        and not may_name(room.label, field.related_model._meta.app_label)
    ]
    assert wrong == []


def test_templates_extend_and_include_downwards() -> None:
    used = re.compile(r"""{%\s*(?:extends|include)\s+["']([a-z_]+)/""")
    wrong = [
        f"{template} uses {other}/"
        for room in rooms()
        for template in Path(room.path).glob("templates/**/*.html")
        for other in used.findall(template.read_text(encoding="utf-8"))
        if other in LEVELS and not may_name(room.label, other)
    ]
    assert wrong == []


def test_no_room_listens_to_saves_of_models() -> None:
    wrong = [
        str(path)
        for config in apps.get_app_configs()
        if config.name.startswith("orbita.")
        for path in Path(config.path).rglob("*.py")
        if "tests" not in path.parts
        and re.search(r"\b(post_save|pre_save|post_delete|pre_delete)\b", path.read_text("utf-8"))
    ]
    assert wrong == []


def test_only_the_guarded_client_asks_other_servers() -> None:
    forbidden = re.compile(
        r"^\s*(?:import|from) (?:http\.client|urllib\.request|urllib3|requests|httpx|aiohttp)\b",
        re.M,
    )
    allowed = {"core/outgoing.py"}
    package = Path(apps.get_app_config("core").path).parent
    wrong = [
        name
        for path in package.glob("**/*.py")
        if "/tests/" not in (name := path.relative_to(package).as_posix())
        and not name.startswith(("devtools/", "bench/"))
        and name not in allowed
        and forbidden.search(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []
