from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumbers import SUPPORTED_REGIONS

from orbita.accounts import policy
from orbita.accounts.actions import scope_choices
from orbita.accounts.explaining import level_words
from orbita.accounts.models import ReadingRules, Role, SignInProvider, Team, User
from orbita.core import zones

CURRENCIES = (
    "RUB",
    "USD",
    "EUR",
    "KZT",
    "BYN",
    "UZS",
    "KGS",
    "AMD",
    "GEL",
    "TRY",
    "CNY",
    "AED",
    "GBP",
)
EXPIRIES = (("30", _("30 days")), ("90", _("90 days")), ("365", _("a year")), ("", _("no end")))


def _language() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


def _zone(help_text: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Time zone"), choices=zones.choices, help_text=help_text)


def _email() -> forms.EmailField:
    return forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )


def _name() -> forms.CharField:
    return forms.CharField(
        label=_("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )


def _rules() -> str:
    return " ".join(str(text) for text in password_validators_help_texts())


def _new_password(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=lazy(_rules, str)(),
    )


class SignInForm(forms.Form):
    # The lockout looks for these names of the fields.
    username = _email()
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """A code of the second factor, or one of the recovery codes."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}
        ),
    )


def _present_password() -> forms.CharField:
    return forms.CharField(
        label=_("Present password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class RemovePasskeyForm(forms.Form):
    """The password of whoever signed in too long ago to be taken for himself without it."""

    password = _present_password()

    def __init__(self, *args: Any, asks_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_password:
            del self.fields["password"]


class PasskeyForm(RemovePasskeyForm):
    name = forms.CharField(
        label=_("Name of the passkey"),
        max_length=60,
        help_text=_("By which you will know the device: “Phone”, “Office computer”."),
    )
    field_order = ("name", "password")


class ForgotForm(forms.Form):
    email = _email()


class PasswordForm(forms.Form):
    """The new password of an invited or forgetful person."""

    password = _new_password(_("New password"))


class SetUpForm(forms.Form):
    company = forms.CharField(
        label=_("Name of the company"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    time_zone = _zone(_("Days of orders and reports are counted by it."))
    currency = forms.ChoiceField(
        label=_("Base currency"),
        choices=[(code, code) for code in CURRENCIES],
        help_text=_("All sums are kept in it. It cannot be changed later."),
    )
    name = _name()
    email = _email()
    password = _new_password(_("Password"))


class ProfileForm(forms.Form):
    name = _name()
    language = _language()
    theme = forms.ChoiceField(label=_("Appearance"), choices=User.Theme.choices)
    time_zone = _zone(_("Times are shown in it."))


class ChangePasswordForm(forms.Form):
    old = _present_password()
    new = _new_password(_("New password"))


class TokenForm(forms.Form):
    name = forms.CharField(label=_("Which program it is for"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=scope_choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.ChoiceField(label=_("Valid for"), choices=EXPIRIES, required=False, initial="90")


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=150)
    role = forms.ModelChoiceField(Role.objects.all(), label=_("Role"), empty_label=None)
    team = forms.ModelChoiceField(Team.objects.all(), label=_("Team"), required=False)
    language = _language()


class UserForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=150)
    role = forms.ModelChoiceField(Role.objects.all(), label=_("Role"), empty_label=None)
    team = forms.ModelChoiceField(Team.objects.all(), label=_("Team"), required=False)
    is_active = forms.BooleanField(
        label=_("May sign in"),
        required=False,
        help_text=_("When off, the person is signed out at once everywhere and cannot come back."),
    )


class LeavingForm(forms.Form):
    """Who takes over what a leaving person led."""

    heir = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Who takes the clients over"),
        required=False,
        empty_label=_("nobody: to the free pool"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, label_suffix="")
        people = User.objects.people().filter(is_active=True).exclude(pk=user.pk)
        self.fields["heir"].queryset = people.order_by("name")  # type: ignore[attr-defined]


class TeamForm(forms.Form):
    name = forms.CharField(label=_("Name of the team"), max_length=100)
    parent = forms.ModelChoiceField(
        Team.objects.all(),
        label=_("Part of the team"),
        required=False,
        empty_label=_("of none"),
        help_text=_("Whoever sees the records of that team sees those of this one too."),
    )


class RoleForm(forms.Form):
    """The name of a role and how its people sign in; what it allows is the matrix beside it."""

    name = forms.CharField(label=_("Name of the role"), max_length=100)
    needs_second_factor = forms.BooleanField(
        label=_("Signs in with a code or a passkey too"),
        required=False,
        help_text=_("Who has the role sets one up before he gets any further."),
    )


class AddressesForm(forms.Form):
    networks = forms.CharField(
        label=_("Networks"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_(
            "One a line: an address such as 192.0.2.7 or 2001:db8::7, or a network such as "
            "192.0.2.0/24. Empty means from anywhere."
        ),
    )


class ProviderForm(forms.Form):
    """The provider of single sign-on: for each role the values of a claim that stand for it."""

    is_on = forms.BooleanField(label=_("Sign in with it"), required=False)
    name = forms.CharField(
        label=_("Name on the button"), max_length=60, help_text=_("As people call it: “Keycloak”.")
    )
    issuer = forms.CharField(
        label=_("Issuer"),
        max_length=300,
        widget=forms.URLInput(attrs={"placeholder": "https://id.example.org/realms/office"}),
        help_text=_(
            "An address in https. One of your own network must stand in ORBITA_OUTGOING_ALLOW."
        ),
    )
    client_id = forms.CharField(label=_("Client id"), max_length=300)
    client_secret = forms.CharField(
        label=_("Client secret"),
        max_length=500,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Kept sealed and never shown. Empty leaves the one that is kept."),
    )
    domains = forms.CharField(
        label=_("Domains of e-mails"),
        max_length=2000,
        required=False,
        help_text=_("Divided by blanks; others are not let in. Empty means any."),
    )
    role_claim = forms.CharField(
        label=_("Claim with groups"),
        max_length=100,
        required=False,
        help_text=_(
            "By it people without an account here get one at their first sign-in. Without it only "
            "those come in who have an account with the same verified e-mail."
        ),
    )

    def __init__(self, data: Any, *, provider: SignInProvider | None) -> None:
        super().__init__(data, label_suffix="")
        self._roles = list(Role.objects.filter(is_administrator=False))
        kept = provider.roles if provider else {}
        for role in self._roles:
            said = ", ".join(value for value, number in kept.items() if number == role.pk)
            self.fields[f"role_{role.pk}"] = forms.CharField(
                label=gettext("Groups that stand for: %(role)s") % {"role": role},
                max_length=1000,
                required=False,
                initial=said,
            )
        if provider:
            for name in ("is_on", "name", "issuer", "client_id", "role_claim"):
                self.fields[name].initial = getattr(provider, name)
            self.fields["domains"].initial = " ".join(provider.domains)

    def given(self) -> dict[str, Any]:
        """What `save_provider` takes."""
        kept = self.cleaned_data
        words = kept["domains"].replace(",", " ").lower().split()
        roles = {
            value.strip(): role.pk
            for role in self._roles
            for value in kept[f"role_{role.pk}"].split(",")
            if value.strip()
        }
        plain = ("is_on", "name", "issuer", "client_id", "client_secret", "role_claim")
        domains = [word.removeprefix("@") for word in words]
        return {name: kept[name] for name in plain} | {"domains": domains, "roles": roles}


class GrantForm(forms.Form):
    """A right beside the role, until the end of a day."""

    permission = forms.ChoiceField(label=_("What to allow"))
    level = forms.ChoiceField(
        label=_("For which records"),
        choices=lambda: [(level, level_words(level)) for level in policy.LEVELS[1:]],
    )
    last_on = forms.DateField(
        label=_("To, inclusive"), widget=forms.DateInput(attrs={"type": "date"})
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data, label_suffix="")
        self.fields["permission"].choices = [  # type: ignore[attr-defined]
            (str(area.label), [(one.name, one.label) for one in permissions])
            for area, permissions in policy.areas()
        ]


class CompanyForm(forms.Form):
    name = forms.CharField(label=_("Name of the company"), max_length=200)
    time_zone = _zone(
        _("Days of orders and reports are counted by it. Days counted before stay as they are.")
    )
    phone_region = forms.ChoiceField(
        label=_("Country of phone numbers"),
        choices=[(code, code) for code in sorted(SUPPORTED_REGIONS)],
        help_text=_("A number typed without a country code is taken to be from here."),
    )


class AbsenceForm(forms.Form):
    """Days away and a deputy; whose, only for those who set it for others."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("Who is away"))
    deputy = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Deputy"),
        required=False,
        empty_label=_("nobody"),
        help_text=_("Sees and works the clients of the absent person on these days."),
    )
    first_on = forms.DateField(
        label=_("First day away"), widget=forms.DateInput(attrs={"type": "date"})
    )
    last_on = forms.DateField(
        label=_("To, inclusive"), widget=forms.DateInput(attrs={"type": "date"})
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, data: Any, *, actor: User) -> None:
        super().__init__(data, label_suffix="")
        people = User.objects.people().filter(is_active=True).order_by("name")
        if policy.allows(actor, "accounts.absences"):
            self.fields["user"].queryset = people  # type: ignore[attr-defined]
            self.fields["user"].initial = actor.pk
            deputies = people
        else:
            del self.fields["user"]
            deputies = people.filter(team=actor.team_id) if actor.team_id else people.none()
            deputies = deputies.exclude(pk=actor.pk)
        self.fields["deputy"].queryset = deputies  # type: ignore[attr-defined]


class BackupPlanForm(forms.Form):
    is_on = forms.BooleanField(label=_("Make a backup every day"), required=False)
    hour = forms.TypedChoiceField(
        label=_("Hour of the backup"),
        coerce=int,
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
        help_text=_("By the clock of the company."),
    )
    keep_daily = forms.IntegerField(label=_("Days to keep"), min_value=1, max_value=366)
    keep_weekly = forms.IntegerField(
        label=_("Weeks to keep"),
        min_value=0,
        max_value=520,
        help_text=_("The newest backup of each of the last weeks stays."),
    )
    keep_monthly = forms.IntegerField(label=_("Months to keep"), min_value=0, max_value=240)
    folder = forms.CharField(
        label=_("Folder on the server"),
        max_length=500,
        required=False,
        help_text=_(
            "Empty: beside the data. Another disk is better: one that dies takes both with it."
        ),
    )


class BackupKeyForm(forms.Form):
    """The public half comes back with the recovery key that is to prove it."""

    recipient = forms.CharField(max_length=200, widget=forms.HiddenInput)
    recovery = forms.CharField(
        label=_("Recovery key"),
        max_length=400,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Paste it from where you have kept it."),
    )


class ReadingRulesForm(forms.Form):
    """How much is never unusual in a day."""

    cards = forms.IntegerField(label=_("Cards opened"), min_value=1, max_value=1_000_000)
    searches = forms.IntegerField(label=_("Searches"), min_value=1, max_value=1_000_000)
    rows = forms.IntegerField(label=_("Rows of lists and of the API"), min_value=1, max_value=10**9)
    copies = forms.IntegerField(label=_("Copies and prints"), min_value=1, max_value=1_000_000)
    answer = forms.ChoiceField(
        label=_("When somebody reads unusually much"),
        choices=ReadingRules.Answer.choices,
        widget=forms.RadioSelect,
        help_text=_("Administrators always get a letter, and are neither slowed nor closed out."),
    )
