-- What Rescind keeps. Columns of the same name and order stand in ../postgres; a test compares the two.
-- UUIDs are 16 bytes, times whole microseconds since 1970, JSON is text; STRICT keeps the types honest.

create table root_key (
    name text not null,
    version integer not null,
    wrapped blob not null,
    created_at integer not null,
    primary key (name, version)
) strict, without rowid;

create table day_key (
    day integer not null primary key,
    wrapped blob not null
) strict, without rowid;

create table content_published (
    content text not null,
    version integer not null,
    locale text not null,
    text_hash blob not null,
    published_at integer not null,
    primary key (content, version, locale)
) strict, without rowid;

create table subject (
    id blob not null primary key,
    version integer not null,
    state integer not null,
    kind integer not null,
    locale text,
    contact_key blob,
    evidence_key blob,
    key_version integer not null,
    event_sequence integer not null,
    created_at integer not null,
    provisional integer not null,
    caretaker text,
    child integer not null default 0
) strict, without rowid;
create index subject_provisional on subject (created_at, id) where provisional = 1;

-- an address may belong to several subjects; the first has ordinal 0
create table identity (
    bidx blob not null,
    ordinal integer not null,
    subject_id blob not null,
    kind text not null,
    sealed blob not null,
    is_primary integer not null,
    active integer not null,
    undeliverable_at integer,
    primary key (bidx, ordinal)
) strict, without rowid;
create index identity_subject on identity (subject_id);

create table subject_field (
    subject_id blob not null,
    field text not null,
    sealed blob not null,
    primary key (subject_id, field)
) strict, without rowid;

create table subject_link (
    subject_id blob not null,
    kind integer not null,
    bidx blob not null,
    sealed blob not null,
    active integer not null,
    primary key (subject_id, kind, bidx)
) strict, without rowid;

create table consent (
    subject_id blob not null,
    purpose text not null,
    state integer not null,
    opt_in integer not null,
    since integer not null,
    act_kind integer,
    act_at integer,
    act_source text,
    withdrawn_at integer,
    expires_at integer,
    content text,
    content_version integer,
    record_id blob,
    primary key (subject_id, purpose)
) strict, without rowid;
create index consent_granted on consent (purpose, subject_id) where state = 1;

create table consent_record (
    id blob not null primary key,
    subject_id blob not null,
    purpose text not null,
    expression integer not null,
    opt_in integer not null,
    category text,
    content text,
    content_version integer,
    locale text,
    source text not null,
    reason text,
    regulation text,
    linked blob,
    expressed_at integer not null,
    recorded_at integer not null,
    told_by text not null,
    evidence blob,
    network_evidence blob,
    network_evidence_until integer,
    policy blob not null
) strict, without rowid;
create index consent_record_subject on consent_record (subject_id);
create index consent_record_network on consent_record (network_evidence_until) where network_evidence is not null;

create table consent_request (
    id blob not null primary key,
    subject_id blob not null,
    purpose text not null,
    content text not null,
    content_version integer not null,
    locale text not null,
    address blob not null,
    state integer not null,
    created_at integer not null,
    requested_at integer not null,
    expires_at integer not null,
    mails integer not null,
    generation integer not null,
    token_hash blob not null,
    source text not null,
    told_by text not null,
    evidence blob,
    network_evidence blob,
    answered_at integer,
    correlation text,
    traceparent text
) strict, without rowid;
create index consent_request_subject on consent_request (subject_id);
create unique index consent_request_token on consent_request (token_hash);
create index consent_request_closed on consent_request (answered_at) where state <> 0;

-- to one of the subject's addresses, or to a member of staff
create table mail (
    id blob not null primary key,
    subject_id blob,
    request_id blob,
    notice_id blob,
    purpose text,
    template text not null,
    params text not null,
    address blob,
    staff text,
    answers_subject integer not null default 0,
    state integer not null,
    lane integer not null,
    due_at integer not null,
    attempt integer not null,
    lease_until integer,
    claimed_by blob,
    trouble text,
    created_at integer not null,
    settled_at integer,
    correlation text,
    traceparent text
) strict, without rowid;
create index mail_queued on mail (lane, due_at, id) where state = 0;
create index mail_leased on mail (lease_until) where state = 1;
create index mail_sending on mail (lease_until) where state = 2;
create index mail_uncertain on mail (id) where state = 6;
create index mail_subject on mail (subject_id);
create index mail_request on mail (request_id) where request_id is not null;
create index mail_settled on mail (settled_at) where settled_at is not null;

create table event (
    id blob not null primary key,
    subject_id blob,
    sequence integer not null,
    kind text not null,
    data text not null,
    reply_to text,
    at integer not null,
    state integer not null,
    lane integer not null,
    due_at integer not null,
    attempt integer not null,
    lease_until integer,
    claimed_by blob,
    trouble text,
    published_at integer,
    correlation text,
    traceparent text
) strict, without rowid;
create index event_queued on event (lane, due_at, id) where state = 0;
create index event_leased on event (lease_until) where state = 1;
create index event_order on event (subject_id, sequence) where state <= 1;
create index event_published on event (published_at) where published_at is not null;

create table job (
    id blob not null primary key,
    subject_id blob,
    source text not null,
    origin integer not null,
    kind text,
    body blob not null,
    day integer,
    due_at integer not null,
    lane integer not null,
    attempt integer not null,
    schedule text,
    created_at integer not null,
    correlation text,
    traceparent text
) strict, without rowid;
create index job_due on job (lane, due_at, id);
create index job_schedule on job (schedule) where schedule is not null;
create index job_subject on job (subject_id) where subject_id is not null;

create table inbox (
    source text not null,
    id text not null,
    body_mac blob not null,
    received_at integer not null,
    primary key (source, id)
) strict, without rowid;
create index inbox_received on inbox (received_at);

create table flight (
    source text not null,
    id text not null,
    attempts integer not null,
    at integer not null,
    primary key (source, id)
) strict, without rowid;

create table parked (
    id blob not null primary key,
    source text not null,
    message_id text not null,
    kind text,
    code text not null,
    detail text not null,
    fields text not null,
    origin integer not null,
    subject_id blob,
    body blob not null,
    body_mac blob not null,
    day integer not null,
    parked_at integer not null
) strict, without rowid;
create unique index parked_body on parked (body_mac);
create index parked_subject on parked (subject_id) where subject_id is not null;

create table counter (
    key blob not null,
    window_start integer not null,
    used integer not null,
    highest integer not null,
    primary key (key, window_start)
) strict, without rowid;
create index counter_window on counter (window_start);

create table audit (
    id blob not null primary key,
    subject_id blob,
    sequence integer not null,
    ordinal integer not null,
    at integer not null,
    detail text not null,
    salt blob not null,
    leaf blob not null
) strict, without rowid;
create index audit_subject on audit (subject_id) where subject_id is not null;

create table schedule_state (
    schedule text not null primary key,
    paused integer not null,
    known_since integer not null
) strict, without rowid;

create table schedule_run (
    schedule text not null,
    due_at integer not null,
    fired_at integer not null,
    job_id blob not null,
    primary key (schedule, due_at)
) strict, without rowid;

create table sweep_run (
    id blob not null primary key,
    name text not null,
    source text not null,
    ordered_at integer not null,
    state integer not null,
    attempt integer not null,
    lease_until integer,
    started_at integer,
    finished_at integer,
    counts text not null
) strict, without rowid;
create index sweep_run_open on sweep_run (ordered_at) where state <> 2;

-- written and emptied again to see whether the disk takes it, after something could not be written
create table probe (
    id integer primary key not null,
    filler blob not null
) strict, without rowid;
