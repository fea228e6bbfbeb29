"""What mixins say of a program that the command runs."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import ROOT


@pytest.fixture
def record_of(tmp_path, monkeypatch):
    """Run the command in an empty directory; the function returns its record."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        asked = [sys.executable, '-m', 'microbench', '--outfile', 'record', *words]
        environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
        subprocess.run(asked, env=environment, check=True, capture_output=True)
        return json.loads(tmp_path.joinpath('record').read_text())

    return run


def sha256(path):
    """The digest of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_hashes_of_the_command_and_its_files(record_of, tmp_path):
    """The program as PATH finds it, and words that are files."""
    tmp_path.joinpath('data').write_text('1\n')
    record = record_of('--mixin', 'file-hash', '--', 'cat', 'data', '-')
    program = shutil.which('cat')
    expected = {program: sha256(program), 'data': sha256('data')}
    assert record['file_hashes'] == expected
    assert record['mb']['file_hash_algorithm'] == 'sha256'


def test_hashes_of_other_files(record_of, tmp_path):
    """`--hash-file` takes the place of those; the algorithm can be chosen."""
    tmp_path.joinpath('data').write_text('1\n')
    options = ('--hash-file', 'data', '--hash-algorithm', 'md5')
    record = record_of('-m', 'MBFileHash', *options, '--', 'true')
    assert record['file_hashes'] == {'data': hashlib.md5(b'1\n').hexdigest()}
    assert record['mb']['file_hash_algorithm'] == 'md5'


def test_large_files_are_left_out(record_of, tmp_path):
    """`--hash-size-limit` takes numbers with a unit."""
    tmp_path.joinpath('data').write_bytes(bytes(2048))
    options = ('--hash-file', 'data', '--hash-size-limit', '1k')
    record = record_of('-m', 'file-hash', *options, '--', 'true')
    assert (record['file_hashes'], record['file_hashes_left_out']) == ({}, {'data': 2048})


@pytest.mark.parametrize('options', [[], ['--git-repo', 'sub']])
def test_the_repository(record_of, tmp_path, options):
    """That of the current directory, or of the one that is named."""
    folder = tmp_path / options[1] if options else tmp_path
    subprocess.run(['git', 'init', '--quiet', folder], check=True, capture_output=True)
    record = record_of('-m', 'git-info', *options, '--', 'true')
    assert record['git']['repo'] == str(folder)


def test_the_memory_of_the_program(record_of):
    """Its peak resident size, not that of the command; nothing slowed it."""
    code = 'bytearray(64 << 20)'
    record = record_of('-m', 'peak-memory', '--', sys.executable, '-c', code)
    assert record['call']['peak_memory_bytes'] > 64 << 20
    assert 'slowed_by' not in record['call']


def test_all_mixins_at_once(record_of):
    """What cannot be captured here is noted, and costs nothing else."""
    record = record_of('--all', '--', 'true')
    errors = record['call'].get('capture_errors', [])
    failed = {error['method'] for error in errors}
    programs = {'capture_git_info', 'capture_conda_packages', 'capture_nvidia'}
    assert failed <= {*programs, 'capture_gpu'}
    captured = {'python', 'host', 'slurm', 'loaded_modules', 'cgroups', 'file_hashes'}
    assert captured | {'resource_usage'} <= set(record)
    assert record['call']['returncode'] == [0]
