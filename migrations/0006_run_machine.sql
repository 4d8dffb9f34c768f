-- Runs whose jobs become what they are while the run goes on: conditions, matrices, called workflows, concurrency groups.

alter table workflow_runs
    -- the whole run was cancelled: only jobs whose conditions ask for it still start
    add column cancel_requested_at timestamptz,
    -- why no job of it may start: 'concurrency'
    add column hold text check (hold in ('concurrency'));

-- What the run's decisions need (json, not jsonb: expressions see the order of members), as it was when the run was made: a later edit of a variable or a forced push changes nothing.
create table workflow_run_definitions (
    run_id  bigint primary key references workflow_runs (id) on delete cascade,
    -- [{id, repository, commit, text, calls: {uses: id}}], the run's own workflow first
    sources json not null,
    -- the context github without the event, which is in workflow_runs
    github  json not null,
    vars    json not null,
    -- [{path, source, name, inputs, leg}]: workflows that jobs have called
    calls   json not null default '[]',
    -- [{uses, repository_id, repository, sha}]: composite actions of other repositories
    actions json not null default '[]'
);

-- job_key is the job's path in the run: 'build', 'test[2]' (a leg of a matrix), 'deploy/publish' (a job of a called workflow). A job that is
-- not ready stands for whatever it becomes; it has no labels yet.
alter table workflow_jobs
    alter column label_set_id drop not null,
    add column is_ready          boolean not null default true,
    -- {index, total, matrix, tainted, fail_fast, max_parallel}
    add column leg               json,
    add column continue_on_error boolean not null default false,
    add column hold              text check (hold in ('max-parallel', 'concurrency')),
    -- what the runner evaluates expressions with: {values, tainted}
    add column contexts          json,
    add column output_templates  json,
    add column defaults          json,
    add column container         json,
    add column services          json,
    add column environment       text,
    add column outputs           json,
    add column tainted_outputs   text[],
    -- why it failed before it could run
    add column diagnostics       jsonb,
    add constraint queued_job_has_labels check (status not in ('queued', 'running') or label_set_id is not null),
    add constraint held_job_waits check (hold is null or (status = 'waiting' and is_ready));

alter table workflow_steps
    add column continue_on_error_if text,
    add column timeout_minutes      text,
    add column line                 integer not null default 0;

-- Who is in a concurrency group of a repository: a run, or one job of it. At most one holds the group; the others wait in the order of ids.
create table concurrency_members (
    id          bigint generated always as identity primary key,
    repo_id     bigint not null references repositories (id) on delete cascade,
    -- lower case
    group_name  text not null,
    run_id      bigint not null references workflow_runs (id) on delete cascade,
    -- null: the whole run
    job_id      bigint references workflow_jobs (id) on delete cascade,
    -- cancel-in-progress: it does not wait for the holder, but stops it
    cancels     boolean not null,
    -- it does not replace others that wait
    keeps_all   boolean not null,
    held_since  timestamptz,
    unique nulls not distinct (run_id, job_id)
);
create unique index concurrency_members_holder on concurrency_members (repo_id, group_name) where held_since is not null;
create index concurrency_members_group on concurrency_members (repo_id, group_name, id);
