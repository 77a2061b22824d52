#!/usr/bin/env bash
# A SLURM cluster of two nodes on this machine, without systemd: `slurm.sh up DIR`, `slurm.sh down DIR`;
# `slurm.sh lose_node DIR n1` kills a node with all that runs on it, `revive_node DIR n1`
# brings it back, `lose_controller DIR` kills the controller for a while.
# Needs root and Debian's slurmctld, slurmd, slurm-client and munge. Exits with 77 and a reason where that is not given.
set -euo pipefail

CONF=/etc/slurm/slurm.conf
MARK="# stac-ingest-bench: a cluster for tests"

skip() { echo "no test cluster: $1"; exit 77; }

configuration() {
  local dir=$1 host
  host=$(hostname)
  cat <<CONFIGURATION
$MARK
ClusterName=mini
SlurmctldHost=$host
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobRequeue=0
ReturnToService=2
SlurmdTimeout=15
KillWait=2
MinJobAge=300
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool.%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.%n.log
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17001 CPUs=2 CoresPerSocket=2 RealMemory=4000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=17002 CPUs=2 CoresPerSocket=2 RealMemory=4000
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=60 State=UP OverSubscribe=NO
CONFIGURATION
}

up() {
  local dir=$1
  [ "$(id -u)" = 0 ] || skip "only root can start it"
  for program in slurmctld slurmd sbatch munged; do
    command -v $program >/dev/null || skip "$program is not installed"
  done
  if [ -e $CONF ] && { ! grep -qF "$MARK" $CONF || scontrol ping 2>/dev/null | grep -q 'is UP'; }; then
    skip "$CONF belongs to another cluster"
  fi
  mkdir -p "$dir/state" /etc/slurm /run/munge
  configuration "$dir" >$CONF
  chown munge:munge /run/munge /etc/munge /var/lib/munge /var/log/munge
  [ -s /etc/munge/munge.key ] || runuser -u munge -- mungekey --create
  runuser -u munge -- munged --pid-file="/run/munge/munged.pid" || skip "munged doesn't start"
  slurmctld -c
  slurmd -N n1 -c
  slurmd -N n2 -c
  for _ in $(seq 150); do
    [ "$(sinfo --noheader --Node --format %t 2>/dev/null | grep -c '^idle$')" = 2 ] && return
    sleep 0.2
  done
  down "$dir"
  skip "its nodes don't come up (see $dir/slurmctld.log)"
}

down() {
  local dir=$1 pid_file
  for pid_file in "$dir"/slurmd.n1.pid "$dir"/slurmd.n2.pid "$dir"/slurmctld.pid /run/munge/munged.pid; do
    if [ -s "$pid_file" ]; then kill "$(cat "$pid_file")" 2>/dev/null || true; fi
  done
  if [ -e $CONF ] && grep -qxF "StateSaveLocation=$dir/state" $CONF; then rm -f $CONF; fi
}

# Its jobs are no children of the daemon: they are known by the node's name in their environment.
on_node() {
  local environment
  for environment in /proc/[0-9]*/environ; do
    if grep -qxz "SLURMD_NODENAME=$1" "$environment" 2>/dev/null; then
      basename "$(dirname "$environment")"
    fi
  done
}

lose_node() {
  local dir=$1 node=$2 running
  for _ in $(seq 50); do
    running=$(on_node "$node")
    [ -n "$running" ] && break
    sleep 0.2
  done
  # shellcheck disable=SC2086 # a list of numbers
  kill -9 "$(cat "$dir/slurmd.$node.pid")" $running
}

# Waited for: a daemon that has yet to write its number would outlive `down`, and then answer for the next cluster.
revive_node() {
  local dir=$1 node=$2
  rm -f "$dir/slurmd.$node.pid"
  slurmd -N "$node"
  for _ in $(seq 150); do
    [ -s "$dir/slurmd.$node.pid" ] && [ "$(sinfo --noheader --nodes "$node" --format %t)" = idle ] && return
    sleep 0.2
  done
  echo "node $node does not come back (see $dir/slurmd.$node.log)" >&2
  return 1
}

lose_controller() {
  kill -9 "$(cat "$1/slurmctld.pid")"
  sleep 5
  slurmctld
}

"$@"
