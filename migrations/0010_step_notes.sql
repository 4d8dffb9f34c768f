-- What steps leave for people beside their logs, as GitHub's 'Workflow commands' has it. The limits are the protocol's; rows of attempts
-- before the job's last one are not shown.
create table workflow_annotations (
    job_id   bigint not null references workflow_jobs (id) on delete cascade,
    step_id  bigint not null references workflow_steps (id) on delete cascade,
    attempt  integer not null,
    -- from 1, within the step
    ordinal  integer not null,
    level    text not null check (level in ('notice', 'warning', 'error')),
    message  text not null check (octet_length(message) between 1 and 4096),
    title    text check (length(title) <= 255),
    file     text check (length(file) <= 1024),
    line     integer check (line > 0),
    end_line integer check (end_line > 0),
    col      integer check (col > 0),
    end_col  integer check (end_col > 0),
    primary key (job_id, attempt, step_id, ordinal)
);

create table workflow_step_summaries (
    job_id   bigint not null references workflow_jobs (id) on delete cascade,
    step_id  bigint not null references workflow_steps (id) on delete cascade,
    attempt  integer not null,
    markdown text not null check (octet_length(markdown) between 1 and 1048576),
    primary key (job_id, attempt, step_id)
);
create index workflow_annotations_step on workflow_annotations (step_id);
create index workflow_step_summaries_step on workflow_step_summaries (step_id);
