"""The log as whoever watches over the base reads it: who did what, when and from where.

`words` says events, `facts` is what the list can be asked for, `lists` the list, `views` the pages.
The log itself and its seals are `core.events` and `core.seals`.
"""
