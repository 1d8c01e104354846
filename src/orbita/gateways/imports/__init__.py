"""From a file to clients, orders and products, and back.

`reading` turns rows into plain records in a process of its own; `engine` writes them chunk by
chunk; `preview` shows what would happen; `undo` takes everything back.
"""
