from .client import AcquisitionSource, Client, ClientTag, ExternalId, Tag
from .contact import Address, BankAccount, ContactPoint
from .duplicates import (
    Alias,
    DuplicateGroup,
    DuplicatePair,
    DuplicateScan,
    EntryRule,
    Merge,
    MergeRun,
)
from .facts import ClientFacts
from .fields import FieldDefinition, FieldMark
from .note import Attachment, Note
from .people import CompanyPerson
from .privacy import By, Consent, ConsentText, Erasure, LegalHold, Purpose
from .processing import Incident, ProcessingPurpose
from .quality import (
    AcceptedValue,
    ContactState,
    DeadMark,
    QualityDay,
    QualitySettings,
    Repair,
)
from .region import RegionPassport
from .relations import Relation
from .requests import CalendarDay, ClientLink, DataRequest, RequestRules, RequestStep
from .retention import RetentionRule, RetentionRun
from .search import (
    NotePosting,
    Posting,
    SearchedClient,
    SearchedNote,
    SearchedText,
    TextPosting,
    Word,
    WordKey,
)
from .segment import Segment
from .status import ClientMark, ClientStatus, StatusMove, StatusRules
from .work import ClientWork, ContactStop, WorkRules

__all__ = [
    "AcceptedValue",
    "AcquisitionSource",
    "Address",
    "Alias",
    "Attachment",
    "BankAccount",
    "By",
    "CalendarDay",
    "Client",
    "ClientFacts",
    "ClientLink",
    "ClientMark",
    "ClientStatus",
    "ClientTag",
    "ClientWork",
    "CompanyPerson",
    "Consent",
    "ConsentText",
    "ContactPoint",
    "ContactState",
    "ContactStop",
    "DataRequest",
    "DeadMark",
    "DuplicateGroup",
    "DuplicatePair",
    "DuplicateScan",
    "EntryRule",
    "Erasure",
    "ExternalId",
    "FieldDefinition",
    "FieldMark",
    "Incident",
    "LegalHold",
    "Merge",
    "MergeRun",
    "Note",
    "NotePosting",
    "Posting",
    "ProcessingPurpose",
    "Purpose",
    "QualityDay",
    "QualitySettings",
    "RegionPassport",
    "Relation",
    "Repair",
    "RequestRules",
    "RequestStep",
    "RetentionRule",
    "RetentionRun",
    "SearchedClient",
    "SearchedNote",
    "SearchedText",
    "Segment",
    "StatusMove",
    "StatusRules",
    "Tag",
    "TextPosting",
    "Word",
    "WordKey",
    "WorkRules",
]
