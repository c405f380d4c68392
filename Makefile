# make up     sets everything up, runs the mesh on real data and opens the UI (Ctrl-C stops it)
# make test   sets everything up and passes every test
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# Hundreds of processes start here: what one of them has compiled, the others read.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml
	@tools/setup.sh runtime

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml
	@tools/setup.sh dev

up: $(VENV)/runtime.stamp ## replay real data, publish the whole mesh, open the Dagster UI
	@exec $(BIN)/mesh up

run: $(VENV)/runtime.stamp ## the headless part of `make up`: exit 0 when every product was published, else 1
	@exec $(BIN)/mesh run

setup: $(VENV)/dev.stamp ## everything that developing needs

check: $(VENV)/dev.stamp ## the fast part of the tests (under two minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/mesh lint
	$(BIN)/mesh compile --check
	$(BIN)/sqlfluff lint --processes 2 dbt_projects
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test: $(VENV)/dev.stamp ## every test
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/dev.stamp ## measure, and write docs/benchmarks.md
	$(BIN)/python -m bench

lock: $(VENV)/dev.stamp ## pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-emit-index-url --no-header --no-annotate pyproject.toml --extra dev -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-emit-index-url --no-header --no-annotate pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt

clean: ## forget all state of the mesh (.mesh); the code and the environment stay
	rm -rf .mesh

.PHONY: help up run setup check test bench lock clean
