-- Where data of a subject came from, if not from the subject itself, and whether it was told so (Art. 14).
-- Columns of the same name and order stand in ../postgres; a test compares the two.

create table data_origin (
    subject_id blob not null,
    -- an entry of the policy's data_sources
    source text not null,
    state integer not null,
    since integer not null,
    told_by text not null,
    mail_id blob,
    primary key (subject_id, source)
) strict, without rowid;
