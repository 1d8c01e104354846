"""Own fields: what an administrator adds to the cards of clients, to orders and to products.

A definition (`models.FieldDefinition`) says what a field is; its values stand in the JSON column
`own` of the record, by the key of the field: texts, or whole numbers (numbers in 1/10 000, sums in
minor units, yes as 1), so that both databases compare and sort them alike. A text that is filtered
by also stands there normalised, under the key with "_" before it. Choices of many stand in
`FieldMark` too, where filters find them.

Outside this package a field is called `own_<key>`: in forms, events, facts of rules and columns.
"""
