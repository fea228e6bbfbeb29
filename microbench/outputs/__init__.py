"""Sinks, one a file, and the delivery of a record to all of them.

`base` has the protocol; `file`, `http` and `redis` are the sinks; `file_object` writes to
an object instead of a path. `delivery` is the way in for a record: `report` notes which
sinks have tried, and reacts to those that failed; `plain_file` looks whether an interrupted
one has the record. `contents` reads a file back, together with its journals.
"""
