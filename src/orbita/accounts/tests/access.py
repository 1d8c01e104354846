"""What the pages of accounts answer to whom."""

from datetime import date, timedelta

from django.utils import timezone

from orbita.accounts.actions.absences import set_absence
from orbita.accounts.actions.links import invite
from orbita.accounts.actions.tokens import create_token
from orbita.accounts.models import Passkey, Role, Team
from orbita.accounts.testing import Row, World, answers, only
from orbita.core.models import Backup, Job, OutgoingMail


def prepare(world: World) -> None:
    now = timezone.now()
    world["token"], _secret = create_token(
        actor=None, user=world.owner, name="scanner", scopes=["read"]
    )
    world["absence"] = set_absence(
        actor=world.owner,
        user=world.owner,
        deputy=world.teammate,
        first_on=date(2029, 1, 1),
        last_on=date(2029, 1, 14),
    )
    world["passkey"] = Passkey.objects.create(
        user=world.owner, name="Phone", credential_id="x", handle="x", credential=b"x"
    )
    world["role"] = Role.objects.create(name="Courier")
    world["team"] = Team.objects.get(name="Retail")
    world["invitation"] = invite(actor=None, user=world.viewer)
    world["failed job"] = Job.objects.create(
        task="orbita.core.mail.deliver_mail", enqueued_at=now, run_after=now, status="failed"
    )
    world["backup"] = Backup.objects.create(
        cause="hand", status="good", started_at=now, path="/nowhere/orbita.tar", size=1
    )
    world["failed letter"] = OutgoingMail.objects.create(
        key="table", to="a@example.org", message_id="<table>", created_at=now, status="failed"
    )


OPEN = answers(200, anonymous=200)
ADMINISTRATOR = only("administrator")
CHANGED_BY_ADMINISTRATOR = only("administrator", status=302)
ROWS = [
    Row("accounts:sign-in", answers(302, anonymous=200)),
    Row(
        "accounts:sign-in",
        answers(302, anonymous=200),
        method="POST",
        data=lambda w: {"username": w.owner.email, "password": "wrong"},
    ),
    Row("accounts:second-step", answers(302, anonymous=302)),
    Row(
        "accounts:second-step",
        answers(302, anonymous=302),
        method="POST",
        data=lambda w: {"code": "123456"},
    ),
    Row("accounts:passkey-sign-in", answers(405, anonymous=405)),
    Row("accounts:passkey-sign-in", answers(302, anonymous=200), method="POST"),
    Row("accounts:openid-begin", answers(302, anonymous=302)),
    Row("accounts:openid-back", answers(302, anonymous=302), query=lambda w: {"code": "x"}),
    Row("accounts:passkeys", answers(200)),
    Row(
        "accounts:passkeys",
        answers(422),
        method="POST",
        data=lambda w: {"do": "options", "name": "Phone", "password": "wrong"},
    ),
    Row(
        "accounts:passkeys",
        answers(200),
        method="POST",
        data=lambda w: {"do": "answer", "name": "Phone", "answer": "{}"},
    ),
    Row(
        "accounts:passkey",
        only("owner", otherwise=404),
        kwargs=lambda w: {"pk": w["passkey"].pk},
    ),
    Row(
        "accounts:passkey",
        only("owner", status=302, otherwise=404),
        method="POST",
        kwargs=lambda w: {"pk": w["passkey"].pk},
        data=lambda w: {"do": "rename", "name": "Telephone"},
    ),
    Row("accounts:second-factor", answers(200)),
    Row("accounts:second-factor", answers(200), method="POST", data=lambda w: {"do": "begin"}),
    Row(
        "accounts:reset-second-factor",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.owner.pk},
    ),
    Row("accounts:sign-out", answers(405)),
    Row("accounts:sign-out", answers(302), method="POST"),
    Row("accounts:forgot", OPEN),
    Row("accounts:forgot", OPEN, method="POST", data=lambda w: {"email": w.owner.email}),
    Row("accounts:set-up", answers(410, anonymous=410), kwargs=lambda w: {"token": "x"}),
    Row("accounts:invitation", OPEN, kwargs=lambda w: {"token": w["invitation"]}),
    Row(
        "accounts:invitation",
        answers(302, anonymous=302),
        method="POST",
        kwargs=lambda w: {"token": w["invitation"]},
        data=lambda w: {"password": "correct horse battery"},
    ),
    Row("accounts:profile", answers(200)),
    Row(
        "accounts:profile",
        answers(302),
        method="POST",
        data=lambda w: {"name": "N", "language": "ru", "theme": "dark", "time_zone": "Asia/Omsk"},
    ),
    Row("accounts:absences", answers(200)),
    Row(
        "accounts:absences",
        answers(302, head=200, administrator=200),
        method="POST",
        data=lambda w: {"first_on": "2030-01-01", "last_on": "2030-01-14"},
    ),
    Row(
        "accounts:end-absence",
        only("owner", "head", "administrator", status=302),
        method="POST",
        kwargs=lambda w: {"pk": w["absence"].pk},
    ),
    Row("accounts:password", answers(200)),
    Row("accounts:sessions", answers(200)),
    Row("accounts:end-other-sessions", answers(302), method="POST"),
    Row("accounts:end-session", answers(404), method="POST", kwargs=lambda w: {"mark": "x"}),
    Row("accounts:tokens", answers(200)),
    Row(
        "accounts:tokens",
        answers(200),
        method="POST",
        data=lambda w: {"name": "n", "scopes": ["read"], "days": "30"},
    ),
    Row(
        "accounts:revoke-token",
        only("owner", status=302, otherwise=404),
        method="POST",
        kwargs=lambda w: {"pk": w["token"].pk},
    ),
    Row("accounts:settings", only("head", "administrator", status=302)),
    Row("accounts:users", ADMINISTRATOR),
    Row("accounts:invite", ADMINISTRATOR),
    Row(
        "accounts:invite",
        ADMINISTRATOR,
        method="POST",
        data=lambda w: {
            "email": "new@example.org",
            "name": "New",
            "role": w.owner.role_id,
            "language": "ru",
        },
    ),
    Row("accounts:user", ADMINISTRATOR, kwargs=lambda w: {"pk": w.teammate.pk}),
    Row(
        "accounts:user",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.teammate.pk},
        data=lambda w: {"name": "B", "role": w.teammate.role_id, "is_active": "on"},
    ),
    Row(
        "accounts:invite-again",
        ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.teammate.pk},
    ),
    Row("accounts:teams", ADMINISTRATOR),
    Row("accounts:teams", CHANGED_BY_ADMINISTRATOR, method="POST", data=lambda w: {"name": "East"}),
    Row("accounts:team", ADMINISTRATOR, kwargs=lambda w: {"pk": w["team"].pk}),
    Row(
        "accounts:team",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w["team"].pk},
        data=lambda w: {"name": "West"},
    ),
    Row("accounts:roles", ADMINISTRATOR),
    Row("accounts:new-role", ADMINISTRATOR),
    Row(
        "accounts:new-role", CHANGED_BY_ADMINISTRATOR, method="POST", data=lambda w: {"name": "Own"}
    ),
    Row("accounts:role", ADMINISTRATOR, kwargs=lambda w: {"pk": w["role"].pk}),
    Row(
        "accounts:role",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w["role"].pk},
        data=lambda w: {"name": "Courier", "clients.view": "own"},
    ),
    Row(
        "accounts:delete-role",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w["role"].pk},
    ),
    Row("accounts:leaving", ADMINISTRATOR, kwargs=lambda w: {"pk": w.owner.pk}),
    Row("accounts:person-reading", ADMINISTRATOR, kwargs=lambda w: {"pk": w.owner.pk}),
    Row("accounts:reading", ADMINISTRATOR),
    Row(
        "accounts:reading",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        data=lambda w: {
            "cards": "200",
            "searches": "500",
            "rows": "1000",
            "copies": "50",
            "answer": "slow",
        },
    ),
    Row(
        "accounts:let-read-on",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.owner.pk},
    ),
    Row("accounts:copied", answers(204), method="POST"),
    Row(
        "accounts:leaving",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.stranger.pk},
        data=lambda w: {"heir": w.owner.pk, "reason": "уволился"},
    ),
    Row("accounts:addresses", ADMINISTRATOR),
    Row(
        "accounts:role-addresses",
        ADMINISTRATOR,
        kwargs=lambda w: {"pk": w.owner.role_id},
    ),
    Row(
        "accounts:role-addresses",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.owner.role_id},
        data=lambda w: {"networks": "192.0.2.0/24"},
    ),
    Row("accounts:single-sign-on", ADMINISTRATOR),
    Row(
        "accounts:single-sign-on",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        data=lambda w: {"name": "Id", "issuer": "https://id.example.org", "client_id": "orbita"},
    ),
    Row(
        "accounts:forget-identities",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.owner.pk},
    ),
    Row("accounts:rights", ADMINISTRATOR, query=lambda w: {"who": w.owner.pk}),
    Row("accounts:grant", ADMINISTRATOR, kwargs=lambda w: {"pk": w.owner.pk}),
    Row(
        "accounts:grant",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.owner.pk},
        data=lambda w: {
            "permission": "clients.view",
            "level": "all",
            "last_on": (timezone.localdate() + timedelta(days=7)).isoformat(),
        },
    ),
    Row(
        "accounts:end-grant",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.owner.pk},
        data=lambda w: {"permission": "clients.view"},
    ),
    Row(
        "accounts:see-as",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w.owner.pk},
    ),
    Row("accounts:end-seeing-as", answers(302), method="POST"),
    Row("accounts:company", ADMINISTRATOR),
    Row(
        "accounts:company",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        data=lambda w: {"name": "N", "time_zone": "Asia/Omsk", "phone_region": "KZ"},
    ),
    Row("accounts:backups", ADMINISTRATOR),
    Row("accounts:back-up-now", CHANGED_BY_ADMINISTRATOR, method="POST"),
    Row("accounts:look-into-storage", CHANGED_BY_ADMINISTRATOR, method="POST"),
    Row("accounts:backup-plan", ADMINISTRATOR),
    Row(
        "accounts:backup-plan",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        data=lambda w: {"hour": "4", "keep_daily": "3", "keep_weekly": "2", "keep_monthly": "1"},
    ),
    Row("accounts:backup-key", ADMINISTRATOR),
    Row("accounts:backup-key", ADMINISTRATOR, method="POST", data=lambda w: {"step": "make"}),
    Row(
        "accounts:backup-key",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        data=lambda w: {"step": "drop"},
    ),
    Row("accounts:resume-sending", CHANGED_BY_ADMINISTRATOR, method="POST"),
    Row(
        "accounts:download-backup",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w["backup"].pk},
    ),
    Row("accounts:jobs", ADMINISTRATOR),
    Row(
        "accounts:retry-job",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w["failed job"].pk},
    ),
    Row("accounts:mail", ADMINISTRATOR),
    Row(
        "accounts:send-again",
        CHANGED_BY_ADMINISTRATOR,
        method="POST",
        kwargs=lambda w: {"pk": w["failed letter"].pk},
    ),
]
