from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.accounts.querysets import UserManager
from orbita.core.fields import OneRowField
from orbita.core.sealed import SealedField


class Role(models.Model):
    """A named set of permissions: permission → none, own, team or all. Data, not code."""

    key = models.CharField(max_length=30, null=True, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100, unique=True)
    is_administrator = models.BooleanField(_("may do everything"), default=False)
    permissions = models.JSONField(_("permissions"), default=dict)
    # Field → hidden, masked, read: see `field_rights`. What is not named can be changed.
    field_rights = models.JSONField(default=dict, editable=False)
    # Kind of bounds → ids of what lies within, see `confining`. A kind that is not named has no bounds.
    confined = models.JSONField(default=dict, editable=False)
    needs_second_factor = models.BooleanField(_("signs in with a code too"), default=False)
    # Networks in CIDR from which alone the people of the role work; none at all means from anywhere.
    networks = models.JSONField(_("allowed addresses"), default=list, blank=True)

    class Meta:
        verbose_name = _("role")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(_(self.name)) if self.key else self.name


class Team(models.Model):
    """People who work together. What a head may do with his team's records holds for the teams below
    it too, `DEPTH` teams deep.
    """

    DEPTH = 4
    name = models.CharField(_("name"), max_length=100, unique=True)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        verbose_name=_("part of the team"),
        related_name="parts",
    )

    class Meta:
        verbose_name = _("team")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def within(team_id: int, path: str = "") -> models.Q:
        """Rows whose team at `path` (of a `Team` itself when empty) is this one or stands below it."""
        found, step = models.Q(), f"{path}__" if path else ""
        for _level in range(Team.DEPTH):
            found |= models.Q(**{f"{step}id": team_id})
            step += "parent__"
        return found


class User(AbstractBaseUser):
    """A person of the business, or the service user on whose behalf jobs run."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("As in the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, verbose_name=_("role"))
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("team")
    )
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_service = models.BooleanField(default=False, editable=False)
    language = models.CharField(_("language"), max_length=2, default="ru")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Rights given for a time beside the role, see `policy.Grant`: read with every request, so they
    # come with the user's row.
    grants = models.JSONField(default=list, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    # Set on the instance when a token acts: the scopes it was given narrow the user's rights.
    token_scopes: frozenset[str] | None = None
    # Set on the instance while an administrator looks at Orbita as this user.
    seen_by: "User | None" = None

    class Meta:
        verbose_name = _("user")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        words = [word for word in self.display_name.replace(".", " ").split() if word]
        return "".join(word[0] for word in words[:2]).upper()


class Reading(models.Model):
    """How often somebody read something on a day: `subject_id` is the card's number, 0 for what has
    none. No key to the card: what was read stays known when the card is gone.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="readings")
    day = models.DateField()
    kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField(default=0)
    times = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("reading")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "day", "kind", "subject_id"], name="reading_once_per_day"
            )
        ]
        indexes = [models.Index(fields=["day"], name="reading_by_day")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind} {self.subject_id} on {self.day}"


class ReadingRules(models.Model):
    """So much in a day is never unusual; what follows for whoever reads unusually much."""

    class Answer(models.TextChoices):
        TELL = "tell", _("Only tell the administrators")
        SLOW = (
            "slow",
            _("Let the person on slowly until an administrator says otherwise or the day ends"),
        )
        CLOSE = "close", _("Close the account at once, with its sessions and tokens")

    cards = models.PositiveIntegerField(default=150)
    searches = models.PositiveIntegerField(default=1000)
    rows = models.PositiveIntegerField(default=20_000)
    copies = models.PositiveIntegerField(default=60)
    answer = models.CharField(max_length=5, choices=Answer, default=Answer.TELL)

    class Meta:
        verbose_name = _("rules of reading")

    def __str__(self) -> str:
        return f"{self.cards}, {self.searches}, {self.rows}, {self.copies}"

    @classmethod
    def current(cls) -> "ReadingRules":
        return cls.objects.first() or cls(pk=1)

    def floor(self, kind: str) -> int:
        floors = {
            "card": self.cards,
            "search": self.searches,
            "api": self.rows,
            "copy": self.copies,
        }
        return floors.get(kind, 0)


class Absence(models.Model):
    """Days on which somebody is away; the deputy sees and works what is his meanwhile."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("who is away"), related_name="absences"
    )
    deputy = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        verbose_name=_("deputy"),
        related_name="deputed",
    )
    first_on = models.DateField(_("first day away"))
    last_on = models.DateField(_("to, inclusive"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("absence")
        ordering = ["first_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_on__gte=models.F("first_on")), name="absence_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.first_on}..{self.last_on}"


class UserSession(AbstractBaseSession):
    """A signed-in browser: what the sessions list shows and ends."""

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("session")

    @classmethod
    def get_session_store_class(cls) -> Any:
        from orbita.accounts.sessions import SessionStore

        return SessionStore


class SecondFactor(models.Model):
    """The app that gives a person codes (TOTP, RFC 6238); without `confirmed_at` it is being set up.

    `last_step` is the time step of the last code taken: none is taken twice. `recovery` holds the
    hashes of the codes for a lost phone that are not used up.
    """

    user = OneRowField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="second_factor"
    )
    secret = SealedField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    recovery = models.JSONField(default=list)

    class Meta:
        verbose_name = _("second factor")

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class Passkey(models.Model):
    """A key of a person's device (WebAuthn), in place of the password or beside it.

    `credential` is its public half as the device gave it (attested credential data). `handle` is by what
    devices know the person, the same in all of his passkeys; `sign_count` what the device counted at the
    last sign-in, 0 when it does not count.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(_("name"), max_length=60)
    credential_id = models.CharField(max_length=1400, unique=True)
    handle = models.CharField(max_length=64)
    credential = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    transports = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("passkey")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"


class KnownDevice(models.Model):
    """A browser that a person has signed in from: the hash of the cookie that it keeps."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    mark = models.CharField(max_length=64)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("known device")
        constraints = [
            models.UniqueConstraint(fields=["user", "mark"], name="device_known_once"),
        ]

    def __str__(self) -> str:
        return f"device of {self.user_id}"


class SignInProvider(models.Model):
    """The one server outside (OpenID Connect) whose word on who somebody is counts here too."""

    name = models.CharField(_("name"), max_length=60)
    issuer = models.CharField(_("issuer"), max_length=300)
    client_id = models.CharField(_("client id"), max_length=300)
    client_secret = SealedField(null=True)
    is_on = models.BooleanField(default=False)
    # Of these domains alone addresses count; of any when there are none.
    domains = models.JSONField(default=list, blank=True)
    # Whoever has no account here gets one when this claim holds a value that stands for a role.
    role_claim = models.CharField(max_length=100, blank=True)
    roles = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("sign-in provider")

    def __str__(self) -> str:
        return self.name


class OutsideIdentity(models.Model):
    """Under which unchanging name a provider knows a person of ours."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("outside identity")
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_of_one_person"),
            models.UniqueConstraint(fields=["user", "issuer"], name="one_identity_per_issuer"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.issuer}"


class Invitation(models.Model):
    """A link that lets its holder choose a password, once. Only the hash of its token is kept."""

    class Purpose(models.TextChoices):
        SETUP = "setup", _("First administrator")
        INVITE = "invite", _("Invitation")
        RESET = "reset", _("New password")

    purpose = models.CharField(max_length=6, choices=Purpose.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation")

    def __str__(self) -> str:
        return f"{self.purpose} {self.created_at:%Y-%m-%d}"


class ApiToken(models.Model):
    """A key for programs: acts as its user, narrowed to its scopes. Shown once, kept as a hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("token")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_valid(self, now: datetime | None = None) -> bool:
        now = now or timezone.now()
        return (
            self.revoked_at is None
            and (self.expires_at is None or self.expires_at > now)
            and self.user.is_active
        )
