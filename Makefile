# The doors of the house; `make help` lists them. A machine needs Python 3.11 or newer and nothing else for `make run`.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
WORDS := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/*.po))
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(UP)
export PORT

.DEFAULT_GOAL := help
.PHONY: help run test lint lock bench packages

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp $(WORDS) ## a demo instance at http://127.0.0.1:8000, web and worker; PORT= and TIPLINE_VAR= move it
	@exec $(BIN)/python -m tipline.supervisor --tied

test: $(VENV)/dev.stamp $(WORDS) packages ## every test; what Debian packages they need are installed first
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/dev.stamp ## style, types, walls, spelling, lengths of messages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy app.py tipline sms content tests bench
	$(BIN)/lint-imports
	$(BIN)/python -m content.spell translations/st content/st
	$(BIN)/python -m sms.conversation

bench: $(VENV)/dev.stamp $(WORDS) packages ## speed as ratios against bare Flask, measured side by side
	@$(BIN)/python -m bench

lock: | $(VENV)/bin/python ## fix what requirements*.txt ask for, with hashes (`make lock UP=--upgrade`: the newest)
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet uv
	$(LOCK) requirements.txt --output-file requirements.lock
	$(LOCK) requirements.txt requirements-dev.txt --output-file requirements-dev.lock

packages:
	@sh .ci/packages

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

# The development requirements contain the others, so a machine that has them does not install anything for `make run`.
$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements.lock requirements-dev.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

%.mo: %.po | $(VENV)/bin/python
	@$(BIN)/python -m tipline.translations
