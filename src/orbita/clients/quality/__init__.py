"""How good the data of a card are: what is wrong in it, how much of it is there, how old it is.

`problems` finds what is wrong and offers how to put it right, `completeness` weighs what is filled
in, `record` keeps both and the age of the contacts in the facts row. People's own findings (a wrong
number, a dead client) are written by `actions`.
"""
