#!/usr/bin/env bash
# The project itself, in the conda environment of its jobs: from the checkout that `snakemake` was started in, or from
# INGEST_BENCH_HOME. Editable, so that a job never runs older code than its identity says.
set -euo pipefail
python -m pip install --no-deps --no-build-isolation --editable "${INGEST_BENCH_HOME:-$PWD}"
