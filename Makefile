# How to run, test and build Plaudit: every command begins here, and brings its own tools.

PYTHON ?= python3
UV := .tools/bin/uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := help
.PHONY: help run test lint fmt bench lock schema pictures clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: .venv/.run ## start a demo on SQLite: nothing to set up
	@if $(OLD_NODE) || ! command -v npm >/dev/null; then \
		echo "The dashboard is not built: that needs Node 20 or newer, with npm. Everything else works."; \
	else $(MAKE) --no-print-directory --silent dashboard/node_modules/.built || echo "The dashboard could not be built. Everything else works."; fi
	@exec .venv/bin/plaudit demo

test: lint tests/stand-in/node_modules/.done ## lint, types, import contracts, all tests
	.venv/bin/pytest -n 2

lint: .venv/.dev ## style, types, import contracts, the written schema, the dashboard
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/plaudit schema --check
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory --silent dashboard/node_modules/.built && cd dashboard && $(WITH_NODE) npm run --silent check; fi

fmt: .venv/.dev ## put the code into its style
	.venv/bin/ruff check --fix --exit-zero
	.venv/bin/ruff format

bench: .venv/.dev ## measure
	.venv/bin/python -m bench

schema: .venv/.run ## write graphql/schema.graphql anew
	.venv/bin/plaudit schema

pictures: .venv/.run docs/pictures/node_modules/.done ## draw the pictures of docs/slack.md and of the demo's rewards anew: needs Chromium
	node docs/pictures/rewards.mjs
	.venv/bin/python docs/pictures/scenes.py build/pictures
	node docs/pictures/draw.mjs build/pictures

lock: .tools/.done ## pin what pyproject.toml asks for (pins stay as they are; delete a lock first to renew it)
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	printf 'uv\nhatchling\neditables\n' | $(LOCK) - -o requirements-tools.lock

clean: ## remove everything that can be made again
	rm -rf .venv .tools build tests/stand-in/node_modules docs/pictures/node_modules dashboard/node_modules dashboard/src/contract \
		app/static/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The tools that make the environment live outside it: uv, and hatchling, which builds us without a download of its own.
.tools/.done: requirements-tools.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Plaudit needs Python 3.11 or newer, and $(PYTHON) is `$(PYTHON) --version 2>&1`. Name another: make PYTHON=/path/to/python3"; exit 1; } >&2
	@echo "Installing uv into .tools, once."
	@$(PYTHON) -m venv --clear .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $@

# Two stamps on one environment: .run says that it can run Plaudit, .dev that it can test it, too; what is .dev stays .dev.
# The project goes in as hatchling's editable wheel: its command and version are real, and building it downloads nothing.
INSTALL = set -e; \
	[ -x .venv/bin/python ] || $(UV) venv --quiet --clear --python $(PYTHON) .venv; \
	$(UV) pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode $$lock; \
	rm -rf build/editable; .tools/bin/python -m hatchling build -t wheel:editable -d build/editable; \
	$(UV) pip install --quiet --python .venv/bin/python --no-deps build/editable/*.whl

.venv/.run: .tools/.done requirements.lock pyproject.toml
	@echo "Installing what Plaudit needs into .venv, once."
	@lock=requirements.lock; [ ! -e .venv/.dev ] || lock=requirements-dev.lock; $(INSTALL)
	@[ ! -e .venv/.dev ] || touch .venv/.dev
	@touch $@

.venv/.dev: .tools/.done requirements.lock requirements-dev.lock pyproject.toml
	@echo "Installing what Plaudit and its tests need into .venv, once."
	@lock=requirements-dev.lock; $(INSTALL)
	@touch .venv/.run $@

# What plays Slack in the tests, from npm: it brings a Node of its own where Node is packaged for the machine (Linux).
tests/stand-in/node_modules/.done: tests/stand-in/package.json tests/stand-in/package-lock.json tests/stand-in/.npmrc
	@command -v npm >/dev/null || \
		{ echo "The tests need npm, for what plays Slack in them. Install it (Debian: apt-get install nodejs npm), and say make test again."; exit 1; } >&2
	@echo "Installing what plays Slack into tests/stand-in, once."
	@cd tests/stand-in && npm ci --loglevel=error >/dev/null
	@cd tests/stand-in && PATH="$$(echo "$$PWD"/node_modules/node-linux-*/bin):$$PATH" node -e \
		'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 15) ? 0 : 1)' || \
		{ echo "What plays Slack in the tests needs Node 22.15 or newer."; exit 1; } >&2
	@touch $@

# What draws the pictures, from npm.
docs/pictures/node_modules/.done: docs/pictures/package.json docs/pictures/package-lock.json docs/pictures/.npmrc
	@command -v npm >/dev/null || { echo "The pictures need npm. Install it (Debian: apt-get install nodejs npm), and say make pictures again."; exit 1; } >&2
	@echo "Installing what draws the pictures into docs/pictures, once."
	@cd docs/pictures && npm ci --loglevel=error >/dev/null
	@touch $@

# The web page: what it is made with, and the page itself, made anew when its sources or the contract change.
dashboard/node_modules/.done: dashboard/package.json dashboard/package-lock.json dashboard/.npmrc
	@echo "Installing what the dashboard is made with into dashboard/node_modules, once."
	@cd dashboard && npm ci --loglevel=error >/dev/null
	@touch $@

# The machine's own Node where it is new enough, else the one that came with what plays Slack in the tests.
OLD_NODE := ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null
WITH_NODE := PATH="$$($(OLD_NODE) && echo "$(CURDIR)"/tests/stand-in/node_modules/node-linux-*/bin:)$$PATH"

PAGE := $(shell find dashboard/src dashboard/public dashboard/scripts -type f -not -path '*/contract/*') \
	$(wildcard dashboard/*.ts dashboard/*.json dashboard/index.html graphql/schema.graphql graphql/operations/*.graphql)

dashboard/node_modules/.built: dashboard/node_modules/.done $(PAGE)
	@if $(OLD_NODE); then $(MAKE) --no-print-directory --silent tests/stand-in/node_modules/.done; fi
	@echo "Building the dashboard, once."
	@cd dashboard && $(WITH_NODE) npm run --silent build -- --logLevel warn
	@touch $@
