"""Rules of work with clients: whose they are, who gets new ones, for how long, how often to call.

`rules` is what the administrator sets, `contacting` answers whether one may contact a client now,
`giving` gives clients out and takes them back, `stops` marks those not to be contacted.
"""
