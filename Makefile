# Thaw. `make help` lists what there is. Set-up lives in packaging/setup_environment.py.

PYTHON ?= $(firstword $(foreach name,python3 python3.11 python3.12 python3.13 python3.14 python,$(shell command -v $(name))))
BIN := .venv/bin
TESTS ?= tests
SEEDS ?= ../shared/data/messy
# Test files go to two processes: each has torch in it (up to 2.6 GB), and one alone leaves a core idle.
PARALLEL := -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test test-all demo lint bench fuzz installer screenshots tables clean environment dev-environment

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: environment ## set up Thaw and open its window (without a display: the demonstration)
	@if [ "$$(uname)" = Darwin ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		exec $(BIN)/python -m desktop_app; \
	else \
		echo "There is no display here, so Thaw runs its demonstration instead of opening the window."; \
		exec $(BIN)/python -m engine demo; \
	fi

demo: environment ## the whole job on the built-in sample set: train, test, predict
	@$(BIN)/python -m engine demo

test: dev-environment ## the tests (TESTS=path for some of them)
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(PARALLEL) $(TESTS)

test-all: dev-environment ## the tests and the long ones
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(PARALLEL) -m "not bench" $(TESTS)

bench: dev-environment ## measure speed and print the figures
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -m bench -s $(TESTS)

fuzz: dev-environment ## damaged photos for ten minutes (SEEDS=folder of photos to damage)
	@$(BIN)/python -m tests.fuzz_reader --seconds 600 --seeds $(SEEDS)

lint: dev-environment ## ruff, mypy and the import contracts
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

installer: dev-environment ## build the field edition (no torch) in dist/thaw-field
	@$(BIN)/python packaging/build_field_edition.py

screenshots: dev-environment ## pictures of every page, light and dark, in build/screenshots
	@for scheme in light dark; do $(BIN)/python -m tests.screenshots build/screenshots --scheme $$scheme; done

tables: dev-environment ## make resources/tables anew from the networks
	@$(BIN)/python -m engine.models.make_tables

clean: ## remove what was built; .venv stays
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find engine desktop_app resources packaging tests -name __pycache__ -type d -prune -exec rm -rf {} +

environment dev-environment:
	@if [ -z "$(PYTHON)" ]; then echo "Thaw needs Python 3.11 or newer; found none. Install it, then run this again."; exit 1; fi
	@"$(PYTHON)" packaging/setup_environment.py $(if $(filter dev-%,$@),--dev)
