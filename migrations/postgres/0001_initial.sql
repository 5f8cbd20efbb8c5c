-- What Rescind keeps. Columns of the same name and order stand in ../sqlite; a test compares the two.
-- No foreign key leads from the hot tables to subject: they cost half of the intake rate with custom plans; the
-- housekeeping sweep reports orphans instead.

create table root_key (
    name text not null,
    version smallint not null,
    wrapped bytea not null,
    created_at timestamptz not null,
    primary key (name, version)
);

create table day_key (
    day integer not null primary key,
    wrapped bytea not null
);

create table content_published (
    content text not null,
    version integer not null,
    locale text not null,
    text_hash bytea not null,
    published_at timestamptz not null,
    primary key (content, version, locale)
);

create table subject (
    id uuid not null primary key,
    version bigint not null,
    state smallint not null,
    kind smallint not null,
    locale text,
    contact_key bytea,
    evidence_key bytea,
    key_version smallint not null,
    event_sequence bigint not null,
    created_at timestamptz not null,
    provisional smallint not null,
    caretaker text,
    child smallint not null default 0
);
create index subject_provisional on subject (created_at, id) where provisional = 1;

-- an address may belong to several subjects; the first has ordinal 0
create table identity (
    bidx bytea not null,
    ordinal smallint not null,
    subject_id uuid not null,
    kind text not null,
    sealed bytea not null,
    is_primary smallint not null,
    active smallint not null,
    undeliverable_at timestamptz,
    primary key (bidx, ordinal)
);
create index identity_subject on identity (subject_id);

create table subject_field (
    subject_id uuid not null,
    field text not null,
    sealed bytea not null,
    primary key (subject_id, field)
);

create table subject_link (
    subject_id uuid not null,
    kind smallint not null,
    bidx bytea not null,
    sealed bytea not null,
    active smallint not null,
    primary key (subject_id, kind, bidx)
);

create table consent (
    subject_id uuid not null,
    purpose text not null,
    state smallint not null,
    opt_in smallint not null,
    since timestamptz not null,
    act_kind smallint,
    act_at timestamptz,
    act_source text,
    withdrawn_at timestamptz,
    expires_at timestamptz,
    content text,
    content_version integer,
    record_id uuid,
    primary key (subject_id, purpose)
);
create index consent_granted on consent (purpose, subject_id) where state = 1;

create table consent_record (
    id uuid not null primary key,
    subject_id uuid not null,
    purpose text not null,
    expression smallint not null,
    opt_in smallint not null,
    category text,
    content text,
    content_version integer,
    locale text,
    source text not null,
    reason text,
    regulation text,
    linked bytea,
    expressed_at timestamptz not null,
    recorded_at timestamptz not null,
    told_by text not null,
    evidence bytea,
    network_evidence bytea,
    network_evidence_until timestamptz,
    policy bytea not null
);
create index consent_record_subject on consent_record (subject_id);
create index consent_record_network on consent_record (network_evidence_until) where network_evidence is not null;

create table consent_request (
    id uuid not null primary key,
    subject_id uuid not null,
    purpose text not null,
    content text not null,
    content_version integer not null,
    locale text not null,
    address bytea not null,
    state smallint not null,
    created_at timestamptz not null,
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    mails smallint not null,
    generation smallint not null,
    token_hash bytea not null,
    source text not null,
    told_by text not null,
    evidence bytea,
    network_evidence bytea,
    answered_at timestamptz,
    correlation text,
    traceparent text
);
create index consent_request_subject on consent_request (subject_id);
create unique index consent_request_token on consent_request (token_hash);
create index consent_request_closed on consent_request (answered_at) where state <> 0;

-- to one of the subject's addresses, or to a member of staff
create table mail (
    id uuid not null primary key,
    subject_id uuid,
    request_id uuid,
    notice_id uuid,
    purpose text,
    template text not null,
    params jsonb not null,
    address bytea,
    staff text,
    answers_subject smallint not null default 0,
    state smallint not null,
    lane smallint not null,
    due_at timestamptz not null,
    attempt integer not null,
    lease_until timestamptz,
    claimed_by uuid,
    trouble text,
    created_at timestamptz not null,
    settled_at timestamptz,
    correlation text,
    traceparent text
);
create index mail_queued on mail (lane, due_at, id) where state = 0;
create index mail_leased on mail (lease_until) where state = 1;
create index mail_sending on mail (lease_until) where state = 2;
create index mail_uncertain on mail (id) where state = 6;
create index mail_subject on mail (subject_id);
create index mail_request on mail (request_id) where request_id is not null;
create index mail_settled on mail (settled_at) where settled_at is not null;

create table event (
    id uuid not null primary key,
    subject_id uuid,
    sequence bigint not null,
    kind text not null,
    data jsonb not null,
    reply_to text,
    at timestamptz not null,
    state smallint not null,
    lane smallint not null,
    due_at timestamptz not null,
    attempt integer not null,
    lease_until timestamptz,
    claimed_by uuid,
    trouble text,
    published_at timestamptz,
    correlation text,
    traceparent text
);
create index event_queued on event (lane, due_at, id) where state = 0;
create index event_leased on event (lease_until) where state = 1;
create index event_order on event (subject_id, sequence) where state <= 1;
create index event_published on event (published_at) where published_at is not null;

create table job (
    id uuid not null primary key,
    subject_id uuid,
    source text not null,
    origin smallint not null,
    kind text,
    body bytea not null,
    day integer,
    due_at timestamptz not null,
    lane smallint not null,
    attempt integer not null,
    schedule text,
    created_at timestamptz not null,
    correlation text,
    traceparent text
);
create index job_due on job (lane, due_at, id);
create index job_schedule on job (schedule) where schedule is not null;
create index job_subject on job (subject_id) where subject_id is not null;

create table inbox (
    source text not null,
    id text not null,
    body_mac bytea not null,
    received_at timestamptz not null,
    primary key (source, id)
);
create index inbox_received on inbox (received_at);

create table flight (
    source text not null,
    id text not null,
    attempts integer not null,
    at timestamptz not null,
    primary key (source, id)
);

create table parked (
    id uuid not null primary key,
    source text not null,
    message_id text not null,
    kind text,
    code text not null,
    detail text not null,
    fields jsonb not null,
    origin smallint not null,
    subject_id uuid,
    body bytea not null,
    body_mac bytea not null,
    day integer not null,
    parked_at timestamptz not null
);
create unique index parked_body on parked (body_mac);
create index parked_subject on parked (subject_id) where subject_id is not null;

create table counter (
    key bytea not null,
    window_start timestamptz not null,
    used bigint not null,
    highest bigint not null,
    primary key (key, window_start)
);
create index counter_window on counter (window_start);

create table audit (
    id uuid not null primary key,
    subject_id uuid,
    sequence bigint not null,
    ordinal smallint not null,
    at timestamptz not null,
    detail text not null,
    salt bytea not null,
    leaf bytea not null
);
create index audit_subject on audit (subject_id) where subject_id is not null;

create table schedule_state (
    schedule text not null primary key,
    paused smallint not null,
    known_since timestamptz not null
);

create table schedule_run (
    schedule text not null,
    due_at timestamptz not null,
    fired_at timestamptz not null,
    job_id uuid not null,
    primary key (schedule, due_at)
);

create table sweep_run (
    id uuid not null primary key,
    name text not null,
    source text not null,
    ordered_at timestamptz not null,
    state smallint not null,
    attempt integer not null,
    lease_until timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    counts jsonb not null
);
create index sweep_run_open on sweep_run (ordered_at) where state <> 2;

-- written and emptied again to see whether the disk takes it, after something could not be written
create table probe (
    id smallint primary key,
    filler bytea not null
);
