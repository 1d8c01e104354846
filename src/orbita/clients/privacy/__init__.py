"""Personal data of clients: what is kept of one, a copy for him, its erasure, what he agreed to.

`registry` is where every room says what it keeps of a person: the copy and the erasure go by it, and
a test walks all tables for those that nobody has spoken of.
"""
