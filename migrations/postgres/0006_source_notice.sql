-- Where data of a subject came from, if not from the subject itself, and whether it was told so (Art. 14).
-- Columns of the same name and order stand in ../sqlite; a test compares the two.

create table data_origin (
    subject_id uuid not null,
    -- an entry of the policy's data_sources
    source text not null,
    state smallint not null,
    since timestamptz not null,
    told_by text not null,
    mail_id uuid,
    primary key (subject_id, source)
);
