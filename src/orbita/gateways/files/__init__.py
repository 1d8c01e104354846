"""Tables that people bring as files: workbooks, text tables, phone books, databases.

`isolation` runs readers in a process of their own; `source` opens a file by what is in it; `columns`
guesses what its columns mean; `values` reads single cells.
"""
