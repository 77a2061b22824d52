#!/usr/bin/env bash
# A Son of Grid Engine of one host with two slots on this machine, without systemd: `gridengine.sh up DIR`;
# `gridengine.sh lose_controller DIR` kills its master for a while. It is a cell of its own, in DIR, and nothing else of the
# machine is touched. Who ends it kills what has SGE_ROOT in its environment.
# Needs root and Debian's gridengine-master, gridengine-exec and gridengine-client, and SGE_ROOT, SGE_CELL and the two ports
# in the environment. Exits with 77 and a reason where that is not given.
set -euo pipefail

LIB=/usr/lib/gridengine
SHARE=/usr/share/gridengine

skip() { echo "no test cluster: $1"; exit 77; }

# Debian's own defaults, but for root as the user of all, and for waits of a second.
cell() {
  local dir=$1 host=$2 common=$SGE_ROOT/$SGE_CELL/common
  mkdir -p "$common" "$dir/master" "$dir/spool" "$dir/exec" "$dir/complexes"
  ln -s $SHARE/util "$SGE_ROOT/util"
  echo "$host" >"$common/act_qmaster"
  # A name that means the loopback address isn't taken for a host's without it.
  echo "$host localhost" >"$common/host_aliases"
  sed -e 's/^admin_user .*/admin_user root/' -e "s|^spooling_params .*|spooling_params $dir/spool|" \
    -e "s|^qmaster_spool_dir .*|qmaster_spool_dir $dir/master|" $SHARE/default-bootstrap >"$common/bootstrap"
  sed -e "s|^execd_spool_dir .*|execd_spool_dir $dir/exec|" -e 's/^min_\([ug]\)id .*/min_\1id 0/' \
    -e 's/^load_report_time .*/load_report_time 00:00:02/' \
    -e 's/ flush_time=[0-9:]*/ flush_time=00:00:15 accounting_flush_time=00:00:00/' \
    $SHARE/default-configuration >"$dir/configuration"
  cp $SHARE/util/resources/centry/* "$dir/complexes"
  printf '%s\n' 'name exclusive' 'shortcut excl' 'type BOOL' 'relop EXCL' 'requestable YES' 'consumable YES' \
    'default 0' 'urgency 1000' >"$dir/complexes/exclusive"
  $LIB/spoolinit berkeleydb libspoolb "$dir/spool" init
  $LIB/spooldefaults configuration "$dir/configuration"
  $LIB/spooldefaults complexes "$dir/complexes"
  $LIB/spooldefaults usersets $SHARE/util/resources/usersets
  $LIB/spooldefaults managers root
}

start_master() {
  $LIB/sge_qmaster
  for _ in $(seq 100); do
    qconf -sh >/dev/null 2>&1 && return
    sleep 0.2
  done
  return 1
}

up() {
  local dir=$1 host
  host=$(hostname)
  [ "$(id -u)" = 0 ] || skip "only root can start it"
  for program in $LIB/sge_qmaster $LIB/sge_execd /usr/bin/qsub; do
    [ -x $program ] || skip "$program is not installed"
  done
  cell "$dir" "$host" >"$dir/made.log" 2>&1 || skip "its cell can't be made (see $dir/made.log)"
  start_master >>"$dir/made.log" 2>&1 || skip "its master doesn't come up (see $dir/master/messages)"
  {
    qconf -as "$host"
    qconf -ssconf | sed -e 's/^schedule_interval .*/schedule_interval 0:0:1/' \
      -e 's/^flush_\(submit\|finish\)_sec .*/flush_\1_sec 1/' >"$dir/scheduler"
    qconf -Msconf "$dir/scheduler"
    printf '%s\n' "hostname $host" 'load_scaling NONE' 'complex_values exclusive=true' 'user_lists NONE' \
      'xuser_lists NONE' 'projects NONE' 'xprojects NONE' 'usage_scaling NONE' 'report_variables NONE' >"$dir/host"
    qconf -Ae "$dir/host"
    # A queue has some fifty settings, which are there to be edited. A load that others make doesn't close it.
    cat >"$dir/editor" <<EDITOR
#!/bin/sh
sed -i -e 's/^qname .*/qname main.q/' -e 's/^hostlist .*/hostlist $host/' -e 's/^slots .*/slots 2/' \\
  -e 's/^pe_list .*/pe_list NONE/' -e 's/^load_thresholds .*/load_thresholds NONE/' "\$1"
EDITOR
    chmod +x "$dir/editor"
    EDITOR=$dir/editor qconf -aq main.q
    $LIB/sge_execd
  } >>"$dir/made.log" 2>&1 || skip "its host can't be set up (see $dir/made.log)"
  for _ in $(seq 150); do
    # No state means ready.
    qstat -f 2>/dev/null | grep -qE '^main\.q@.* [0-9.]+ +[a-z0-9-]+ *$' && return
    sleep 0.2
  done
  skip "its host doesn't come up (see $dir/exec)"
}

lose_controller() {
  kill -9 "$(cat "$1/master/qmaster.pid")"
  sleep 5
  start_master
}

"$@"
