"""Draw the pictures of README.md and docs/, for light pages and for dark ones.

    python -m docs.images.make [--measure]

draws them from the records in docs/samples and in record.json; --measure takes these anew
before.
"""

import sys
from functools import partial

from docs.images import record, terminal
from docs.images.drawing import write
from docs.samples import make as samples


def main(words):
    """Draw all pictures."""
    if '--measure' in words:
        record.measure()
        samples.main([])
    write(record.STEM, partial(record.drawn, record.kept()))
    for picture in terminal.PICTURES:
        write(picture, partial(terminal.drawn, picture))


if __name__ == '__main__':
    main(sys.argv[1:])
