-- The controller's people: their tokens and the notices that they get; restriction and objection (Art. 18, 21).
-- Columns of the same name and order stand in ../sqlite; a test compares the two.

create table staff_token (
    id uuid not null primary key,
    staff text not null,
    token_hash bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    made_by text not null
);
create unique index staff_token_hash on staff_token (token_hash);

create table staff_notice (
    id uuid not null primary key,
    cause uuid not null,
    staff text not null,
    subject_id uuid not null,
    kind smallint not null,
    channel smallint not null,
    state smallint not null,
    created_at timestamptz not null,
    due_at timestamptz not null,
    reminded_at timestamptz,
    escalated_at timestamptz,
    acknowledged_at timestamptz,
    generation smallint not null,
    token_hash bytea not null,
    sealed bytea not null
);
-- whatever is delivered twice, or decided by two replicas: one notice for each person
create unique index staff_notice_once on staff_notice (cause, staff);
create unique index staff_notice_token on staff_notice (token_hash);
create index staff_notice_subject on staff_notice (subject_id);
create index staff_notice_open on staff_notice (staff, due_at) where state = 0;

create table restriction (
    subject_id uuid not null,
    ground smallint not null,
    state smallint not null,
    since timestamptz not null,
    told_by text not null,
    note bytea,
    notice_mail uuid,
    lifted_at timestamptz,
    primary key (subject_id, ground)
);

create table objection (
    subject_id uuid not null,
    purpose text not null,
    state smallint not null,
    at timestamptz not null,
    told_by text not null,
    decided_at timestamptz,
    primary key (subject_id, purpose)
);
