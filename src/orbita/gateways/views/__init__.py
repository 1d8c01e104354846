from .columns import columns, delete_columns, preview, run, save_columns
from .exports import decide_export, export, export_file, export_page, exports
from .result import cancel, next_sheet, rejected, result, undo
from .start import discard, sample, start

__all__ = [
    "cancel",
    "columns",
    "decide_export",
    "delete_columns",
    "discard",
    "export",
    "export_file",
    "export_page",
    "exports",
    "next_sheet",
    "preview",
    "rejected",
    "result",
    "run",
    "sample",
    "save_columns",
    "start",
    "undo",
]
