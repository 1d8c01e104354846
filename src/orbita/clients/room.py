"""The clients room: people, companies, their contacts, segments."""

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission

PERMISSIONS.register(
    Permission(
        "clients.view",
        _("see clients"),
        starter={
            "head": "all",
            "manager": "team",
            "marketer": "all",
            "support": "all",
            "viewer": "all",
        },
    ),
    Permission(
        "clients.edit",
        _("add and change clients"),
        starter={"head": "all", "manager": "own", "support": "all"},
    ),
    Permission("clients.delete", _("delete clients"), starter={"head": "all"}),
    Permission("clients.export", _("export clients"), starter={"head": "all", "marketer": "all"}),
    Permission(
        "clients.import", _("import clients and purchases"), scoped=False, starter={"head": "all"}
    ),
    Permission(
        "segments.edit",
        _("make and change segments"),
        scoped=False,
        starter={"head": "all", "marketer": "all", "manager": "all"},
    ),
)
