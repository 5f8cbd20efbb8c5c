-- Mailings of apps: their words, sealed until they leave, and the links that end them. Webhooks: their
-- endpoints, and the events that wait for each.
-- Columns of the same name and order stand in ../sqlite; a test compares the two.

-- 0: no mailing; 1: a mailing that leaves only while a consent stands; 2: a mailing on another basis
alter table mail add column gated smallint not null default 0;
alter table mail add column sealed bytea;

create table unsubscribe_link (
    subject_id uuid not null,
    purpose text not null,
    token_hash bytea not null,
    created_at timestamptz not null,
    primary key (subject_id, purpose)
);
create unique index unsubscribe_link_token on unsubscribe_link (token_hash);

create table webhook_endpoint (
    name text not null primary key,
    state smallint not null,
    failures integer not null,
    failing_since timestamptz,
    next_at timestamptz,
    trouble text,
    holder uuid,
    lease_until timestamptz
);

-- state 0: it waits; 1: the endpoint has refused it too often, and it is kept until somebody sends it again
create table webhook_delivery (
    endpoint text not null,
    event_id uuid not null,
    subject_id uuid,
    sequence bigint not null,
    state smallint not null,
    due_at timestamptz not null,
    attempt integer not null,
    created_at timestamptz not null,
    primary key (endpoint, event_id)
);
create index webhook_delivery_order on webhook_delivery (endpoint, subject_id, sequence);
create index webhook_delivery_due on webhook_delivery (endpoint, state, due_at, event_id);
create index webhook_delivery_age on webhook_delivery (created_at);
