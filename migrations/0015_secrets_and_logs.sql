-- The server scrubs logs again: what it must know of an attempt's masks and logs between two chunks.

-- Counts changes, so that a server that knows the masks learns from its next statement that there are more.
alter table workflow_job_secret_masks
    add column version integer not null default 1,
    -- what steps asked to hide (::add-mask::), sealed
    add column added   bytea;

-- The end of a log that may be the beginning of a secret: acknowledged, not yet decided, and therefore sealed (Secrets/Sealing.cs) and not
-- among the chunks. Written by the statement that stores chunk seq, gone with the chunk or the end that decides it.
create table workflow_log_withheld (
    job_id  bigint not null references workflow_jobs (id) on delete cascade,
    attempt integer not null,
    -- null: the log of the job itself
    step_id bigint,
    -- the chunk after which it was withheld
    seq     integer not null,
    sealed  bytea not null
);
create unique index workflow_log_withheld_stream on workflow_log_withheld (job_id, attempt, step_id) nulls not distinct;
