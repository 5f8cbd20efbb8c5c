-- Mailings of apps: their words, sealed until they leave, and the links that end them.
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
