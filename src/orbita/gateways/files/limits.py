"""How much of a file is read before it is refused.

A workbook is held in memory by its reader at about 80 bytes a cell; a text table is streamed. What
slips past these checks meets the memory limit of the reading process.
"""

MB = 1024 * 1024

MAX_WORKBOOK = 200 * MB
MAX_TEXT = 4096 * MB
# Uncompressed parts of a workbook, together; and how many times a large part may be compressed.
MAX_UNPACKED = 2048 * MB
MAX_RATIO = 200
LARGE_PART = 64 * MB
MAX_PARTS = 10_000
MAX_CELLS = 8_000_000
MAX_COLUMNS = 1_000
MAX_SHEETS = 200
# A cell, in characters: Excel itself keeps 32,767.
MAX_CELL = 1_000_000
MAX_LINE = 4_000_000

READER_MEMORY = 1536 * MB
READER_SECONDS = 1800
