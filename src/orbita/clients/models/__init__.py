from .client import AcquisitionSource, Client, ClientTag, ExternalId, Tag
from .contact import Address, BankAccount, ContactPoint
from .facts import ClientFacts
from .fields import FieldDefinition, FieldMark
from .note import Attachment, Note
from .people import CompanyPerson
from .search import NotePosting, Posting, SearchedClient, SearchedNote, Word, WordKey
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
    "FieldDefinition",
    "FieldMark",
    "Note",
    "NotePosting",
    "Posting",
    "SearchedClient",
    "SearchedNote",
    "Segment",
    "Tag",
    "Word",
    "WordKey",
]
