# Everything starts here. A fresh clone needs make and Python 3.11 or later; nothing else.
#
#   make demo     a first result and its report
#   make test     the checks a change must pass
#   make help     the rest

PYTHON  ?= python3
WORKERS ?= 2
VENV    := .venv
BIN     := $(VENV)/bin
UV      := $(shell command -v uv 2>/dev/null)
BUILD   := --no-deps --no-build-isolation --editable .
FAST     = "--xla_backend_optimization_level=1 --xla_cpu_use_fusion_emitters=false"
COMPILE  = $(or $(UV),uv) pip compile -q --universal --python-version 3.11 --generate-hashes \
           --no-emit-index-url --custom-compile-command "make lock" --group build pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup demo test science bench lint format docs lock clean

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(VENV)/.dev ## Install goalscope and what its tests need into .venv

demo: $(VENV)/.run ## Train a few small populations, measure their goals, write a report
	@$(BIN)/goalscope demo

test: $(VENV)/.dev ## Lint, then run every test but the slow ones
	@$(BIN)/ruff check
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile $(TESTS)

science: $(VENV)/.dev ## Run the slow tests: minutes of training each
	@XLA_FLAGS=$(FAST) $(BIN)/python -m pytest -q -n $(WORKERS) -m science $(TESTS)

bench: $(VENV)/.dev ## Time what the documents say is fast
	@$(BIN)/python -m benchmarks

lint: $(VENV)/.dev ## Check style, format, types and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-cache --no-logo

format: $(VENV)/.dev ## Format every file
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix --select I

docs: $(VENV)/.dev ## Write docs/reference.md from the docstrings
	@$(BIN)/python docs/write_reference.py

lock: ## Resolve the dependencies anew (needs uv)
	@$(COMPILE) -o requirements.lock
	@$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock

clean: ## Remove the environment and every cache; results stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two environments in one folder: what a run needs, and on top of it what the tests need.
# A stamp remembers that it is installed, until a lock or pyproject.toml changes.

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing what goalscope needs into $(VENV) (once; about 700 MB)"
	@$(call install,requirements.lock)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "installing what goalscope and its tests need into $(VENV) (once; about 1 GB)"
	@$(call install,requirements-dev.lock)
	@touch $(VENV)/.run $@

ifneq ($(UV),)
define install
$(UV) pip install -q -p $(BIN)/python --require-hashes -r $(1) && \
$(UV) pip install -q -p $(BIN)/python $(BUILD)
endef
else
PIP := $(BIN)/python -m pip --disable-pip-version-check
define install
{ $(PIP) -V || $(BIN)/python -m ensurepip; } >/dev/null 2>&1 && \
$(PIP) install -q --require-hashes -r $(1) && $(PIP) install -q $(BUILD)
endef
endif

ifneq ($(UV),)
$(BIN)/python:
	@$(UV) venv -q --python ">=3.11" $(VENV)
else
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "goalscope needs Python 3.11 or later, and '$(PYTHON)' was not found."; \
	  echo "Install one, or say where it is: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "goalscope needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) -V)."; \
	  echo "Say where a newer one is: make PYTHON=/path/to/python3.11 ..., or install uv."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python could not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }
endif
