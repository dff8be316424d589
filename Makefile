# Everything a person or a build machine does here, by name; `make` lists it.
#
#   PYTHON=python3.12  which Python makes the virtual environment (3.11 or later)
#   DATA=...           which shop the demo uses: simulated, cdnow or online-retail-ii
#   HOST=... PORT=...  where `make serve` listens
#   SECONDS=... SEED=...  how long `make fuzz` feeds (about four minutes at least), and which bytes go into the socket

PYTHON ?= python3
VENV   ?= .venv
DATA   ?= simulated
FOLDER ?= demo
HOST   ?= 127.0.0.1
PORT   ?= 8000
SECONDS ?= 600
SEED   ?= 1
UV     ?= uv

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev demo serve test check style types layers format audit fuzz docs notebooks bench lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{ printf "  make %-11s %s\n", $$1, $$2 }'

# --- installing --------------------------------------------------------------------------------
# A stamp in the virtual environment is newer than the locks when there is nothing to do.

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Expected a Python 3.11 or later called '$(PYTHON)', found none. Install one, or name yours: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Expected Python 3.11 or later, got $$($(PYTHON) --version) from '$(PYTHON)'. Name another one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.setup: requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --require-hashes -r requirements-build.lock
	$(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .
	@$(call can_import_lightgbm)
	@touch $@

$(VENV)/.setup-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	$(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .
	@$(call can_import_lightgbm)
	@touch $(VENV)/.setup $@

define can_import_lightgbm
$(BIN)/python -c 'import lightgbm' || { echo "LightGBM is installed but cannot be loaded, most likely because the OpenMP library is missing. Debian and Ubuntu: apt-get install libgomp1. macOS: brew install libomp. Then run make again." >&2; exit 1; }
endef

setup: $(VENV)/.setup ## Install Ebbtide into .venv, every package checked against its hash

setup-dev: $(VENV)/.setup-dev ## The same with the tools for tests and checks

# --- using -------------------------------------------------------------------------------------

demo: setup ## From data to scored customers in one go; DATA=simulated|cdnow|online-retail-ii
	$(BIN)/python examples/demo.py --data $(DATA) --folder $(FOLDER)

serve: setup ## Keep the service of the last demo running; DATA, HOST and PORT as above
	@test -f $(FOLDER)/$(DATA)/ebbtide.toml || { echo "Expected a trained project in $(FOLDER)/$(DATA), found none. Make one first: make demo DATA=$(DATA)" >&2; exit 1; }
	env -u MLFLOW_TRACKING_URI $(BIN)/ebbtide serve --config $(FOLDER)/$(DATA)/ebbtide.toml --host $(HOST) --port $(PORT)

# --- building ----------------------------------------------------------------------------------

test: setup-dev ## Run all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: style types layers ## Look for faults without running anything; the three below together

style: setup-dev ## Check the style and form of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev ## Check the types of the four packages
	$(BIN)/mypy

layers: setup-dev ## Check who imports whom
	$(BIN)/lint-imports

format: setup-dev ## Put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: setup-dev ## Ask for known holes in the locked packages, and look for secrets in files and history
	$(BIN)/python .ci/audit_packages.py
	$(BIN)/python .ci/find_secrets.py

fuzz: setup-dev ## Feed all that reads what others send with spoiled input, for SECONDS and at least four minutes
	PYTHONPATH=. $(BIN)/python -m fuzz.run --seconds $$(( $(SECONDS) * 4 / 5 ))
	PYTHONPATH=. $(BIN)/python -m fuzz.sockets --seconds $$(( $(SECONDS) / 5 )) --seed $(SEED)

docs: setup-dev ## Check that all that can be used is documented, and that the examples run
	$(BIN)/python -m pytest $(wildcard tests/docs) ebbtide features training service

notebooks: setup-dev ## Run every notebook from top to bottom
	$(BIN)/python -m pytest --nbmake --nbmake-timeout=300 -p no:cacheprovider notebooks

bench: setup-dev ## Measure accuracy on the real shop (protocol ORII-90; needs EBBTIDE_DATA_DIR)
	$(BIN)/ebbtide backtest --config examples/online-retail-ii.toml --as-of 2010-12-01,2011-03-01,2011-06-01,2011-09-09 --out $(FOLDER)/orii-90.parquet

lock: ## Resolve the packages anew and write the three locks (needs uv)
	$(COMPILE) pyproject.toml --extra fast -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	printf 'hatchling>=1.27\neditables>=0.5\n' | $(COMPILE) --no-annotate - -c requirements-dev.lock -o requirements-build.lock

clean: ## Remove what was built; the virtual environment and the demo's data stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
