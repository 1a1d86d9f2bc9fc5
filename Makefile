# make demo   analyse, build, import and train a mixer on real text (about two minutes)
# make test   the test suite
# make check  formatting, lint and types, of glmc and of what it generates
#
# Each target creates .venv on first use. PYTHON chooses the interpreter that it is made from.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
GOLDEN := tests/golden

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: demo test check clean

demo: $(READY)
	$(VENV)/bin/python examples/demo.py

test: $(READY)
	$(VENV)/bin/python -m pytest -n 2 --dist worksteal -q

check: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy $(wildcard $(GOLDEN)/*/)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	touch $@
