#!/usr/bin/env bash
# Runs one training on all hosts of a Cloud TPU slice, started from a machine with gcloud. The workdir must be on a
# disk that all hosts share (Filestore, or a bucket mounted with gcsfuse).
#   TPU=my-slice ZONE=us-central2-b bash launch/tpu_pod.sh --config=configs/yeh.py:default,paper --workdir=/mnt/runs/yeh
# Repeat the command to resume an interrupted training.
set -euo pipefail
: "${TPU:?name of the TPU slice}" "${ZONE:?zone of the TPU slice}"
cd "$(dirname "$0")/.."
tpu() { gcloud compute tpus tpu-vm "$1" "${@:2}" --zone="$ZONE" --worker=all; }

git archive --format=tar HEAD >"${source:=$(mktemp)}"
tpu scp "$source" "$TPU":inpaint_jax.tar
tpu ssh "$TPU" --command="set -e; mkdir -p inpaint_jax; tar -xf inpaint_jax.tar -C inpaint_jax; cd inpaint_jax
  [ -d .venv ] || python3 -m venv .venv; .venv/bin/pip install --quiet --editable '.[tpu]'"
tpu ssh "$TPU" --command="cd inpaint_jax && .venv/bin/inpaint train --distributed $(printf '%q ' "$@")"
