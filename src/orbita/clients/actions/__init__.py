"""Everything that changes clients, their notes and segments."""

from .bulk import BulkResult, add_tag, assign_responsible, delete_clients, remove_tag
from .card import (
    ConflictError,
    create_client,
    delete_client,
    restore_client,
    update_client,
)
from .contacts import (
    add_address,
    add_bank_account,
    add_contact,
    make_main,
    remove_contact,
    set_addresses,
    set_bank_accounts,
    set_contacts,
    set_external_ids,
    set_tags,
)
from .loading import load_clients, update_clients
from .notes import add_file, add_note, delete_file, delete_note, restore_note
from .people import link_person, unlink_person
from .segments import (
    add_to_segment,
    change_segment,
    create_segment,
    delete_segment,
    restore_segment,
)
from .undo import Undone, last_change, may_undo, undo_event, undo_last_change
from .undo_many import undo_many
from .unloading import unload_clients

__all__ = [
    "BulkResult",
    "ConflictError",
    "Undone",
    "add_address",
    "add_bank_account",
    "add_contact",
    "add_file",
    "add_note",
    "add_tag",
    "add_to_segment",
    "assign_responsible",
    "change_segment",
    "create_client",
    "create_segment",
    "delete_client",
    "delete_clients",
    "delete_file",
    "delete_note",
    "delete_segment",
    "last_change",
    "link_person",
    "load_clients",
    "make_main",
    "may_undo",
    "remove_contact",
    "remove_tag",
    "restore_client",
    "restore_note",
    "restore_segment",
    "set_addresses",
    "set_bank_accounts",
    "set_contacts",
    "set_external_ids",
    "set_tags",
    "undo_event",
    "undo_last_change",
    "undo_many",
    "unlink_person",
    "unload_clients",
    "update_client",
    "update_clients",
]
