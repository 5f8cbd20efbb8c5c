-- A subject's own page: its permanent address and the codes that unlock it; topics that were left or chosen; accepted terms.
-- Columns of the same name and order stand in ../postgres; a test compares the two.

create table personal_page (
    subject_id blob not null primary key,
    generation integer not null,
    -- null: the address is revoked
    token_hash blob,
    -- the last code that was mailed, derived from its id; how often a wrong one was entered
    code_id blob,
    code_until integer,
    code_tries integer not null default 0,
    -- a new email address that waits to be confirmed: the hash of its link's token, and the address, sealed
    address_id blob,
    address_token blob,
    address_sealed blob,
    address_until integer
) strict, without rowid;
create unique index personal_page_token on personal_page (token_hash) where token_hash is not null;
create unique index personal_page_address on personal_page (address_token) where address_token is not null;

create table topic_choice (
    subject_id blob not null,
    purpose text not null,
    topic text not null,
    subscribed integer not null,
    at integer not null,
    told_by text not null,
    primary key (subject_id, purpose, topic)
) strict, without rowid;

-- terms are accepted, apart from every consent
create table acceptance (
    id blob not null primary key,
    subject_id blob not null,
    content text not null,
    content_version integer not null,
    locale text not null,
    source text not null,
    told_by text not null,
    accepted_at integer not null,
    recorded_at integer not null,
    evidence blob,
    policy blob not null
) strict, without rowid;
create index acceptance_subject on acceptance (subject_id);
