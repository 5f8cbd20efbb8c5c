"""The peer: a Celery worker that writes the same rows as Rescind and sends the same mail.

Run by the benchmark as `celery --app worker worker --pool prefork --concurrency 2`. Each process keeps its connections,
statements are prepared after their first uses, a message is acknowledged once its mail is settled.
"""

import hashlib
import hmac
import os
import smtplib
import socket
import uuid
from base64 import b32encode
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import SMTP

import jinja2
import psycopg
from celery import Celery
from celery.signals import worker_process_init
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from kombu import Queue
from psycopg.types.json import Jsonb

KEY = bytes(32)
QUEUE = os.environ["PEER_QUEUE"]

app = Celery("peer", broker=os.environ["PEER_AMQP"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_queues=[Queue(QUEUE, queue_arguments={"x-queue-type": "quorum"})],
    task_default_queue=QUEUE,
    task_create_missing_queues=False,
    worker_detect_quorum_queues=True,
    worker_prefetch_multiplier=64,
    worker_disable_rate_limits=True,
    worker_send_task_events=False,
)

templates = jinja2.Environment(loader=jinja2.FileSystemLoader(os.path.dirname(os.path.abspath(__file__))), autoescape=True)
HTML, TEXT = templates.get_template("mail.html"), templates.get_template("mail.txt")
database = None
relay = None


@worker_process_init.connect
def connect(**_):
    global database, relay
    database = psycopg.connect(os.environ["PEER_DATABASE"])
    relay = smtplib.SMTP("127.0.0.1", int(os.environ["PEER_SMTP_PORT"]), local_hostname="bench.example.org")
    relay.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    relay.ehlo()


def mac(*parts):
    return hmac.new(KEY, b"\0".join(parts), hashlib.sha256).digest()


def seal(key, owner, plain):
    nonce = os.urandom(12)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, plain, owner.bytes)


@app.task(name="request_consent")
def request_consent(message):
    email = message["data"]["subject"]["email"]
    source, now = "broker/" + message["source"], datetime.now(timezone.utc)
    subject, request, mail = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    contact_key, evidence_key = os.urandom(32), os.urandom(32)
    index = mac(b"email", email.encode())
    token = b32encode(mac(b"link", request.bytes)[:20]).decode().lower()
    expires = now + timedelta(days=7)
    with database.transaction():
        new = database.execute(
            "insert into inbox (source, id, body_mac, received_at) values (%s, %s, %s, %s)"
            " on conflict (source, id) do nothing returning id",
            (source, message["id"], mac(b"body", repr(message).encode()), now),
        ).fetchone()
        if new is None:
            return
        database.execute(
            "insert into identity (bidx, ordinal, subject_id, kind, sealed, is_primary, active)"
            " values (%s, 0, %s, 'email', %s, 1, 1)",
            (index, subject, seal(contact_key, subject, email.encode())),
        )
        database.execute(
            "insert into subject (id, version, state, kind, locale, contact_key, evidence_key, key_version,"
            " event_sequence, created_at, provisional) values (%s, 1, 0, 0, %s, %s, %s, 1, 0, %s, 1)",
            (subject, message["data"]["subject"]["locale"], seal(KEY, subject, contact_key),
             seal(KEY, subject, evidence_key), now),
        )
        database.execute(
            "insert into consent (subject_id, purpose, state, opt_in, since) values (%s, 'newsletter', 0, 0, %s)",
            (subject, now),
        )
        database.execute(
            "insert into consent_request (id, subject_id, purpose, content, content_version, locale, address, state,"
            " created_at, requested_at, expires_at, mails, generation, token_hash, source, told_by, evidence)"
            " values (%s, %s, 'newsletter', 'newsletter', 1, 'en', %s, 0, %s, %s, %s, 1, 0, %s, 'web-form', %s, %s)",
            (request, subject, index, now, now, expires, hashlib.sha256(token.encode()).digest(), source,
             seal(evidence_key, request, message["time"].encode())),
        )
        database.execute(
            "insert into mail (id, subject_id, request_id, template, params, address, state, due_at, lane,"
            " attempt, created_at) values (%s, %s, %s, 'confirm_consent', %s, %s, 2, %s, 0, 1, %s)",
            (mail, subject, request, Jsonb({"request": str(request)}), index, now, now),
        )
        acts = []
        for ordinal, act in enumerate(("subject_created", "consent_requested")):
            detail = (
                f'{{"act":"{act}","at":"{now.isoformat()}","message":"{message["id"]}","policy":"{"0" * 64}",'
                f'"request":"{request}","subject":"{subject}"}}'
            )
            salt = os.urandom(16)
            acts += [uuid.uuid4(), subject, ordinal, now, detail, salt, hashlib.sha256(salt + detail.encode()).digest()]
        database.execute(
            "insert into audit (id, subject_id, sequence, ordinal, at, detail, salt, leaf)"
            " values (%s, %s, 1, %s, %s, %s, %s, %s), (%s, %s, 1, %s, %s, %s, %s, %s)",
            acts,
        )
        body = f'{{"data":{{"request":"{request}"}},"time":"{now.isoformat()}"}}'.encode()
        database.execute(
            "insert into job (id, subject_id, source, origin, kind, body, due_at, lane, attempt, created_at) values"
            " (%s, %s, %s, 0, 'consent.remind.v1', %s, %s, 0, 0, %s),"
            " (%s, %s, %s, 0, 'consent.expire.v1', %s, %s, 0, 0, %s)",
            (uuid.uuid4(), subject, source, body, now + timedelta(days=3), now,
             uuid.uuid4(), subject, source, body, expires, now),
        )
        hour, day = now.replace(minute=0, second=0, microsecond=0), now.replace(hour=0, minute=0, second=0, microsecond=0)
        database.execute(
            "insert into counter (key, window_start, used, highest) values (%s, %s, 1, 5), (%s, %s, 1, 1000000000),"
            " (%s, %s, 1, 1000000000) on conflict (key, window_start) do update set used = counter.used + 1"
            " where counter.used < counter.highest",
            (mac(b"address", index), day, mac(b"source", source.encode()), hour, mac(b"total"), hour),
        )
    send(email, mail, token, now, expires)
    with database.transaction():
        database.execute("update mail set state = 3, settled_at = now() where id = %s", (mail,))


def send(email, mail, token, now, expires):
    parameters = {
        "controller": "Example Shop GmbH", "content_title": "Newsletter by email",
        "confirm_url": f"http://127.0.0.1:8080/c/{token}",
        "requested_at": f"{now:%d %B %Y}", "expires_at": f"{expires:%d %B %Y}",
    }
    letter = EmailMessage(policy=SMTP)
    letter["From"], letter["To"] = "Example Shop <consent@example.org>", email
    letter["Reply-To"], letter["Subject"] = "privacy@example.org", "Please confirm: Newsletter by email"
    letter["Message-ID"] = f"<{mail.hex}@example.org>"
    letter["Date"] = now
    letter.set_content(TEXT.render(parameters))
    letter.add_alternative(HTML.render(parameters), subtype="html")
    relay.sendmail("consent@example.org", [email], letter.as_bytes())
