# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is done with a checkout of the collection; `make help` lists it. Needed: Python 3.10 or newer with its venv
# module, GNU make, bash, git, and a Python package registry. All that is made lies in .venv, .build and .demo.

PYTHON ?= python3#       builds the environment; another one: make PYTHON=python3.13 …
CORE ?= own#             own: the newest ansible-core for PYTHON; oldest, newest: the ends of what is supported
PYTEST ?=#               more arguments for pytest, such as PYTEST='-k journal'
BENCH ?=#                arguments for the measurement, such as BENCH='--parts fleet --instances 50'

NOT_SLOW := -m "not slow"#  slow tests run on the newest core only, see test-all

PYTHON_own = $(shell $(PYTHON) -c 'import sys; print(sys.executable)')
PYTHON_oldest := 3.10
PYTHON_newest := 3.13

BUILD := .build
UV := $(BUILD)/boot/bin/uv
VENV := $(if $(filter own,$(CORE)),.venv,$(BUILD)/$(CORE)/venv)
READY := $(VENV)/.ready
ARTIFACTS := $(BUILD)/$(CORE)/artifact
COLLECTIONS := $(BUILD)/$(CORE)/collections
STOCK := $(BUILD)/$(CORE)/stock#  collections of others: to measure against, and for what tests use them with

# Every tool comes from the environment.
IN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
STEP := .ci/step
MEASURE := env PYTHONPATH=demo:tests/integration/support:$(COLLECTIONS) \
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(COLLECTIONS):$(CURDIR)/$(STOCK) python tests/bench
export ANSIBLE_HOME := $(CURDIR)/$(BUILD)/$(CORE)/ansible
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(COLLECTIONS)
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/$(BUILD)/hypothesis
export UV_PYTHON_PREFERENCE := system

pytest bench bench-smoke: export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg
pytest: export WEESTIMATE_TEST_STOCK := $(CURDIR)/$(STOCK)

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.NOTPARALLEL:
.DEFAULT_GOAL := help

##@ For everybody

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(READY) ## three environments of an embedded WeEstimate converge to their profiles, twice
	@$(IN) python demo/run

.PHONY: test
test: QUICK := $(NOT_SLOW)
test: lint molecule-default pytest ## everything that needs neither root nor a container engine, but slow tests

.PHONY: test-all
test-all: test importer demo bench-smoke molecule-systemd molecule-mail molecule-relay ## test, demo, containers, sanity, and tests on oldest and newest core
	@printf '%s\n' oldest newest | xargs -P 2 -I {} $(MAKE) CORE={} sanity
	@$(MAKE) CORE=oldest pytest QUICK='$(NOT_SLOW)'
	@$(MAKE) CORE=newest pytest

.PHONY: bench
bench: collection $(STOCK)/.ready ## compare with ping, stock modules, swaks and community.general.mail
	@$(IN) $(MEASURE) $(BENCH)

.PHONY: clean
clean: ## remove all that was made
	@rm -rf .venv $(BUILD) .demo .ansible
	@find . -name __pycache__ -prune -exec rm -rf {} +

##@ Parts of them (the ansible-core is chosen by CORE=own, oldest or newest)

.PHONY: env
env: $(READY) ## the environment in .venv

.PHONY: collection
collection: $(READY) ## build the collection's artifact, and install it where tests and demo look for it
	@rm -rf $(ARTIFACTS) $(COLLECTIONS)
	@$(IN) $(STEP) "collection: build" ansible-galaxy collection build --output-path $(ARTIFACTS)
	@$(IN) $(STEP) "collection: install" ansible-galaxy collection install --offline --no-deps \
		--collections-path $(COLLECTIONS) $(ARTIFACTS)/*.tar.gz

.PHONY: lint
lint: collection ## ruff, yamllint, ansible-lint (production profile), changelog
	@$(IN) $(STEP) "lint: ruff check" ruff check
	@$(IN) $(STEP) "lint: ruff format" ruff format --diff
	@$(IN) $(STEP) "lint: yamllint" yamllint --strict .
	@$(IN) $(STEP) "lint: ansible-lint" ansible-lint --nocolor
	@$(IN) $(STEP) "lint: changelog" antsibull-changelog lint

.PHONY: format
format: $(READY) ## let ruff write the Python code as lint wants it
	@$(IN) ruff check --fix-only
	@$(IN) ruff format

.PHONY: reference
reference: collection ## write docs/reference anew from the documentation in the sources
	@$(IN) $(STEP) "reference" python tests/reference docs/reference

.PHONY: pytest
pytest: $(READY) $(STOCK)/.ready ## unit and integration tests
	@echo "tests: ansible-core of CORE=$(CORE)"
	@$(IN) pytest --numprocesses auto --dist worksteal $(QUICK) $(PYTEST)

.PHONY: mssql
mssql: $(READY) ## the tests that need a Microsoft SQL Server, against the one in the environment variables
	@$(IN) pytest -m mssql $(PYTEST)

.PHONY: sanity
sanity: $(READY) ## ansible-test sanity
	@command -v shellcheck >/dev/null || echo "sanity: shellcheck is not installed, its test is left out"
	@$(IN) $(STEP) "sanity: CORE=$(CORE)" .ci/sanity $(BUILD)/$(CORE)/sanity

.PHONY: importer
importer: collection ## what Galaxy checks at an upload
	@$(IN) $(STEP) "galaxy-importer" .ci/importer $(ARTIFACTS)/*.tar.gz

.PHONY: molecule-default molecule-systemd molecule-mail molecule-relay
molecule-default: collection ## the role on an embedded WeEstimate
molecule-systemd: collection ## the role on a systemd host in a container (needs root and podman)
molecule-mail: collection ## test sends through Postfix and Dovecot in a container (needs root and podman)
molecule-relay: collection ## the relay on two systemd hosts, with upstreams like Exchange Online (needs root and podman)
molecule-default molecule-systemd molecule-mail molecule-relay: molecule-%:
	@$(IN) molecule/run $*

.PHONY: bench-smoke
bench-smoke: collection $(STOCK)/.ready ## the harness of bench on a few instances, without judging the times
	@$(IN) $(STEP) "bench: smoke test" $(MEASURE) --instances 5 --repetitions 1 --report-only \
		--parts unchanged conversation fleet drift report

# uv looks for the interpreters of the oldest and newest core on PATH, and downloads those that are missing. pyenv's
# commands there only answer for the versions that PYENV_VERSION names.
$(READY): tests/requirements/$(CORE).txt tests/requirements/tests.txt tests/requirements/tools.txt $(UV)
	@PYENV_VERSION="$$(pyenv versions --bare 2>/dev/null | paste -sd: -)" \
		$(STEP) "environment: Python for CORE=$(CORE)" $(UV) venv --clear --python $(PYTHON_$(CORE)) $(VENV)
	@$(STEP) "environment: packages" $(UV) pip install --python $(VENV) --requirements $<
	@touch $@

# Alone in a folder of its own: in the environment, other collections would be found where none is to be.
$(STOCK)/.ready: tests/requirements/bench.txt $(READY)
	@rm -rf $(STOCK)
	@$(STEP) "collections of others" $(UV) pip install --python $(VENV) --no-deps --target $(STOCK) \
		--requirements $<
	@touch $@

$(UV): tests/requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or newer is needed: make PYTHON=/path/to/python3.13 …" >&2; exit 1; }
	@$(STEP) "environment: bootstrap" $(PYTHON) -m venv --clear $(BUILD)/boot
	@$(STEP) "environment: uv" $(BUILD)/boot/bin/python -m pip install --quiet --requirement $<
