-- Mailings of apps: their words, sealed until they leave, and the links that end them. Webhooks: their
-- endpoints, and the events that wait for each.
-- Columns of the same name and order stand in ../postgres; a test compares the two.

-- 0: no mailing; 1: a mailing that leaves only while a consent stands; 2: a mailing on another basis
alter table mail add column gated integer not null default 0;
alter table mail add column sealed blob;

create table unsubscribe_link (
    subject_id blob not null,
    purpose text not null,
    token_hash blob not null,
    created_at integer not null,
    primary key (subject_id, purpose)
) strict, without rowid;
create unique index unsubscribe_link_token on unsubscribe_link (token_hash);

create table webhook_endpoint (
    name text not null primary key,
    state integer not null,
    failures integer not null,
    failing_since integer,
    next_at integer,
    trouble text,
    holder blob,
    lease_until integer
) strict, without rowid;

-- state 0: it waits; 1: the endpoint has refused it too often, and it is kept until somebody sends it again
create table webhook_delivery (
    endpoint text not null,
    event_id blob not null,
    subject_id blob,
    sequence integer not null,
    state integer not null,
    due_at integer not null,
    attempt integer not null,
    created_at integer not null,
    primary key (endpoint, event_id)
) strict, without rowid;
create index webhook_delivery_order on webhook_delivery (endpoint, subject_id, sequence);
create index webhook_delivery_due on webhook_delivery (endpoint, state, due_at, event_id);
create index webhook_delivery_age on webhook_delivery (created_at);
