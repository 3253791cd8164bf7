#!/usr/bin/env python3
"""Publishes images as a platform would, with Confluent's own client, and shows what comes of them.

    pip install 'confluent-kafka[avro,schemaregistry]'
    scripts/upload.py PHOTO.jpg … [--bootstrap-servers localhost:9092] [--registry http://localhost:8081/apis/ccompat/v7]

For each file one line: its score, 90 % interval and attributes, or why it is a dead letter. Exit code 0: all have an
outcome, 1: some were not published or have none after --wait seconds, 2: wrong usage.
"""

import argparse
import datetime
import pathlib
import sys
import time
import uuid

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "schemas/src/main/avro/ImageUploaded.avsc"
INLINE = 1 << 20
SCORES, ATTRIBUTES, DEAD_LETTERS = "image.scores", "image.attributes", "image.uploads.dlq"


def at_the_end(servers):
    """A consumer that reads what comes from now on, and committed outcomes only."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": f"upload-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    places = []
    for topic in (SCORES, ATTRIBUTES, DEAD_LETTERS):
        known = consumer.list_topics(topic, timeout=10).topics[topic]
        if known.error is not None:
            sys.exit(f"{topic}: {known.error.str()} (expected: the service's topics, as docs/operations.md lists them)")
        for partition in known.partitions:
            end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
            places.append(TopicPartition(topic, partition, end))
    consumer.assign(places)
    return consumer


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--bootstrap-servers", default="localhost:9092")
    parser.add_argument("--registry", default="http://localhost:8081/apis/ccompat/v7")
    parser.add_argument("--platform", default="demo")
    parser.add_argument("--wait", type=float, default=60, help="seconds until an upload counts as lost")
    options = parser.parse_args()
    for file in options.files:
        if not file.is_file() or file.stat().st_size > INLINE:
            parser.error(f"{file}: no file of up to {INLINE} bytes (larger ones go by uri)")

    registry = SchemaRegistryClient({"url": options.registry})
    serialize = AvroSerializer(registry, SCHEMA.read_text())
    deserialize = AvroDeserializer(registry)
    consumer = at_the_end(options.bootstrap_servers)
    producer = Producer({"bootstrap.servers": options.bootstrap_servers, "message.max.bytes": 2 << 20})
    run = uuid.uuid4().hex[:8]
    waiting = {}

    def delivered(error, record):
        if error is not None:
            print(f"{waiting.pop(record.key().decode())}: not published: {error.str()}", file=sys.stderr)

    for i, file in enumerate(options.files):
        image = f"{run}-{i}"
        event = {
            "imageId": image,
            "platform": options.platform,
            "content": file.read_bytes(),
            "uploadedAt": datetime.datetime.now(datetime.timezone.utc),
            "priority": "NORMAL",
        }
        value = serialize(event, SerializationContext("image.uploads", MessageField.VALUE))
        waiting[image] = file
        producer.produce("image.uploads", key=image, value=value, on_delivery=delivered)
    left = producer.flush(options.wait)
    if left:
        sys.exit(f"{options.bootstrap_servers}: {left} uploads were not taken within {options.wait:.0f} s")
    published = len(waiting)
    print(f"{published} uploads are with {options.bootstrap_servers}; their outcomes:", flush=True)

    attributes = {}
    deadline = time.monotonic() + options.wait
    scores = {}
    while waiting and time.monotonic() < deadline:
        record = consumer.poll(0.5)
        if record is None or record.error():
            continue
        image = (record.key() or b"").decode(errors="replace")
        if image not in waiting:
            continue
        event = deserialize(record.value(), SerializationContext(record.topic(), MessageField.VALUE))
        if record.topic() == DEAD_LETTERS:
            print(f"{waiting.pop(image)}: {event['stage']} {event['reason']}: {event['message']}", flush=True)
            continue
        if record.topic() == SCORES:
            scores[image] = event
        else:
            attributes[image] = ", ".join(f"{a['name']} {a['value']}" for a in event["attributes"])
        if image in scores and image in attributes:
            score = scores[image]
            print(
                f"{waiting.pop(image)}: {score['score']:.2f} ± {score['standardDeviation']:.2f}, 90 % in "
                f"{score['intervalLow']:.2f} – {score['intervalHigh']:.2f}; {attributes[image]}",
                flush=True,
            )
    consumer.close()
    for file in waiting.values():
        print(f"{file}: no outcome within {options.wait:.0f} s", file=sys.stderr)
    return 1 if waiting or published < len(options.files) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as e:  # whatever broker and registry say
        sys.exit(f"upload.py: {e}")
