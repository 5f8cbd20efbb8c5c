-- Soft opt-in (ePrivacy Directive 13(2)): the sale that it rests on. And the topic of a mailing, so that the statement that
-- lets it leave sees whether the topic was left.
-- Columns of the same name and order stand in ../sqlite; a test compares the two.

create table soft_opt_in (
    subject_id uuid not null,
    purpose text not null,
    -- the latest sale that is known
    sold_at timestamptz not null,
    -- blind indexes of the contact details that were obtained in a sale
    email bytea,
    phone bytea,
    source text not null,
    told_by text not null,
    recorded_at timestamptz not null,
    evidence bytea,
    policy bytea not null,
    primary key (subject_id, purpose)
);
create index soft_opt_in_purpose on soft_opt_in (purpose, subject_id);

-- gated = 3: a mailing that leaves only while a sale is known, and nobody has objected since or before
alter table mail add column topic text;
