"""Tables that leave: any list as a workbook or a text table, and full exports for scripts.

`guard` keeps cells from becoming formulas; `writers` put rows into a file or a stream in bounded
memory; `lists` exports what a list shows; `full` is everything that an import can read back.
"""
