#!/usr/bin/env python3
"""A client of the broker that is not Rescind's own: publishes messages and reads events with pika.

Publishing: messages come as NDJSON on standard input, one CloudEvent in JSON a line. Each is sent, mandatory
and with a publisher confirm, to the exchange, routing key = its type. Once the broker has confirmed it, a
line {"id": ..., "confirmed": true} is printed; {"id": ..., "confirmed": false, "reason": ...} when the
broker refused or returned it.

    publish.py --url URL [--exchange privacy.jobs] [--routing-key KEY] [--user-id NAME]
               [--reply-to QUEUE] [--correlation-id ID] [--binary [--prefix cloudEvents:|cloudEvents_]]  < messages.ndjson

Reading: binds a queue, prints {"ready": true} so that the caller may go on, then one line a message with its
routing key, properties, headers and body, and acknowledges it.

    publish.py --url URL --consume QUEUE [--bind EXCHANGE:KEY]... [--count N] [--timeout SECONDS]

A queue that is not there is declared exclusive and is gone with the connection; --keep makes it a durable
quorum queue. With --declare, exchanges named are declared (topic, durable) as Rescind would declare them.

Exit codes: 0 done; 1 something was not confirmed, or fewer than N messages came in time; 2 wrong usage.
"""

import argparse
import json
import sys
import time

import pika
from pika.exceptions import NackError, UnroutableError

JSON = "application/json"
STRUCTURED = "application/cloudevents+json"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--declare", action="store_true", help="declare the exchanges named")
    publishing = parser.add_argument_group("publishing")
    publishing.add_argument("--exchange", default="privacy.jobs")
    publishing.add_argument("--routing-key", help="instead of the message's type")
    publishing.add_argument("--user-id", help="the user-id property, which the broker checks")
    publishing.add_argument("--reply-to", help="the reply-to property")
    publishing.add_argument("--correlation-id", help="the correlation-id property")
    publishing.add_argument("--binary", action="store_true", help="attributes as headers, data as the body")
    publishing.add_argument("--prefix", choices=["cloudEvents:", "cloudEvents_"], default="cloudEvents:")
    reading = parser.add_argument_group("reading")
    reading.add_argument("--consume", metavar="QUEUE")
    reading.add_argument("--bind", action="append", default=[], metavar="EXCHANGE:KEY")
    reading.add_argument("--keep", action="store_true", help="a durable quorum queue, not an exclusive one")
    reading.add_argument("--count", type=int, default=1)
    reading.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS")
    chosen = parser.parse_args()
    if any(":" not in bind for bind in chosen.bind):
        parser.error("--bind takes EXCHANGE:KEY")
    return chosen


def show(**line):
    # Headers that the broker adds hold times.
    print(json.dumps(line, ensure_ascii=False, default=str), flush=True)


def envelope_properties(options):
    """The properties that do not depend on the message."""
    return pika.BasicProperties(
        content_type=STRUCTURED,
        delivery_mode=2,
        user_id=options.user_id,
        reply_to=options.reply_to,
        correlation_id=options.correlation_id,
    )


def rendered(event, options):
    """Body and properties of one CloudEvent, structured or binary."""
    properties = envelope_properties(options)
    properties.message_id = event.get("id")
    if not options.binary:
        return json.dumps(event, ensure_ascii=False).encode(), properties
    attributes = dict(event)
    data = attributes.pop("data", None)
    properties.content_type = attributes.pop("datacontenttype", JSON)
    properties.headers = {options.prefix + name: value for name, value in attributes.items()}
    return (b"" if data is None else json.dumps(data, ensure_ascii=False).encode()), properties


def publish(channel, options):
    """Sends what standard input holds. A line that is not JSON is sent as it is, to see it refused."""
    if options.declare:
        channel.exchange_declare(options.exchange, exchange_type="topic", durable=True)
    channel.confirm_delivery()
    confirmed_all = True
    for line in sys.stdin.buffer:
        line = line.strip()
        if not line:
            continue
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict):
            body, properties = rendered(event, options)
            identifier, key = event.get("id"), options.routing_key or str(event.get("type", ""))
        else:
            body, identifier, key = line, None, options.routing_key or "unreadable"
            properties = envelope_properties(options)
        try:
            channel.basic_publish(options.exchange, key, body, properties, mandatory=True)
            show(id=identifier, confirmed=True)
        except (UnroutableError, NackError) as error:
            confirmed_all = False
            show(id=identifier, confirmed=False, reason=type(error).__name__)
    return confirmed_all


def exists(connection, queue):
    """Asked on a channel of its own, which the broker closes when the queue is not there."""
    try:
        channel = connection.channel()
        channel.queue_declare(queue, passive=True)
        channel.close()
        return True
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != 404:
            raise
        return False


def readable(body):
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def consume(connection, channel, options):
    """Prints up to the wanted number of messages; true if they came in time."""
    if not exists(connection, options.consume):
        if options.keep:
            channel.queue_declare(options.consume, durable=True, arguments={"x-queue-type": "quorum"})
        else:
            channel.queue_declare(options.consume, exclusive=True)
    for bind in options.bind:
        exchange, key = bind.split(":", 1)
        if options.declare:
            channel.exchange_declare(exchange, exchange_type="topic", durable=True)
        channel.queue_bind(options.consume, exchange, key)
    channel.basic_qos(prefetch_count=max(1, min(options.count, 100)))
    show(ready=True)
    deadline = time.monotonic() + options.timeout
    received = 0
    # The wait is measured in silence: it must end in time even when messages keep coming.
    for method, properties, body in channel.consume(options.consume, inactivity_timeout=0.1):
        if method is not None:
            given = {name: value for name, value in vars(properties).items() if value is not None}
            headers = given.pop("headers", {})
            show(routing_key=method.routing_key, redelivered=method.redelivered, properties=given,
                 headers=headers, body=readable(body))
            channel.basic_ack(method.delivery_tag)
            received += 1
        if received >= options.count or time.monotonic() >= deadline:
            break
    channel.cancel()
    return received >= options.count


def main():
    options = arguments()
    connection = pika.BlockingConnection(pika.URLParameters(options.url))
    try:
        channel = connection.channel()
        done = consume(connection, channel, options) if options.consume else publish(channel, options)
    finally:
        if connection.is_open:
            connection.close()
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
