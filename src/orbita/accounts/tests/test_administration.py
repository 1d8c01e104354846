import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from orbita.accounts.actions import user_of_token
from orbita.accounts.models import Role, Team, User
from orbita.core import events
from orbita.core.models import Company, Event, Job, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def test_an_administrator_changes_a_person_and_the_log_says_what(boss: Client, alice: User) -> None:
    team = Team.objects.create(name="East")
    head = Role.objects.get(key="head")
    boss.post(
        f"/settings/users/{alice.pk}/",
        {"name": "Alice B", "role": head.pk, "team": team.pk, "is_active": "on"},
    )
    alice.refresh_from_db()
    assert (alice.name, alice.role, alice.team) == ("Alice B", head, team)
    said = events.payload_of(Event.objects.get(kind="user.changed"))
    assert said["after"] == {"name": "Alice B", "role": "Head of sales", "team": "East"}
    assert said["before"]["team"] == "Retail"


def test_an_administrator_cannot_close_the_door_behind_himself(boss: Client, admin: User) -> None:
    manager = Role.objects.get(key="manager")
    for data in ({"role": admin.role_id}, {"role": manager.pk, "is_active": "on"}):
        response = boss.post(f"/settings/users/{admin.pk}/", {"name": "Ada", **data})
        assert response.context["form"].non_field_errors()
    admin.refresh_from_db()
    assert admin.is_active
    assert admin.role.is_administrator


def test_two_teams_of_one_name_are_refused_in_words(boss: Client, retail: Team) -> None:
    response = boss.post("/settings/teams/", {"name": retail.name})
    assert response.context["form"].errors
    assert Team.objects.count() == 1


def test_company_settings_change_but_for_the_currency(boss: Client) -> None:
    Company.objects.create(name="Old", currency="KZT")
    boss.post(
        "/settings/company/",
        {"name": "New", "time_zone": "Asia/Almaty", "phone_region": "KZ", "currency": "USD"},
    )
    company = Company.objects.get()
    assert (company.name, company.phone_region, company.currency) == ("New", "KZ", "KZT")
    assert Event.objects.filter(kind="company.changed").count() == 1


def add_job(**fields: Any) -> Job:
    now = timezone.now()
    return Job.objects.create(task="no.such.task", enqueued_at=now, run_after=now, **fields)


def test_a_failed_job_shows_its_cause_and_starts_again(boss: Client, admin: User) -> None:
    job = add_job(status="failed", attempts=5, error="ValueError: <b>bad</b> row 7")
    page = boss.get("/settings/jobs/?status=failed").content.decode()
    assert "ValueError: &lt;b&gt;bad&lt;/b&gt; row 7" in page
    boss.post(f"/settings/jobs/{job.pk}/retry/")
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("queued", 0)
    assert Event.objects.get(kind="job.retried").actor_id == admin.pk
    boss.post(f"/settings/jobs/{job.pk}/retry/")
    assert Event.objects.filter(kind="job.retried").count() == 1


def test_jobs_are_paged_by_key_in_few_queries(
    boss: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(60):
        add_job(status="running", progress=1, total=4)
    with django_assert_max_num_queries(8):
        first = boss.get("/settings/jobs/?status=running")
    assert len(first.context["rows"]) == 50
    assert 'value="25"' in first.content.decode()
    second = boss.get(f"/settings/jobs/?status=running&before={first.context['more']}")
    assert len(second.context["rows"]) == 10
    for odd in ("x", "-1", "9" * 50, "\0"):
        assert boss.get("/settings/jobs/", {"before": odd, "status": odd}).status_code == 200


def test_a_doubtful_letter_is_sent_again_by_decision_only(boss: Client, admin: User) -> None:
    now = timezone.now()
    letters = {
        status: OutgoingMail.objects.create(
            key=status, to="a@example.org", subject="S", message_id=status, created_at=now, status=status
        )
        for status in ("sent", "doubt")
    }  # fmt: skip
    for letter in letters.values():
        boss.post(f"/settings/mail/{letter.pk}/send-again/")
    states = dict(OutgoingMail.objects.values_list("key", "status"))
    assert states == {"sent": "sent", "doubt": "queued"}
    assert Event.objects.get(kind="mail.resent").actor_id == admin.pk


# ---- commands ----


def run(*arguments: str) -> Any:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return json.loads(out.getvalue())


def test_a_user_is_made_on_the_command_line_with_a_link_or_a_password(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    made = run("user", "create", "--email", "Ada@Example.org", "--role", "administrator", "--format", "json")  # fmt: skip
    assert made["email"] == "ada@example.org"
    assert client.get(made["link"].removeprefix("http://127.0.0.1:8000")).status_code == 200
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    other = run("user", "create", "--email", "bob@example.org", "--role", "manager", "--team", "East", "--password-stdin", "--format", "json")  # fmt: skip
    assert (other["team"], other["link"]) == ("East", None)
    assert User.objects.get(email="bob@example.org").check_password("correct horse battery")
    listed = run("user", "list", "--format", "json")
    assert [row["role"] for row in listed] == ["administrator", "manager"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--email", "x@example.org", "--role", "boss"),
        ("--email", "nonsense", "--role", "manager"),
        ("--email", "alice@example.org", "--role", "manager", "--team", "Never"),
    ],
)
def test_a_wrong_user_command_says_why_and_changes_nothing(
    alice: User, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError):
        call_command("user", "create", *arguments)
    assert User.objects.people().count() == 1
    assert not Team.objects.filter(name="Never").exists()


def test_a_token_is_made_on_the_command_line_with_several_scopes(alice: User) -> None:
    made = run("token", "create", "--user", alice.email, "--scope", "read", "--scope", "clients.edit", "--expires-days", "7", "--format", "json")  # fmt: skip
    assert made["scopes"] == ["read", "clients.edit"]
    assert user_of_token(made["token"]) == alice


@pytest.mark.parametrize(
    "arguments",
    [
        ("--user", "nobody@example.org", "--scope", "read"),
        ("--user", "alice@example.org", "--scope", "everything"),
        ("--user", "alice@example.org", "--scope", "read", "--expires-days", "0"),
    ],
)
def test_a_wrong_token_command_says_why(alice: User, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("token", "create", *arguments)
