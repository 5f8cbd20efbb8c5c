-- Notices to staff by other channels than mail: a row of the mails that names one goes by it. Indexes for the sweeps of
-- what is acknowledged, lifted and decided.
-- Columns of the same name and order stand in ../sqlite; a test compares the two.

alter table mail add column channel text;
create index mail_channel on mail (channel, due_at, id) where state = 0 and channel is not null;

create index staff_notice_acknowledged on staff_notice (acknowledged_at) where state = 1;
create index restriction_lifted on restriction (lifted_at) where state = 2;
create index objection_overridden on objection (decided_at) where state = 2;
