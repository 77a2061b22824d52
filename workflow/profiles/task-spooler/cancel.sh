#!/bin/sh
# Cancels jobs: takes them off the queue, or ends them where they run.
for job; do
  tsp -r "$job" 2>/dev/null || tsp -k "$job"
done
