"""The status ladder and the base kinds: rules with numbers, kept by themselves, never set by hand.

`ladder` judges one client, `words` says the rules and the verdicts, `keeping` stores verdicts and
moves, `marks` is what only people can know, `settings` changes the rules.
"""
