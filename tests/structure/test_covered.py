"""tools/covered.py: shares of lines and branches, and what falls below the limits."""

import json
import re
from pathlib import Path

import pytest

from tools import covered

ROOT = Path(__file__).parents[2]


def c_line(number, count, *branches):
    """Return a line as gcovr has it."""
    return {
        'line_number': number,
        'count': count,
        'branches': [{'count': taken} for taken in branches],
    }


C = {
    'files': [
        {
            'file': 'csrc/base/mb_a.h',
            'lines': [c_line(3, 0), c_line(3, 2, 1, 0), c_line(5, 0), c_line(6, 0)],
        },
        {'file': 'csrc/base/mb_b.c', 'lines': [c_line(1, 1)]},
    ]
}
PYTHON = {
    'files': {
        'microbench/a.py': {
            'summary': {
                'covered_lines': 9,
                'num_statements': 10,
                'covered_branches': 1,
                'num_branches': 4,
            },
            'missing_lines': [4],
        }
    }
}


def test_a_line_of_c_counts_once():
    """Several functions may contain one line of a header: it ran if one of them ran it."""
    first, second = covered.of_gcovr(C)
    assert first == ('csrc/base/mb_a.h', (1, 3), (1, 2), [5, 6])
    assert second.share('branches') == 100


def test_files_of_python():
    """Their shares are those of the summary of coverage.py."""
    assert covered.of_coverage(PYTHON) == [('microbench/a.py', (9, 10), (1, 4), [4])]


@pytest.mark.parametrize(('least', 'status'), [(50, 0), (51, 1)])
def test_a_share_below_its_limit_fails(tmp_path, monkeypatch, capsys, least, status):
    """The tables are printed anyway, without files that are covered completely."""
    for name, report in {'c': C, 'python': PYTHON}.items():
        (tmp_path / name).write_text(json.dumps(report))
    limits = {
        'C': {'lines': 50, 'branches': least},
        'Python': {'lines': 90, 'branches': 25},
    }
    monkeypatch.setattr(covered, 'LEAST', limits)
    assert covered.main(tmp_path / 'c', tmp_path / 'python') == status
    printed = capsys.readouterr().out
    assert '    33.33 %    50.00 %   csrc/base/mb_a.h  5-6\n' in printed
    assert 'mb_b' not in printed
    assert printed.count(' % did before') == status


def test_what_is_not_counted_has_a_reason():
    """A line that is left out says why, after a colon."""
    sign = re.compile(r'GCOVR_EXCL_\w+|pragma: no (?:cover|branch)')
    sources = [*ROOT.glob('csrc/*/*.[ch]'), *ROOT.glob('microbench/**/*.py')]
    lines = [line for path in sources for line in path.read_text().splitlines()]
    marked = [line for line in lines if sign.search(line) and 'EXCL_STOP' not in line]
    assert [line for line in marked if not re.search(r'(?<!pragma): \w{3}', line)] == []
