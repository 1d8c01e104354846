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
from .entering import create_and_queue, set_entry_rule, supplement, taken_as
from .loading import load_clients, update_clients
from .merge_runs import start_merge_run, start_undo_of_run, sure_groups
from .merging import (
    Unmerged,
    may_undo_merge,
    merge_clients,
    undo_merge,
    undo_merges_of,
)
from .notes import add_file, add_note, delete_file, delete_note, restore_note
from .pairs import best_survivor, mark_not_same, merge_cards, reopen_pairs
from .people import link_person, unlink_person
from .relations import relate, unrelate
from .revealing import reveal_field
from .scanning import check_one, start_scan
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
    "Unmerged",
    "add_address",
    "add_bank_account",
    "add_contact",
    "add_file",
    "add_note",
    "add_tag",
    "add_to_segment",
    "assign_responsible",
    "best_survivor",
    "change_segment",
    "check_one",
    "create_and_queue",
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
    "mark_not_same",
    "may_undo",
    "may_undo_merge",
    "merge_cards",
    "merge_clients",
    "relate",
    "remove_contact",
    "remove_tag",
    "reopen_pairs",
    "restore_client",
    "restore_note",
    "restore_segment",
    "reveal_field",
    "set_addresses",
    "set_bank_accounts",
    "set_contacts",
    "set_entry_rule",
    "set_external_ids",
    "set_tags",
    "start_merge_run",
    "start_scan",
    "start_undo_of_run",
    "supplement",
    "sure_groups",
    "taken_as",
    "undo_event",
    "undo_last_change",
    "undo_many",
    "undo_merge",
    "undo_merges_of",
    "unlink_person",
    "unload_clients",
    "unrelate",
    "update_client",
    "update_clients",
]
