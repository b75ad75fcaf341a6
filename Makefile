# make demo      recipe to release on a local Hub, without an LLM or an account
# make test      the fast tests
# make check     lint, format, types, reference pages
# make slow      the slow tests: browsers, killed processes, the built wheel, several hosts
# make trackers  experiment trackers, installed for it
# make audit     known holes in the pinned packages, by pip-audit
# make docs      the reference pages, written from the code
# make space     the Space on the demo's models
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.installed
TOOLS   = $(VENV)/.tools
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
TOO_OLD = corpusmith needs Python 3.10 or newer: make PYTHON=python3.11

.PHONY: demo space test check slow trackers audit docs clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("$(TOO_OLD)" if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[train]'
	touch $@

$(TOOLS): $(READY)
	$(INSTALL) --editable '.[train,space,scale,documents,report,dev]'
	touch $@

demo: $(READY)
	$(BIN)/corpusmith run demo-disease demo-gene-disease --hub local

space: demo
	$(INSTALL) --editable '.[train,space]'
	CORPUSMITH_NER_MODELS=runs/demo-disease/model \
	CORPUSMITH_RELATION_MODEL=runs/demo-gene-disease/model $(BIN)/python space/app.py

test: $(TOOLS)
	$(BIN)/pytest -m 'not slow' -n 2

check: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/reference/generate.py --check

# Three workers on two cores: many of these tests wait, for a lost host or a killed process.
slow: $(TOOLS)
	$(BIN)/pytest -m slow -n 3 --dist loadfile --no-loadscope-reorder

trackers: $(TOOLS)
	$(INSTALL) --editable '.[train,trackers]'
	$(BIN)/pytest tests/training/test_tracking.py

# An environment of its own: pip-audit's requirements are none of ours. It lists as skipped what the index has no
# advisories for; tests/test_advisories.py holds the dated list in .ci/advisories.yaml either way.
audit:
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(VENV)-audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

docs: $(TOOLS)
	$(BIN)/python docs/reference/generate.py

clean:
	rm -rf $(VENV) $(VENV)-audit runs
