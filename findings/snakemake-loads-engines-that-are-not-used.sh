#!/usr/bin/env bash
# snakemake 9.27.1, with and without snakemake-executor-plugin-slurm 2.8.0 beside it. Nothing is run on SLURM.
#
# Guess: an executor plugin is imported when `--executor` names it, or a profile does.
# Seen: each installed plugin is imported as soon as the command line is parsed, for `--help` and for local runs too,
# and the one for SLURM imports pandas, which Snakemake itself neither needs nor brings. A workflow whose jobs are
# Snakemake processes of their own, such as those of a cluster, pays for it in every job.
#
# Output seen:
#   without the plugin: pandas is not installed
#   with it: pandas is loaded, the plugin is loaded
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/env"
install() { "$folder/env/bin/pip" install --quiet --disable-pip-version-check "$@"; }

loaded() {
  "$folder/env/bin/python" - <<'PYTHON'
import sys
from importlib.util import find_spec

from snakemake.cli import get_argument_parser

get_argument_parser()
state = "loaded" if "pandas" in sys.modules else "installed" if find_spec("pandas") else "not installed"
plugin = ", the plugin is loaded" if "snakemake_executor_plugin_slurm" in sys.modules else ""
print(f"pandas is {state}{plugin}")
PYTHON
}

install 'snakemake==9.27.1'
seen="without the plugin: $(loaded)"
install 'snakemake-executor-plugin-slurm==2.8.0'
seen="$seen
with it: $(loaded)"
echo "$seen"
[ "$seen" = "without the plugin: pandas is not installed
with it: pandas is loaded, the plugin is loaded" ] || { echo "this has changed" >&2; exit 1; }
