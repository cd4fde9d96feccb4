# make app           installs what is missing and opens the web page; the models are fetched while you look around
# make app LIGHT=1   the same without language model and with the small encoder: nothing more is fetched
# make models        fetches the models and waits for them
# make test          everything that is checked: style, types, tests with the real models, the page in a real browser
# make clean         removes the environment; cases and fetched models stay where they are

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
LIGHT   ?=
BIN     := .venv/bin
# Keyed on what is to be installed, not on file times, which a checkout changes at will.
STAMP   := .venv/installed-$(shell cat pyproject.toml constraints.txt | cksum | tr ' ' '-')

export POA_LIGHT := $(or $(POA_LIGHT),$(LIGHT))

.DEFAULT_GOAL := app
.PHONY: app models test lint chromium clean

app: $(STAMP)
	@$(BIN)/poa app

models: $(STAMP)
	@$(BIN)/python -m rag.weights

test: $(STAMP) models chromium lint
	$(BIN)/python -m pytest -q

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy

# The browser tests drive Debian's own Chromium. Without it, and without the right to install it, they are skipped.
chromium:
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then \
	  exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then sudo=; \
	elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then sudo="sudo -n"; \
	else echo "No Chromium here and no right to install it: the browser tests are skipped (sudo apt-get install chromium)." >&2; exit 0; fi; \
	echo "Installing chromium for the browser tests (about 100 MB, a minute or two) ..." >&2; \
	{ $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends chromium; } >/dev/null \
	  || echo "Chromium could not be installed: the browser tests are skipped (apt-get install chromium)." >&2

$(STAMP): pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 is needed, found: $$("$(PYTHON)" --version 2>&1). Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing Python packages into .venv (about 500 MB of downloads, 3 to 7 minutes, once) ..." >&2
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv .venv || { \
	  echo "The environment could not be made; on Debian: apt-get install python3.11-venv" >&2; rm -rf .venv; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@rm -f .venv/installed-*
	@touch $@

clean:
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
