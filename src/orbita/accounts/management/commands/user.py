import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Max

from orbita.accounts.actions import create_user, invite, unlock
from orbita.accounts.actions.links import link
from orbita.accounts.models import Role, Team, User

LOCAL = "http://127.0.0.1:8000"


class Command(BaseCommand):
    help = "Add users (user create), list them (user list), let them in again (user unlock)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        create = steps.add_parser("create", help="add a user; prints a link to choose a password")
        create.add_argument("--email", required=True)
        create.add_argument("--role", required=True, help="administrator, head, manager, …")
        create.add_argument("--name", default="")
        create.add_argument("--team", default="", help="made when there is no such team")
        create.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES])
        way = create.add_mutually_exclusive_group()
        way.add_argument("--password-stdin", action="store_true", help="read the password")
        way.add_argument("--invite", action="store_true", help="send the link by letter too")
        listing = steps.add_parser("list", help="list users")
        unlock = steps.add_parser("unlock", help="let somebody in again who cannot sign in")
        unlock.add_argument("--email", required=True)
        unlock.add_argument(
            "--second-factor", action="store_true", help="take his codes and passkeys off"
        )
        unlock.add_argument(
            "--addresses", action="store_true", help="empty the list of addresses of his role"
        )
        for step in (create, listing, unlock):
            step.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        steps = {"create": self._create, "unlock": self._unlock}
        one = steps.get(options["step"])
        rows = [one(options)] if one else self._list()
        if options["format"] == "json":
            self.stdout.write(json.dumps(rows[0] if one else rows, ensure_ascii=False))
            return
        if options["step"] == "list":
            self.stdout.write("\t".join(rows[0] if rows else ()))
        for row in rows:
            self.stdout.write(
                "\t".join("" if value is None else str(value) for value in row.values())
            )

    def _create(self, options: dict[str, Any]) -> dict[str, Any]:
        role = _find_role(options["role"])
        password = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else None
        site = settings.ORBITA_URL or LOCAL
        team = token = None
        try:
            with transaction.atomic():
                if options["team"]:
                    team, _made = Team.objects.get_or_create(name=options["team"])
                user = create_user(
                    actor=None,
                    email=options["email"],
                    name=options["name"],
                    role=role,
                    team=team,
                    password=password,
                    language=options["language"] or settings.LANGUAGE_CODE[:2],
                )
                if password is None:
                    token = invite(actor=None, user=user, site=site if options["invite"] else "")
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        return {
            "id": user.pk,
            "email": user.email,
            "name": user.name,
            "role": role.key,
            "team": team.name if team else None,
            "link": link(site, token) if token else None,
        }

    def _unlock(self, options: dict[str, Any]) -> dict[str, Any]:
        people = User.objects.people().select_related("role")
        user = people.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError(f"there is no user {options['email']!r}")
        done = unlock(user, second_factor=options["second_factor"], addresses=options["addresses"])
        return {"id": user.pk, "email": user.email, "done": ", ".join(done)}

    def _list(self) -> list[dict[str, Any]]:
        people = (
            User.objects.people()
            .select_related("role", "team")
            .annotate(seen_at=Max("sessions__seen_at"))
            .order_by("pk")
        )
        return [
            {
                "id": user.pk,
                "email": user.email,
                "name": user.name,
                "role": user.role.key or user.role.name,
                "team": user.team.name if user.team else None,
                "active": user.is_active,
                "seen_at": user.seen_at.isoformat() if user.seen_at else None,
            }
            for user in people.iterator()
        ]


def _find_role(name: str) -> Role:
    role = Role.objects.filter(key=name).first() or Role.objects.filter(name=name).first()
    if role is None:
        known = ", ".join(str(key) for key in Role.objects.values_list("key", flat=True) if key)
        raise CommandError(f"there is no role {name!r}; there are: {known}")
    return role
