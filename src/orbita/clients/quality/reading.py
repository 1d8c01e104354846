"""What a stored card says of its own quality."""

from orbita.clients.models import AcceptedValue, Client, ContactPoint
from orbita.clients.quality.problems import Problem, find
from orbita.clients.quality.record import contacts_of
from orbita.core.models import Company


def points_of(client: Client) -> list[ContactPoint]:
    """The contacts of a card with what is known of them, read once per object."""
    known: list[ContactPoint] | None = client.__dict__.get("_points")
    if known is None:
        known = list(ContactPoint.objects.filter(client=client).select_related("state"))
        keep_points(client, known)
    return known


def keep_points(client: Client, points: list[ContactPoint]) -> None:
    """Saves the reading to whoever asks for the contacts of this object later."""
    client.__dict__["_points"] = points


def problems_of(client: Client, points: list[ContactPoint] | None = None) -> list[Problem]:
    """What is wrong with the card and can be put right. At most two reads."""
    if points is None:
        points = list(ContactPoint.objects.filter(client=client).select_related("state"))
    company = Company.current()
    found = find(
        client,
        contacts_of(points).usable,
        today=company.business_date(),
        region=company.phone_region,
    )
    if not found:
        return []
    accepted = set(AcceptedValue.objects.filter(client=client).values_list("problem", "value"))
    return [one for one in found if (one.trouble.name, one.value[:300]) not in accepted]
