#!/usr/bin/env bash
# Takes minutes on two cores and needs only Python 3.11. Trains Yeh's DCGAN and a context encoder on drawn portraits,
# completes 64 held-out portraits under four hole families, and measures both methods against the floors.
#   bash launch/demo.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
source launch/environment.sh
environment .venv baselines
out=${1:-demo}
train='portraits?split=train&count=3000'
inpaint train --config=yeh:demo --workdir="$out/yeh" \
  --config.data.train="$train"
inpaint train --config=context_encoder:best,random,demo --workdir="$out/context_encoder" \
  --config.data.train="$train" --config.data.fit=crop
inpaint evaluate --method="$out/context_encoder,$out/yeh" --against=floors,telea --images='portraits?split=test' \
  --count=64 --holes=center,left,random:0.8,irregular --output="$out/evaluation"
inpaint complete --workdir="$out/yeh" --images='portraits?split=test' --count=16 --holes=irregular --output="$out/completed"
