# Everything that a user or a contributor types. `make help` lists it.
SHELL := /bin/bash
# Any Python from 3.11 on; the pins in envs/ were made for the first of these.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
CORES ?= $(shell nproc)
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run quick long extras tools compare agree test lint format publish verify client-matrix hostile writers reference calibrate test-long test-s3 test-servers test-tools docs dist schemas lock pins history measure test-engines clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 15

# Without the other tools the cells of their commands say what is missing, and all others are measured.
HAVE_TOOLS = @$(MAKE) --no-print-directory tools || echo "make: the other tools can't be installed; cells that need them aren't measured" >&2

run: $(VENV)/.run ## measure everything in config.yaml (35 minutes on 2 cores, as budget_minutes says); results/benchmark_report.html
	$(HAVE_TOOLS)
	$(BIN)/snakemake --logger bench-progress --cores $(CORES)

quick: $(VENV)/.run ## the same at a small size (under three minutes); results/quick/benchmark_report.html
	$(HAVE_TOOLS)
	$(BIN)/snakemake --logger bench-progress --cores $(CORES) --configfile workflow/quick.yaml

measure: $(VENV)/.run ## measure your own source for two minutes: what to use, and what all of it takes; SOURCE=path/or/url (COLLECTION, REQUESTS, MINUTES)
	@test -n "$(SOURCE)" || { echo "make measure: say what to measure: SOURCE=path/or/url; of an API with COLLECTION=, and REQUESTS= where it isn't this machine's" >&2; exit 2; }
	@$(BIN)/snakemake measure --logger bench-progress --cores $(CORES) --config source="$(SOURCE)" \
	  $(if $(COLLECTION),collection="$(COLLECTION)") $(if $(REQUESTS),requests=$(REQUESTS)) $(if $(MINUTES),budget_minutes=$(MINUTES)) $(OPTIONS)

long: $(VENV)/.run ## slow servers and a million items (about half an hour, 15 GB); results/long/benchmark_report.md
	$(HAVE_TOOLS)
	$(BIN)/snakemake --logger bench-progress --cores $(CORES) --configfile workflow/long.yaml

extras: $(VENV)/.extras ## install the extras: object stores, pgstac, Delta Lake, Iceberg, DuckDB

tools: .venv-tools/.ready ## install the other tools that are compared; `make run` calls it

compare: $(VENV)/.run ## judge results/ against an earlier run: BASELINE=path/to/benchmark_results.json; or this build against a commit: BASE=REF
	@test -n "$(BASELINE)$(BASE)" || { echo "make compare: name what to compare with: BASELINE=path/to/benchmark_results.json or BASE=REF" >&2; exit 2; }
	$(if $(BASELINE),$(BIN)/python -m ingest_bench compare "$(BASELINE)" $(if $(CURRENT),"$(CURRENT)"))
	$(if $(BASE),$(BIN)/python -m ingest_bench compare-builds "$(BASE)" $(if $(CELLS),--cells $(CELLS)) $(if $(PAIRS),--pairs $(PAIRS)) \
	  $(if $(CONFIG),--config "$(CONFIG)") $(if $(strip $(ACCEPT)),--accept $(ACCEPT)))

history: $(VENV)/.run ## show all runs: what has moved, and machines side by side (HISTORY="further results or folders of them"); results/history/history.html
	$(BIN)/python -m ingest_bench history $(HISTORY)

calibrate: $(VENV)/.run ## test the harness on systems with known answers (under five minutes); results/calibration.json
	$(BIN)/python -m ingest_bench calibrate

agree: $(VENV)/.run ## five runs, two beside a program that takes a core half of the time: is the advice the same? (three hours; RUNS, LOADED, FOLDER)
	$(HAVE_TOOLS)
	$(BIN)/python -m ingest_bench agree --cores $(CORES) $(if $(RUNS),--runs $(RUNS)) $(if $(LOADED),--loaded $(LOADED)) $(if $(FOLDER),--folder "$(FOLDER)")

test: $(VENV)/.dev ## run the tests, and a tenth of the slow ones, several files at once (TEST_TENTH says which tenth)
	TEST_TENTH=$${TEST_TENTH:-$$(git rev-parse --short HEAD 2>/dev/null || echo none)} $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test-long: $(VENV)/.dev .venv-writers/.ready ## run all slow tests, and long ones: kills, many items past faults, fuzzing, more examples (over an hour; TEST_ITEMS, TEST_INPUTS, TEST_KILLS)
	TEST_LONG=1 TEST_WRITERS=.venv-writers/bin/python $(BIN)/pytest $$(grep -rlE --include='test_*.py' 'TEST_LONG|long_lane' tests) -s -rs
	$(BIN)/pytest -m slow --ignore tests/long -rs -n auto --dist loadfile --no-loadscope-reorder
	TEST_LONG=1 $(BIN)/pytest tests/unit tests/integration -m hypothesis -rs -n auto --dist loadfile

test-s3: $(VENV)/.dev .venv-s3/.ready ## test stores against local servers in an environment of their own (Azurite where TEST_AZURITE names it)
	TEST_MOTO_SERVER=.venv-s3/bin/moto_server TEST_FAKE_GCS_SERVER=$$(find .venv-s3 -type f -path '*/vendor/*' -name 'fake-gcs-server-*' | head -1) \
		$(BIN)/pytest tests/integration/test_sharding_s3.py tests/integration/test_stored_servers.py -rs

test-servers: $(VENV)/.dev .venv-servers/.ready ## test with real STAC servers, and the simulator with the STAC API validator
	TEST_SERVERS=.venv-servers $(BIN)/pytest tests/servers -rs -n auto --dist loadfile

test-tools: $(VENV)/.dev .venv-tools/.ready ## test what other tools deliver, each arm of `make run` and `make long`
	TEST_TOOLS=1 $(BIN)/pytest tests/integration/test_field_tools.py -rs

test-engines: $(VENV)/.dev ## test the workflow on SLURM, Son of Grid Engine and task-spooler on this machine (Debian's packages; root; ENGINE)
	TEST_ENGINES=1 $(BIN)/pytest tests/engines -rs $(if $(ENGINE),-k $(ENGINE))

lint: $(VENV)/.dev ## check style, types and workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/rules

publish: $(VENV)/.run ## copy the report of `make run` to docs/run, and its tables to the README
	$(BIN)/python -m ingest_bench publish

verify: $(VENV)/.run ## recompute every published number from the samples of its receipt
	$(BIN)/python -m ingest_bench verify docs/run/receipt.zip --readme README.md --docs docs/run

client-matrix: $(VENV)/.dev ## measure what STAC clients deliver from hostile servers (a few minutes); docs/client-matrix.md
	$(BIN)/python -m ingest_bench client-matrix --output docs/client-matrix.md

hostile: client-matrix

writers: $(VENV)/.dev .venv-writers/.ready ## try which tables of items other programs write and read (about ten minutes); docs/writers.md
	$(BIN)/python -m ingest_bench writers --output docs/writers.md --python .venv-writers/bin/python

reference: $(VENV)/.run ## mirror 5 million simulated items through changes and kills (hours; resumes; ITEMS, FOLDER); results/reference/reference.md
	$(BIN)/python -m ingest_bench reference $(if $(ITEMS),--items $(ITEMS)) $(if $(FOLDER),--folder "$(FOLDER)")

dist: .venv-release/.ready ## build and check a wheel and an sdist; dist/
	rm -rf dist
	.venv-release/bin/python -m build --quiet --outdir dist
	.venv-release/bin/twine check --strict dist/*

docs: .venv-docs/.ready ## build the documentation site, and check its links; site/index.html
	.venv-docs/bin/zensical build --clean --strict

schemas: $(VENV)/.run ## regenerate workflow/schemas, docs/results.md and docs/formats.md
	$(BIN)/python -m ingest_bench schemas workflow/schemas
	$(BIN)/python -m ingest_bench results-doc docs/results.md
	$(BIN)/python -m ingest_bench formats-doc docs/formats.md

lock: $(VENV)/.dev ## update the pins envs/*.txt from envs/*.in
	cd envs && for name in requirements requirements-extras requirements-dev requirements-s3 requirements-servers requirements-tools requirements-writers requirements-release requirements-docs; do \
	  ../$(BIN)/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    $$name.in -o $$name.txt; done
	cd envs && ../$(BIN)/uv pip compile -q --upgrade --python-version 3.11 --no-deps --generate-hashes --no-annotate --no-header \
	  requirements-axe.in -o requirements-axe.txt

pins: lock

clean: ## remove results and environments; the history of runs stays
	test ! -d results || find results ! -type d ! -path '*/history/*' -delete
	test ! -d results || find results -depth -type d -empty -delete
	rm -rf .snakemake $(VENV) .venv-s3 .venv-servers .venv-tools .venv-writers .venv-release .venv-docs site

$(VENV)/.run: envs/requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or later is needed, and none was found; name it: make PYTHON=/path/to/python" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.extras: $(VENV)/.run envs/requirements-extras.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements-extras.txt
	touch $@

$(VENV)/.dev: $(VENV)/.run envs/requirements-dev.txt envs/requirements-axe.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r envs/requirements-axe.txt
	touch $@

.venv-s3/.ready: envs/requirements-s3.txt
	$(PYTHON) -m venv .venv-s3
	.venv-s3/bin/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements-s3.txt
	touch $@

.venv-servers/.ready: envs/requirements-servers.txt
	$(PYTHON) -m venv .venv-servers
	.venv-servers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements-servers.txt
	touch $@

.venv-tools/.ready: envs/requirements-tools.txt
	$(PYTHON) -m venv .venv-tools
	.venv-tools/bin/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements-tools.txt
	touch $@

.venv-writers/.ready: envs/requirements-writers.txt
	$(PYTHON) -m venv .venv-writers
	.venv-writers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements-writers.txt
	touch $@

.venv-release/.ready: envs/requirements-release.txt
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements-release.txt
	touch $@

.venv-docs/.ready: envs/requirements-docs.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --quiet --disable-pip-version-check --require-hashes -r envs/requirements-docs.txt
	touch $@
