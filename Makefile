# make chat        sets everything up and opens the chat over seeds/
# make telegram    runs the bot
# make test        sets up the test tools too, then lint, types, layers and tests
# make install     the set-up alone
# make soak        the long tests: kills, damage, traps, fuzzers; about 90 minutes
# make train       makes the embedded models anew (hours)
# make bench       quality and speed
#
# make install PYTHON=python3.12 takes another Python, make soak FUZZ_SECONDS=60 gives each fuzzer a minute instead of
# ten, make clean removes what the set-up made.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help install chat telegram test soak train bench clean

# The first of these that is new enough; it is asked for only when the environment has to be made.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)

# PyPI's torch for Linux brings gigabytes of CUDA along. The CPU build of the same version sorts before it, so pip takes
# that one wherever it finds it: here, in a local folder (PIP_FIND_LINKS) or in an index of your own.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

# How long each fuzzer runs in the long tests.
FUZZ_SECONDS ?= 600

BIN := .venv/bin
PRODUCT := .venv/.product-installed
TOOLS := .venv/.tools-installed

# $(call setup,what is being done,pip's arguments): one line for people, and what pip says in the log. All of it goes to
# stderr or the log, and stdin is left alone: with piped questions both belong to the chat.
LOG := .venv/setup.log
PIP := $(BIN)/python -m pip --disable-pip-version-check install --progress-bar off -c constraints.txt
setup = @echo "  $(1) …" >&2; echo "== $(1)" >>$(LOG); \
	$(PIP) $(2) </dev/null >>$(LOG) 2>&1 || { code=$$?; tail -n 12 $(LOG) >&2; \
	echo "Setting up has failed. All that pip said is in $(LOG)." >&2; exit $$code; }

help:
	@sed -n '/^$$/q;s/^# \{0,1\}//p' Makefile

install: $(PRODUCT)

chat: $(PRODUCT)
	@$(BIN)/fundstelle chat --index seeds

telegram: $(PRODUCT)
	@$(BIN)/fundstelle telegram --index seeds

test: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

soak: $(TOOLS)
	@echo "The long tests take about 20 minutes on two idle cores, and $(FUZZ_SECONDS) s for each of seven fuzzers." >&2
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest -m soak

train: $(PRODUCT)
	$(BIN)/python -m training

bench: $(TOOLS)
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(or $(PYTHON),false) -c '$(NEW_ENOUGH)' || { echo "Fundstelle needs Python 3.11 or newer," \
		"and $(or $(PYTHON),python3) here is: $$($(or $(PYTHON),python3) --version 2>&1 | tail -n 1)." \
		"Install one, then: make $(or $(MAKECMDGOALS),install) PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Setting up in .venv, about two minutes …" >&2
	@$(PYTHON) -m venv .venv >&2

# torch by itself and first: so only this one look-up goes to the CPU index, and without that index (no network beyond
# a package mirror) pip takes the same version from where it takes everything else. What is big is said before it comes.
$(PRODUCT): pyproject.toml constraints.txt | $(BIN)/python
	$(call setup,PyTorch,--no-deps --retries 1 --timeout 30 --extra-index-url $(TORCH_INDEX) torch)
	@! grep -qs '^Requires-Dist: .*nvidia' .venv/lib*/python*/site-packages/torch-*.dist-info/METADATA || \
		echo "  No CPU build of PyTorch was found, so gigabytes of CUDA come along (docs/settings.md)." >&2
	$(call setup,Fundstelle and its libraries,--editable .)
	@touch $@

$(TOOLS): $(PRODUCT)
	$(call setup,Test tools,--editable '.[dev]')
	@touch $@
