#!/usr/bin/env bash
# Trains models/demo's weights on, of sections of photographs that are spoilt in known ways, and leaves the checkpoint with
# its report below OUT. Cut off, it goes on where it was when it is given again.
#
#   scripts/rebuild_demo.sh PHOTOS OUT [CHECKPOINT]
#
#   PHOTOS      a folder of photographs, some dozens
#   CHECKPOINT  what it starts from (default: models/demo as it is)
set -euo pipefail
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
  sed -n '2,8p' "$0" | cut -c3- >&2
  exit 2
fi
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
set="$2/set"
if [ ! -d "$set" ]; then
  "$home/realqa" degrade "$1" --out "$set" --views 24000
fi
made="$("$home/realqa" train --full --checkpoint "${3:-$home/models/demo}" \
  --profile "$home/models/demo/scoring-profile.yaml" --data "$set/training.jsonl" \
  --judge "$set/held-out.jsonl" --images "$set" --out "$2" --epochs 2 --batch 16 --pass 8 --learning-rate 3e-4 \
  --warm-up 0.03 --decay 0.02 --attributes 0.25 --form-share 0.1 --expectation-weight 0.5 --digit-weights 4,1,0.5 --base-share 0.3)"
echo "$made"
"$home/realqa" bench --parts damage --checkpoint "$made" --images "$set/photographs"
