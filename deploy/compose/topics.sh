#!/usr/bin/env bash
# Creates the topics that docs/operations.md lists, where they are not there: topics.sh BROKERS [PARTITIONS [REPLICAS]]
set -euo pipefail
brokers="${1:?brokers are missing}"
partitions="${2:-12}"
replicas="${3:-1}"
topics="${KAFKA_TOPICS:-/opt/kafka/bin/kafka-topics.sh}"

create() { # NAME PARTITIONS [SETTING…]
  local name="$1" count="$2" settings=()
  shift 2
  for setting in "$@"; do settings+=(--config "$setting"); done
  "$topics" --bootstrap-server "$brokers" --create --if-not-exists --topic "$name" \
    --partitions "$count" --replication-factor "$replicas" "${settings[@]}"
}

create image.uploads "$partitions" max.message.bytes=2097152
create image.uploads.dlq "$partitions" max.message.bytes=3145728
create image.scores "$partitions"
create image.attributes "$partitions"
create image.scores.shadow "$partitions" # candidates' scores, where topics.shadow-scores names it
create image.feedback "$partitions"
create image.feedback.rejects "$partitions"
create model.measures 1
create training.labels 1 retention.ms=-1
create adapter.releases 1 cleanup.policy=compact
create adapter.status 1 cleanup.policy=compact
