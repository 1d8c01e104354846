"""Everything that changes users, roles, sessions, invitations and tokens."""

from .absences import end_absence, set_absence
from .grants import end_grant, grant_right, see_as
from .leaving import hand_over_belongings, let_go
from .links import (
    accept_invitation,
    find_invitation,
    hash_token,
    invite,
    invite_person,
    make_setup_token,
    send_password_reset,
    set_up,
)
from .roles import delete_role, save_role, service_user, sync_starter_roles
from .second_factor import (
    address_for_app,
    begin_second_factor,
    confirm_second_factor,
    end_second_factor,
    renew_recovery_codes,
    reset_second_factor,
    second_factor_of,
    take_code,
)
from .sessions import (
    change_password,
    end_other_sessions,
    end_session,
    forgive_failures,
    record_failure,
    record_lockout,
    record_sign_in,
    record_sign_out,
)
from .tokens import create_token, is_scope, revoke_token, scope_choices, scope_words, user_of_token
from .upkeep import change_company, retry_job, send_again
from .users import change_preferences, change_user, create_user, save_team

__all__ = [
    "accept_invitation",
    "address_for_app",
    "begin_second_factor",
    "change_company",
    "change_password",
    "change_preferences",
    "change_user",
    "confirm_second_factor",
    "create_token",
    "create_user",
    "delete_role",
    "end_absence",
    "end_grant",
    "end_other_sessions",
    "end_second_factor",
    "end_session",
    "find_invitation",
    "forgive_failures",
    "grant_right",
    "hand_over_belongings",
    "hash_token",
    "invite",
    "invite_person",
    "is_scope",
    "let_go",
    "make_setup_token",
    "record_failure",
    "record_lockout",
    "record_sign_in",
    "record_sign_out",
    "renew_recovery_codes",
    "reset_second_factor",
    "retry_job",
    "revoke_token",
    "save_role",
    "save_team",
    "scope_choices",
    "scope_words",
    "second_factor_of",
    "see_as",
    "send_again",
    "send_password_reset",
    "service_user",
    "set_absence",
    "set_up",
    "sync_starter_roles",
    "take_code",
    "user_of_token",
]
