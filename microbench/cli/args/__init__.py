"""Parse and check the command line: options, help, choice of mixins and fields.

`parser` makes Settings out of words, by the tables in `options`; `checks` rejects what does
not go together. Nothing here starts or writes anything.
"""
