# make demo: the main job on embedded defaults · make test: the fast suite · make check: lint and types · make slow: the rest · make trackers: experiment trackers, installed for it
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
READY   = $(VENV)/.installed
TOOLS   = $(VENV)/.tools
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo space test check slow trackers clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("corpusmith needs Python 3.10 or newer: make PYTHON=python3.11") if sys.version_info < (3, 10) else None'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[train]'
	touch $@

$(TOOLS): $(READY)
	$(INSTALL) --editable '.[train,space,scale,report,dev]'
	touch $@

demo: $(READY)
	$(BIN)/corpusmith run demo-disease demo-gene-disease --hub local

space: demo
	$(INSTALL) --editable '.[train,space]'
	CORPUSMITH_NER_MODELS=runs/demo-disease/model CORPUSMITH_RELATION_MODEL=runs/demo-gene-disease/model $(BIN)/python space/app.py

test: $(TOOLS)
	$(BIN)/pytest -m 'not slow' -n 2

check: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

slow: $(TOOLS)
	$(BIN)/pytest -m slow -n 2 --dist loadfile

trackers: $(TOOLS)
	$(INSTALL) --editable '.[train,trackers]'
	$(BIN)/pytest tests/training/test_tracking.py

clean:
	rm -rf $(VENV) runs
