#!/bin/sh
# How a job stands: running, success or failed. One that the queue doesn't know was lost with an earlier queue.
case $(tsp -s "$1" 2>/dev/null) in
  queued | running) echo running ;;
  finished) tsp -i "$1" | grep -q '^Exit status: died with exit code 0$' && echo success || echo failed ;;
  *) echo failed ;;
esac
