"""Hooks that leave a note in the record, for the tests of hooks."""


def note(bm_data, word):
    """Append a word to the record's notes."""
    bm_data.setdefault('notes', []).append(word)


def noting(word):
    """Return a hook that notes a word."""

    def hook(self, bm_data):
        note(bm_data, word)

    return hook


def raising(error):
    """Return a hook that raises."""

    def hook(self, bm_data):
        raise error

    return hook


def notes(bench):
    """Return the notes of one more call."""
    bench(lambda: None)()
    return bench.get_results()[-1].get('notes')
