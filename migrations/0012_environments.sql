-- Environments that hold jobs back, and times at which workflows start by themselves.

create table environments (
    id           bigint generated always as identity primary key,
    repo_id      bigint not null references repositories (id) on delete cascade,
    name         text not null check (name <> '' and length(name) <= 255),
    wait_minutes integer not null default 0 check (wait_minutes between 0 and 43200),
    -- null: any
    branches     text[] check (cardinality(branches) between 1 and 100),
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create unique index environments_name on environments (repo_id, lower(name));

create table environment_reviewers (
    environment_id bigint not null references environments (id) on delete cascade,
    user_id        bigint not null references owners (id) on delete cascade,
    primary key (environment_id, user_id)
);

-- A job that its environment holds back, or held back.
create table environment_gates (
    job_id       bigint primary key references workflow_jobs (id) on delete cascade,
    run_id       bigint not null references workflow_runs (id) on delete cascade,
    -- as the job names it; what it asked for is kept, whatever becomes of the environment
    environment  text not null,
    needs_review boolean not null,
    reviewers    bigint[] not null default '{}',
    waits_until  timestamptz,
    decision     text check (decision in ('approved', 'rejected')),
    reviewer_id  bigint references owners (id),
    reviewed_at  timestamptz,
    comment      text,
    -- it lets the job go, or has failed it
    passed_at    timestamptz,
    created_at   timestamptz not null default now(),
    check ((decision is null) = (reviewed_at is null))
);
create index environment_gates_run on environment_gates (run_id);
create index environment_gates_due on environment_gates (waits_until)
    where passed_at is null and waits_until is not null and (not needs_review or decision is not null);

alter table workflow_jobs
    drop constraint workflow_jobs_hold_check,
    add constraint workflow_jobs_hold_check check (hold in ('max-parallel', 'concurrency', 'environment'));

-- Variables that jobs of an environment see before all others. Apart from actions_variables, whose index the previous version's statements name.
create table environment_variables (
    repo_id     bigint not null references repositories (id) on delete cascade,
    -- lower case
    environment text not null check (environment <> ''),
    name        text not null check (name ~ '^[A-Za-z_][A-Za-z0-9_]{0,254}$'),
    value       text not null check (octet_length(value) <= 49152),
    updated_at  timestamptz not null default now()
);
create unique index environment_variables_name on environment_variables (repo_id, environment, upper(name));

-- The schedules of the default branch's workflows, and when each is due next. A due row is taken by the one that moves it on.
create table workflow_schedules (
    repo_id       bigint not null references repositories (id) on delete cascade,
    workflow_file text not null,
    cron          text not null,
    timezone      text not null default '',
    actor_id      bigint references owners (id),
    next_at       timestamptz not null,
    primary key (repo_id, workflow_file, cron, timezone)
);
create index workflow_schedules_due on workflow_schedules (next_at);
