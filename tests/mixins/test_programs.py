"""Programs that a mixin asks."""

import subprocess
import sys

import pytest

from microbench.mixins.programs import output_of


def python(code):
    """Return the command that runs a line of Python."""
    return [sys.executable, '-S', '-c', code]


def test_the_output_is_text():
    """What the program prints is the result."""
    assert output_of(python('print("one")')) == 'one\n'


def test_no_input_reaches_the_program():
    """Standard input is empty, so no program can wait for the user."""
    assert output_of(python('import sys; print(sys.stdin.read(), end="")')) == ''


def test_bytes_that_are_no_utf8_are_kept():
    """Odd bytes become surrogates, as in names of files."""
    code = 'import sys; sys.stdout.buffer.write(bytes([255]))'
    assert output_of(python(code)) == '\udcff'


def test_a_failure_says_why(capfd):
    """The error is the usual class, and its message holds the program's own words."""
    code = 'import sys; sys.exit("no such thing")'
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of(python(code))
    assert str(caught.value).endswith('returned non-zero exit status 1: no such thing')
    assert caught.value.returncode == 1
    assert capfd.readouterr() == ('', '')


def test_a_failure_without_words_has_the_usual_message():
    """A program that says nothing gives the message of the standard library."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of(python('raise SystemExit(3)'))
    assert str(caught.value).endswith('returned non-zero exit status 3.')


def test_a_hanging_program_is_ended():
    """A program that does not end raises TimeoutExpired."""
    with pytest.raises(subprocess.TimeoutExpired):
        output_of(python('import time; time.sleep(600)'), limit=0.01)


def test_a_missing_program_raises():
    """FileNotFoundError names the program."""
    with pytest.raises(FileNotFoundError, match='no-such-program'):
        output_of(['no-such-program'])


def test_check_output_is_looked_up_at_the_call(monkeypatch):
    """Whoever replaces subprocess.check_output is asked, and may return bytes."""
    asked = []

    def stub(command, **options):
        asked.append((command, options['cwd'], options['timeout']))
        return b'stubbed'

    monkeypatch.setattr(subprocess, 'check_output', stub)
    assert output_of(['git'], cwd='/', limit=2.0) == 'stubbed'
    assert asked == [(['git'], '/', 2.0)]
