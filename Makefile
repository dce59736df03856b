# Everything runs from .venv, which `setup` builds from requirements.lock.

VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready

# This pip shows a bar while it unpacks; a terminal is needed for it, so elsewhere we count.
PIP_VERSION := 26.3
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check

# Packages are compiled when they are first imported, and that has to be kept: without it, every
# process compiles Dagster anew, two seconds each time.
unexport PYTHONDONTWRITEBYTECODE

# The newest suitable Python that starts; choose another with `make PYTHON=/path/to/python3.12`.
PYTHON ?= $(or $(shell for python in python3.13 python3.12 python3.11; do \
	$$python -c "" 2>/dev/null && { echo $$python; break; }; done),python3)

# An index of PyTorch's CPU builds. Where the index that pip is set up for has builds for a GPU, as
# PyPI has for Linux on x86-64, 2.7 GB are fetched without one, and 0.2 GB with it.
PYTORCH_INDEX_URL ?=

SAMPLE_DATA ?= data/sample_conversations.json
SAMPLE_CAMPAIGNS ?= data/sample_campaigns.json
SAMPLE_USER ?= user-011

# Spark starts in half the time from it.
CLASS_ARCHIVE := $(VENV)/share/marketing-personalization-platform/spark-classes.jsa

.PHONY: up down setup browser test types definitions archive-meanwhile secrets lint fmt lock
.DEFAULT_GOAL := up

# Start the stack, ingest the sample where nothing is, show a recommendation.
up: setup
	@$(MAKE) --question $(CLASS_ARCHIVE) || $(MAKE) --no-print-directory archive-meanwhile
	$(BIN)/mpp up
	$(BIN)/mpp campaigns --if-empty $(SAMPLE_CAMPAIGNS)
	$(BIN)/mpp ingest --if-empty $(SAMPLE_DATA)
	$(BIN)/mpp recommend $(SAMPLE_USER)

# Stop the stack; its data stays in .mpp/.
down:
	$(BIN)/mpp down

setup: $(READY)

# Its Python may have gone, or have become another one, which has none of the packages. Of a
# checkout that was moved or copied, its programs name the folder that it was made in.
IS_FROM_ELSEWHERE := { test -s $(READY) && test "$$(cat $(READY))" != "$$(pwd -P)"; }
ifneq ($(shell $(IS_FROM_ELSEWHERE) || $(BIN)/python -c "import pip; print('there')" 2>/dev/null),there)
.PHONY: $(READY)
endif

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) mpp_local/prerequisites.py
	@echo "Setting up $(VENV) with $$($(PYTHON) --version), once; this takes a few minutes."
	@! $(IS_FROM_ELSEWHERE) && $(BIN)/python -m pip --version >/dev/null 2>&1 || \
		$(PYTHON) -m venv --clear $(VENV)
	@$(PIP_INSTALL) --quiet pip==$(PIP_VERSION)
	@# From this index nothing but torch itself, as in the Dockerfile.
	@test -z "$(PYTORCH_INDEX_URL)" || $(PIP_INSTALL) --no-deps --index-url "$(PYTORCH_INDEX_URL)" \
		$$(grep ^torch== requirements.lock)
	@# The count ends with this shell, however that ends.
	@test -t 1 || while sleep 5 && kill -0 $$$$ 2>/dev/null; do \
		echo "  $$(ls -d $(VENV)/lib/*/site-packages/*.dist-info | wc -l) of $$(grep -c == requirements.lock) packages in place"; \
	done & counter=$$!; \
	$(PIP_INSTALL) --no-compile --requirement requirements.lock; status=$$?; \
	kill $$counter 2>/dev/null; exit $$status
	@$(PIP_INSTALL) --quiet --no-deps --editable .
	@pwd -P >$@

# The explorer page is tested in Chromium; root on Debian gets it installed.
browser:
	@$(PYTHON) mpp_local/prerequisites.py browser

# Everything that must hold before a change is accepted.
test: browser lint
	@$(MAKE) --no-print-directory --jobs=2 types $(CLASS_ARCHIVE) definitions
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses=2 --no-loadscope-reorder --durations=25

types: setup
	$(BIN)/mypy

# An instance of its own: the repository's dagster.yaml names a Postgres that runs.
definitions: setup
	home=$$(mktemp -d); DAGSTER_HOME="$$home" $(BIN)/dagster definitions validate; \
		status=$$?; rm -r "$$home"; exit $$status

$(CLASS_ARCHIVE): $(READY)
	$(BIN)/python -m mpp_assets.class_archive

# In what time others leave, for a minute or two after this command has ended.
archive-meanwhile:
	@echo "Meanwhile Spark's classes are put into an archive, from which later runs start faster."
	@mkdir -p $(dir $(CLASS_ARCHIVE))
	@nice -n 19 $(MAKE) $(CLASS_ARCHIVE) >$(CLASS_ARCHIVE:.jsa=.log) 2>&1 &

# Passwords and addresses for docker-compose.yml; kept where they exist.
secrets:
	deploy/secrets.sh

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

fmt: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Exact versions for every machine: no index, no build-specific suffix such as torch's +cpu, and
# none of the packages that a torch for GPUs needs, for which see PYTORCH_INDEX_URL.
lock: setup
	$(if $(PYTORCH_INDEX_URL),PIP_EXTRA_INDEX_URL="$(PYTORCH_INDEX_URL)") \
	$(BIN)/pip-compile --quiet --extra=pipeline --extra=cli --extra=local --extra=dev \
		--no-annotate --no-emit-find-links \
		--no-emit-index-url --no-emit-options --no-emit-trusted-host --strip-extras \
		--output-file=requirements.lock pyproject.toml
	sed -i.bak 's/^\(torch==[0-9.]*\)+.*/\1/' requirements.lock && rm requirements.lock.bak
