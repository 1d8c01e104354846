import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orbita.accounts.actions import create_token
from orbita.accounts.models import User


class Command(BaseCommand):
    help = "Make a token for a program (token create --user E-MAIL --scope read)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        create = steps.add_parser("create", help="make a token; its secret is printed this once")
        create.add_argument("--user", required=True, help="e-mail of the user it acts as")
        create.add_argument(
            "--scope",
            action="append",
            required=True,
            help="read, *, clients.* or a permission; may be repeated",
        )
        create.add_argument("--name", default="command line")
        create.add_argument("--expires-days", type=int, help="without it the token has no end")
        create.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["user"].strip().lower()
        user = User.objects.people().filter(email=email).first()
        if user is None:
            raise CommandError(f"there is no user {email!r}")
        days = options["expires_days"]
        if days is not None and not 0 < days <= 36_500:
            raise CommandError("--expires-days must be from 1 to 36500")
        try:
            token, secret = create_token(
                actor=None,
                user=user,
                name=options["name"][:100],
                scopes=options["scope"],
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        if options["format"] == "text":
            self.stdout.write(secret)
            return
        answer = {
            "id": token.pk,
            "token": secret,
            "user": user.email,
            "name": token.name,
            "scopes": token.scopes,
            "expires_at": token.expires_at.isoformat() if token.expires_at else None,
        }
        self.stdout.write(json.dumps(answer, ensure_ascii=False))
