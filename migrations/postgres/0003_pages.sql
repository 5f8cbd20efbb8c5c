-- A subject's own page: its permanent address and the codes that unlock it; topics that were left or chosen; accepted terms.
-- Columns of the same name and order stand in ../sqlite; a test compares the two.

create table personal_page (
    subject_id uuid not null primary key,
    generation smallint not null,
    -- null: the address is revoked
    token_hash bytea,
    -- the last code that was mailed, derived from its id; how often a wrong one was entered
    code_id uuid,
    code_until timestamptz,
    code_tries smallint not null default 0,
    -- a new email address that waits to be confirmed: the hash of its link's token, and the address, sealed
    address_id uuid,
    address_token bytea,
    address_sealed bytea,
    address_until timestamptz
);
create unique index personal_page_token on personal_page (token_hash) where token_hash is not null;
create unique index personal_page_address on personal_page (address_token) where address_token is not null;

create table topic_choice (
    subject_id uuid not null,
    purpose text not null,
    topic text not null,
    subscribed smallint not null,
    at timestamptz not null,
    told_by text not null,
    primary key (subject_id, purpose, topic)
);

-- terms are accepted, apart from every consent
create table acceptance (
    id uuid not null primary key,
    subject_id uuid not null,
    content text not null,
    content_version integer not null,
    locale text not null,
    source text not null,
    told_by text not null,
    accepted_at timestamptz not null,
    recorded_at timestamptz not null,
    evidence bytea,
    policy bytea not null
);
create index acceptance_subject on acceptance (subject_id);
