from .client import AcquisitionSource, Client, ClientTag, ExternalId, Tag
from .contact import Address, BankAccount, ContactPoint
from .facts import ClientFacts
from .note import Attachment, Note
from .people import CompanyPerson
from .search import SearchToken
from .segment import Segment

__all__ = [
    "AcquisitionSource",
    "Address",
    "Attachment",
    "BankAccount",
    "Client",
    "ClientFacts",
    "ClientTag",
    "CompanyPerson",
    "ContactPoint",
    "ExternalId",
    "Note",
    "SearchToken",
    "Segment",
    "Tag",
]
