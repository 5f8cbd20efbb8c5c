-- The controller's people: their tokens and the notices that they get; restriction and objection (Art. 18, 21).
-- Columns of the same name and order stand in ../postgres; a test compares the two.

create table staff_token (
    id blob not null primary key,
    staff text not null,
    token_hash blob not null,
    created_at integer not null,
    expires_at integer not null,
    revoked_at integer,
    made_by text not null
) strict, without rowid;
create unique index staff_token_hash on staff_token (token_hash);

create table staff_notice (
    id blob not null primary key,
    cause blob not null,
    staff text not null,
    subject_id blob not null,
    kind integer not null,
    channel integer not null,
    state integer not null,
    created_at integer not null,
    due_at integer not null,
    reminded_at integer,
    escalated_at integer,
    acknowledged_at integer,
    generation integer not null,
    token_hash blob not null,
    sealed blob not null
) strict, without rowid;
-- whatever is delivered twice, or decided by two replicas: one notice for each person
create unique index staff_notice_once on staff_notice (cause, staff);
create unique index staff_notice_token on staff_notice (token_hash);
create index staff_notice_subject on staff_notice (subject_id);
create index staff_notice_open on staff_notice (staff, due_at) where state = 0;

create table restriction (
    subject_id blob not null,
    ground integer not null,
    state integer not null,
    since integer not null,
    told_by text not null,
    note blob,
    notice_mail blob,
    lifted_at integer,
    primary key (subject_id, ground)
) strict, without rowid;

create table objection (
    subject_id blob not null,
    purpose text not null,
    state integer not null,
    at integer not null,
    told_by text not null,
    decided_at integer,
    primary key (subject_id, purpose)
) strict, without rowid;
