#!/bin/sh
# How a job stands: running, success or failed. While the master doesn't answer, nothing has changed.
if known=$(qstat -j "$1" 2>&1); then
  case $known in
    *"error reason"*) qdel "$1" >/dev/null; echo failed ;; # it would wait for an administrator
    *) echo running ;;
  esac
  exit
fi
case $known in *"do not exist"*) ;; *) echo running; exit ;; esac
# The record of a job that has ended is written some seconds later; one that was deleted before it ran has none.
for _ in $(seq 20); do
  if record=$(qacct -j "$1" 2>/dev/null); then
    # The last one: numbers begin anew some day.
    echo "$record" | awk '/^failed/ {failed = $2} /^exit_status/ {code = $2} END {print (failed + code ? "failed" : "success")}'
    exit
  fi
  sleep 1
done
echo failed
