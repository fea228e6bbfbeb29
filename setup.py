"""Builds the one extension module, `microbench._core`; most else is in pyproject.toml.

Switches, from the environment:

    MICROBENCH_WERROR=1          warnings are errors, of Cython too (make sets it)
    MICROBENCH_DEBUG=1           not optimised, with symbols, asserts and line tracing
    MICROBENCH_CRASH_POINTS=1    with places where a test can kill it (csrc/base/mb_crash.h)
    MICROBENCH_SANITIZE=address  with AddressSanitizer and UndefinedBehaviorSanitizer
    MICROBENCH_SANITIZE=thread   with ThreadSanitizer
    MICROBENCH_COVERAGE=1        with counters of gcov (csrc/tests/counters.c)
    CFLAGS=-O0                   at another level of optimisation than -O2
"""

import os
import re
import sys
import sysconfig
from glob import glob
from pathlib import Path
from runpy import run_path

building = run_path('tools/building.py')
building['check_packages'](
    building['requirements'](Path('pyproject.toml').read_text('utf-8'))
)

from Cython.Build import cythonize  # noqa: E402 - it may be missing
from Cython.Compiler import Options  # noqa: E402
from setuptools import Extension, setup  # noqa: E402
from setuptools.command.build_ext import build_ext  # noqa: E402
from setuptools.errors import CompileError  # noqa: E402

# orjson has no wheel for free-threaded builds. Each wheel of microbench is for one build.
DEPENDENCIES = ['psutil>=5.9.6']
ORDINARY_DEPENDENCIES = ['orjson>=3.9.15']

# The address of the repository, without a slash at its end; CITATION.cff has it too. While
# it is empty, the page of a package index links to no file, and there is no Project-URL.
REPOSITORY = ''

SANITIZERS = {'address': 'address,undefined', 'thread': 'thread'}

# Counters of threads are exact, and have sections that counters.ld names.
COVERAGE = ['--coverage', '-fprofile-update=atomic', '-fdata-sections', '-O0']
COUNTERS = [
    '-Wl,-T,csrc/tests/counters.ld',
    '-Wl,--wrap=__gcov_dump,--wrap=__gcov_reset,--wrap=__gcov_exit',
]

debug = os.environ.get('MICROBENCH_DEBUG') == '1'
strict = os.environ.get('MICROBENCH_WERROR') == '1'
sanitizer = os.environ.get('MICROBENCH_SANITIZE', '')

flags = ['-std=c11', '-Wall', '-Wextra', '-fvisibility=hidden']
# They come after CFLAGS, and the last level counts.
if '-O' not in os.environ.get('CFLAGS', ''):
    flags.append('-O2')
# Declares clock_gettime(2) and others, which -std=c11 hides; as in CPython's pyconfig.h.
macros = [('_GNU_SOURCE', '1'), ('CYTHON_TRACE', str(int(debug)))]
if os.environ.get('MICROBENCH_CRASH_POINTS') == '1':
    macros.append(('MB_CRASH_POINTS', '1'))
if sysconfig.get_platform() == 'linux-aarch64':
    # Atomic operations are instructions: signal handlers call no function of libgcc.
    flags.append('-mno-outline-atomics')
# Resolves all functions at load time: a signal handler must not call the loader. Before
# glibc 2.34, two libraries of their own have dlsym(3) and the functions for threads.
link = []
if sys.platform.startswith('linux'):
    link = ['-Wl,-z,now', '-Wl,--as-needed', '-lpthread', '-ldl']
if strict:
    # Cython 3.2 leaves the newest slot of its static types, _tp_iteritem of CPython 3.15,
    # to C, which sets it to zero. The initializers of csrc/ name their fields.
    flags += ['-Werror', '-Wno-missing-field-initializers']
    Options.warning_errors = True
if debug:
    flags += ['-O0', '-g3', '-UNDEBUG']
if sanitizer:
    link.append(f'-fsanitize={SANITIZERS[sanitizer]}')
    flags += [link[-1], '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g']

sources = [
    'microbench/_core.pyx',
    *sorted(set(glob('csrc/*/*.c')) - set(glob('csrc/tests/*'))),
]
if os.environ.get('MICROBENCH_COVERAGE') == '1':
    sources.append('csrc/tests/counters.c')
    macros.append(('COUNTERS', f'"{Path.cwd()}/build/counters"'))
    flags += COVERAGE
    link += [*COVERAGE, *COUNTERS]

core = Extension(
    'microbench._core',
    sources=sources,
    # Besides its source, each object depends on the headers, and on the flags in this file.
    depends=[
        *sorted(glob('csrc/*/*.h')),
        *sorted(glob('microbench/_wrappers/*.pxi')),
        'microbench/_csrc.pxd',
        'setup.py',
    ],
    include_dirs=['csrc'],
    define_macros=macros,
    extra_compile_args=flags,
    extra_link_args=link,
)


class BuildExtension(build_ext):
    """Says what to install where nothing can be compiled."""

    def build_extensions(self):
        """Compile, once there is a compiler."""
        building['check_compiler'](self.compiler.compiler_so, sysconfig.get_path('include'))
        try:
            super().build_extensions()
        except CompileError as error:
            raise SystemExit(building['lacks'](f'the compiler failed, {error}')) from error


tool = run_path('tools/index_page.py')
package = Path('microbench/__init__.py').read_text('utf-8')
[version] = re.findall(r"^__version__ = '(.+)'$", package, re.MULTILINE)
page = tool['index_page'](Path('README.md').read_text('utf-8'), REPOSITORY, version)

free_threaded = bool(sysconfig.get_config_var('Py_GIL_DISABLED'))

setup(
    long_description=page,
    long_description_content_type='text/markdown',
    project_urls=tool['addresses'](REPOSITORY),
    install_requires=DEPENDENCIES + ([] if free_threaded else ORDINARY_DEPENDENCIES),
    cmdclass={'build_ext': BuildExtension},
    ext_modules=cythonize(
        core,
        # Outside the package. What a switch changes in the C code lies apart, because
        # cythonize looks at the age of files only.
        build_dir='build/cython-debug' if debug else 'build/cython',
        annotate=debug,
        compiler_directives={'language_level': 3, 'linetrace': debug},
    ),
)
