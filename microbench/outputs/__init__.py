"""Sinks, one a file, and the delivery of a record to all of them.

`base` has the protocol; `file`, `http`, `redis`, `postgres`, `otlp` and `prometheus` are
the sinks; `file_object` writes to an object instead of a path, and `spans` are what `otlp`
sends. `network` is the base of sinks behind a network: `background` sends from a thread,
with the waits of `backoff`, and `senders` ends these threads; `spool` keeps what was not
sent, and `resend` sends it, out of the files of `sending_files`. `delivery` is the way in
for a record: `report` notes which sinks have tried, and reacts to those that failed;
`plain_file` looks whether an interrupted one has the record. `contents` reads a file back,
together with its journals.
"""
