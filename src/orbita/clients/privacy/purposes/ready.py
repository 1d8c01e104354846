"""Rows for a usual shop, to start from. They are a draft for whoever answers for personal data."""

from django.utils.translation import gettext as _


def ready_rows() -> list[dict[str, str]]:
    """The rows in the language of the moment, in the order of the register."""
    contacts = _("Name, phones, e-mail, messengers, addresses")
    machine = _("Mixed: with computers and without; collecting, keeping, changing, using, erasing")
    erased = _("Erased by Orbita with an act and an extract from the log")
    guarded = _(
        "Rights by role and field, second factor at sign-in, log of all actions, encrypted backups"
    )
    common = {"ways": machine, "destruction": erased, "measures": guarded}
    rows = [
        {
            "name": _("Sale of goods and services, fulfilment of contracts"),
            "data": contacts + ", " + _("bank details, orders and payments"),
            "people": _("Clients, people of client companies"),
            "ground": _("Contract with the client (152-ФЗ, article 6, part 1, point 5; GDPR, article 6(1)(b))"),
            "term": _("While the contract is in force, then as long as the law has papers of accounting kept"),
            "recipients": _("Delivery services, the bank, those who keep the accounts"),
        },
        {
            "name": _("Answers to questions and requests"),
            "data": contacts + ", " + _("what was asked and answered"),
            "people": _("Clients and whoever asks"),
            "ground": _("Consent, or steps before a contract at the request of the person (152-ФЗ, article 6, part 1, points 1 and 5; GDPR, article 6(1)(a) and (b))"),
            "term": _("Until the request is answered, then by the terms of keeping"),
            "recipients": _("Nobody"),
        },
        {
            "name": _("Advertising and news"),
            "data": contacts + ", " + _("consents and refusals"),
            "people": _("Clients who agreed"),
            "ground": _("Consent, a document of its own (152-ФЗ, articles 9 and 15; 38-ФЗ, article 18; GDPR, article 6(1)(a))"),
            "term": _("Until the consent is withdrawn"),
            "recipients": _("Services that send letters and messages"),
        },
        {
            "name": _("Study of purchases and habits"),
            "data": _("Orders, visits, goods looked at, groups of clients by them"),
            "people": _("Clients who agreed"),
            "ground": _("Consent (152-ФЗ, article 6, part 1, point 1; GDPR, article 6(1)(a))"),
            "term": _("Until the consent is withdrawn"),
            "recipients": _("Nobody"),
        },
        {
            "name": _("Accounting and taxes"),
            "data": _("Names, bank details, sums and days of orders and payments"),
            "people": _("Clients, people of client companies"),
            "ground": _("Duties under the law (152-ФЗ, article 6, part 1, point 2; GDPR, article 6(1)(c))"),
            "term": _("As long as the law has papers of accounting kept"),
            "recipients": _("Tax authorities, those who keep the accounts"),
        },
        {
            "name": _("Work of the staff in Orbita"),
            "data": _("Names, e-mail, what was done in the system and from which address"),
            "people": _("Staff"),
            "ground": _("Employment contract and the guarding of the data of clients (152-ФЗ, article 6, part 1, points 5 and 7; GDPR, article 6(1)(b) and (f))"),
            "term": _("While the employee works, then as long as the log is kept"),
            "recipients": _("Nobody"),
        },
    ]  # fmt: skip
    return [common | row for row in rows]
