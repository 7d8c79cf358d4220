# Everything a contributor runs. The tools live in .venv and node_modules; nothing is installed
# outside this directory.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
NODE_VERSION := 22.23.3# installed where there is no Node.js >= 20 with npm
NODE_MIRROR ?=# URL in the layout of nodejs.org/download/release, e.g. an internal mirror
UV_VERSION := 0.13.9
MATRIX ?= 22 24 26
SMOKE ?=
UPGRADE ?=

VENV := $(CURDIR)/.venv
PY := $(VENV)/bin/python
# They mostly wait for processes; those that trace with the kernel take turns.
SYSTEM := $(PY) -m pytest tests/system
APART := -n 2 -m "not kernel"
KERNEL := -m kernel
NPM_CI := npm ci --ignore-scripts --no-progress --loglevel=error
RUN_JS = --test --test-reporter=./tests/js/report.mjs $$(find tests/js -name '*.test.js' -not -path '*/node_modules/*' | LC_ALL=C sort)
export PATH := $(VENV)/bin:$(PATH)
# The real binary behind .venv/bin/node, which may be a script that starts it.
export NODEOBS_TEST_NODE

.PHONY: help setup demo test lint bench test-matrix lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

## -- set-up: one stamp per step, so that a second run does nothing

setup: $(VENV)/.package $(VENV)/.usdt $(VENV)/.node-$(NODE_VERSION) node_modules/.installed examples/node_modules/.installed native/build/.made ## the tools in .venv and node_modules (others call it as needed)
	@:

$(VENV)/bin/pip:
	@echo "-- python environment (.venv)"
	if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
		echo "nodeobs needs Python >= 3.11; found $$($(PYTHON) --version 2>&1 || true)." \
			"Name another one: make setup PYTHON=python3.12" >&2
		exit 1
	fi
	if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu:" >&2
		echo "  apt-get install -y python3-venv" >&2
		exit 1
	fi
	$(PYTHON) -m venv $(VENV)

$(VENV)/.python: requirements.lock | $(VENV)/bin/pip
	@echo "-- python packages (requirements.lock)"
	$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

$(VENV)/.package: pyproject.toml package.json $(VENV)/.python
	@echo "-- nodeobs itself, editable"
	$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Without a compiler or Python.h, `nodeobs.usdt` says why; the next run tries again.
$(VENV)/.usdt: $(wildcard native/stapsdt/*.[ch] native/python/*) $(VENV)/.package
	@echo "-- probes for Python programs (native/python)"
	if $(PY) native/python/build.py; then touch $@; fi

$(VENV)/.node-$(NODE_VERSION): | $(VENV)/.python
	@rm -f $(VENV)/bin/node $(VENV)/bin/nodejs
	nodeenv() {
		said=$$($(PY) -m nodeenv --quiet --python-virtualenv "$$@" 2>&1) || { echo "$$said" >&2; return 1; }
	}
	if node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null &&
		npm --version >/dev/null 2>&1; then
		echo "-- node: $$(node --version) of this machine"
		nodeenv --node=system
	else
		echo "-- node: no Node.js >= 20 with npm on this machine, v$(NODE_VERSION) goes into .venv"
		if ! nodeenv --prebuilt --node=$(NODE_VERSION) $(if $(NODE_MIRROR),--mirror=$(NODE_MIRROR)); then
			echo "Node.js could not be downloaded. Either install it (Debian and Ubuntu:" >&2
			echo "  apt-get install -y nodejs npm" >&2
			echo "both are needed), or name a mirror: make setup NODE_MIRROR=https://…/release" >&2
			exit 1
		fi
	fi
	touch $@

node_modules/.installed: package-lock.json | $(VENV)/.node-$(NODE_VERSION)
	@echo "-- npm packages (package-lock.json)"
	$(NPM_CI) >/dev/null
	touch $@

# Where it cannot be compiled everything else works, and `nodeobs probes` says why.
native/build/.made: native/build.js $(wildcard native/addon/*.c native/stapsdt/*.[ch]) | node_modules/.installed
	@echo "-- native part of the npm package"
	if node native/build.js >/dev/null; then touch $@; fi

examples/node_modules/.installed: examples/package-lock.json | node_modules/.installed
	@echo "-- npm packages of the examples"
	cd examples
	$(NPM_CI) >/dev/null
	touch node_modules/.installed

## -- the targets

demo: setup ## a restify app under load, seen with every verb, in under two minutes (DEMO=keep leaves it running)
	@examples/demo

# Two kinds at a time: the output of the one in the background comes when both are done. (With job
# control, or the shell would have it ignore SIGINT.)
test: setup ## all tests, on this machine's Node.js
	@node=$${NODEOBS_TEST_NODE:-$$(node -p process.execPath)}
	export NODEOBS_TEST_NODE=$$node
	dir=$$(mktemp -d)
	mkdir -m 700 "$$dir/js" "$$dir/py"
	js=passed py=passed
	trap 'kill -- -$$! 2>/dev/null || true; rm -rf "$$dir"' EXIT
	beside() {
		set -m
		"$$@" >"$$dir/out" 2>&1 &
		set +m
	}
	export NODEOBS_RUNTIME_DIR=$$dir/py
	echo "-- Python tests ($$($(PY) --version)), and JavaScript tests ($$($$node --version)) beside them"
	beside env NODEOBS_RUNTIME_DIR="$$dir/js" $$node $(RUN_JS)
	$(PY) -m pytest tests/py || py=FAILED
	wait $$! || js=FAILED
	cat "$$dir/out"
	echo "-- system tests (node $$($$node --version)), and those that trace with the kernel beside them"
	beside $(SYSTEM) $(KERNEL)
	$(SYSTEM) $(APART) || py=FAILED
	wait $$! || py=FAILED
	cat "$$dir/out"
	echo "-- JavaScript tests $$js, Python and system tests $$py"
	[[ $$js$$py == passedpassed ]]

lint: setup ## formatters, linters and types of all three languages
	@failed=
	step() {
		echo "-- $$1"
		"$${@:2}" || failed+=" [$$1]"
	}
	step "biome" node_modules/.bin/biome ci --colors=off .
	step "tsc" node_modules/.bin/tsc --project .
	step "ruff check" ruff check --quiet
	step "ruff format" ruff format --check --quiet
	step "mypy" mypy --no-error-summary
	c_files=$$(git ls-files '*.c' '*.h')
	[[ -z $$c_files ]] || step "clang-format" clang-format --dry-run --Werror $$c_files
	[[ -z $$failed ]] || { echo "-- failed:$$failed"; exit 1; }

bench: setup ## every script of bench/, one claim each (bench/README.md)
	@failed=
	for script in bench/*.py bench/*.js; do
		[[ -e $$script && $$(basename $$script) != _* ]] || continue
		echo "-- $$script"
		case $$script in
			*.py) run=$(PY) ;;
			*.js) run=$$(node -p process.execPath) ;;
		esac
		"$$run" "$$script" || failed+=" $$script"
	done
	[[ -z $$failed ]] || { echo "-- failed:$$failed"; exit 1; }

test-matrix: setup .matrix/.installed ## system and JavaScript tests on Node.js 22, 24 and 26 (SMOKE=1: the essential system tests)
	@failed=
	for major in $(MATRIX); do
		export NODEOBS_TEST_NODE=$(CURDIR)/.matrix/node_modules/node-$$major/bin/node
		version=$$($$NODEOBS_TEST_NODE --version)
		if [[ -z "$(SMOKE)" ]]; then
			echo "-- JavaScript tests, node $$version"
			$$NODEOBS_TEST_NODE $(RUN_JS) || failed+=" [JavaScript $$version]"
		fi
		echo "-- system tests, node $$version"
		if [[ -n "$(SMOKE)" ]]; then
			$(SYSTEM) -m smoke || failed+=" [system $$version]"
		else
			$(SYSTEM) $(KERNEL) || failed+=" [kernel $$version]"
			$(SYSTEM) $(APART) || failed+=" [system $$version]"
		fi
	done
	[[ -z $$failed ]] || { echo "-- failed:$$failed"; exit 1; }
	echo "-- passed on Node.js $(MATRIX)"

.matrix/.installed: tests/matrix/package.json tests/matrix/package-lock.json | $(VENV)/.node-$(NODE_VERSION)
	@echo "-- Node.js binaries for the matrix (.matrix)"
	if [[ $$(uname -sm) != "Linux x86_64" ]]; then
		echo "make test-matrix has binaries for Linux on x86-64 only. Elsewhere, run one version with" >&2
		echo "  make test NODEOBS_TEST_NODE=/path/to/node" >&2
		exit 1
	fi
	mkdir -p .matrix
	cp tests/matrix/package.json tests/matrix/package-lock.json .matrix/
	cd .matrix
	$(NPM_CI) >/dev/null
	touch .installed

lock: setup ## remake the lock files (UPGRADE=1: to the newest versions allowed)
	@echo "-- requirements.lock"
	$(PY) -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		$(if $(UPGRADE),--upgrade) --group dev -o requirements.lock pyproject.toml
	for dir in . examples tests/matrix; do
		echo "-- $$dir/package-lock.json"
		(cd $$dir && npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --loglevel=error >/dev/null)
	done

clean: ## remove everything the other targets made
	@rm -rf .venv .matrix node_modules examples/node_modules native/build prebuilds dist build
	rm -f py/nodeobs/usdt/_stapsdt*.so py/nodeobs/usdt/_stapsdt.reason
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
