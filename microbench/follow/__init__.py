"""Follow files that other processes still write: growth, rotation, notification.

`follower` reads a path (`tailed_file`, `rotated`), `watcher` waits for changes (`inotify`),
`dedup` drops what was seen.
"""
