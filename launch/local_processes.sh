#!/usr/bin/env bash
# Runs one training as N processes on this machine: a rehearsal for a cluster, or one process per GPU.
#   bash launch/local_processes.sh 2 --config=configs/yeh.py:smoke --workdir=runs/two
set -euo pipefail
processes=$1
shift
cd "$(dirname "$0")/.."
source launch/environment.sh
environment .venv baselines
port=$(python -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
export JAX_COORDINATOR_ADDRESS=localhost:$port JAX_NUM_PROCESSES=$processes

# Each process gets a separate process group, so that Ctrl-C reaches it only once, through this script. A second signal
# would end the process before it saves the state.
set -m
pids=() status=0
trap 'kill -TERM "${pids[@]}" 2>/dev/null || true' INT TERM
for ((i = 0; i < processes; i++)); do
  # JAX_LOCAL_DEVICE_IDS selects a GPU; processes on the CPU share all cores.
  JAX_PROCESS_ID=$i JAX_LOCAL_DEVICE_IDS=$i inpaint train --distributed "$@" &
  pids+=($!)
done
for pid in "${pids[@]}"; do
  while true; do
    wait "$pid" && code=0 || code=$?
    kill -0 "$pid" 2>/dev/null || break # a signal ends the wait before the process
  done
  [ "$code" = 0 ] || status=$code
done
exit "$status"
