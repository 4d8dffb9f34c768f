-- Runs, jobs and steps. The constraints say what docs/state-machine.md draws.

create table workflow_runs (
    id               bigint generated always as identity primary key,
    repo_id          bigint not null references repositories (id) on delete cascade,
    run_index        integer not null check (run_index > 0),
    workflow_file    text not null,
    workflow_name    text not null,
    title            text not null default '',
    event            text not null,
    event_payload    jsonb not null default '{}',
    inputs           jsonb not null default '{}',
    head_sha         text not null,
    head_ref         text not null,
    actor_id         bigint references owners (id),
    trigger_event_id text not null,
    parent_run_id    bigint references workflow_runs (id) on delete set null,
    status           text not null check (status in ('queued', 'waiting', 'running', 'completed', 'cancelled', 'skipped')),
    conclusion       text check (conclusion in ('success', 'failure', 'cancelled', 'skipped', 'timed_out', 'neutral',
                                                'action_required', 'runner_lost')),
    -- what was wrong with the workflow file, for a run that could not be planned
    diagnostics      jsonb,
    pinned           boolean not null default false,
    created_at       timestamptz not null default now(),
    started_at       timestamptz,
    completed_at     timestamptz,
    unique (repo_id, run_index),
    -- a trigger that arrives twice makes one run
    unique (repo_id, workflow_file, trigger_event_id),
    constraint terminal_run_has_conclusion check (
        (status in ('completed', 'cancelled', 'skipped')) = (conclusion is not null)
        and (conclusion is not null) = (completed_at is not null)),
    constraint cancelled_run_says_so check (status <> 'cancelled' or conclusion = 'cancelled')
);
create index workflow_runs_repo on workflow_runs (repo_id, id desc);
create index workflow_runs_commit on workflow_runs (repo_id, head_sha);

-- The distinct sets of labels that jobs ask for: a claim looks at a set's queue only if the runner serves the set.
create table label_sets (
    id     integer generated always as identity primary key,
    -- lower case, sorted
    labels text[] not null unique
);

create table workflow_jobs (
    id                  bigint generated always as identity primary key,
    run_id              bigint not null references workflow_runs (id) on delete cascade,
    repo_id             bigint not null,
    job_key             text not null,
    job_name            text not null,
    runs_on             text[] not null,
    label_set_id        integer not null references label_sets (id),
    needs               text[] not null default '{}',
    if_condition        text,
    timeout_minutes     integer not null check (timeout_minutes > 0),
    permissions         jsonb not null default '{}',
    env                 jsonb not null default '{}',
    priority            integer not null default 0,
    status              text not null check (status in ('queued', 'waiting', 'running', 'completed', 'cancelled', 'skipped')),
    conclusion          text check (conclusion in ('success', 'failure', 'cancelled', 'skipped', 'timed_out', 'neutral',
                                                   'action_required', 'runner_lost')),
    -- 0 until the first claim
    attempt             integer not null default 0,
    -- how often a lost runner's job was queued again
    rescues             integer not null default 0,
    runner_id           bigint references workflow_runners (id) on delete set null,
    claim_id            text,
    claim_jti           uuid,
    lease_seconds       integer,
    lease_expires_at    timestamptz,
    -- the attempt's first token's expiry, as seconds since 1970, so that a repeated claim can be answered with the same token
    claim_expires       bigint,
    log_bytes           bigint not null default 0,
    created_at          timestamptz not null default now(),
    queued_at           timestamptz,
    started_at          timestamptz,
    completed_at        timestamptz,
    cancel_requested_at timestamptz,
    unique (run_id, job_key),
    constraint terminal_job_has_conclusion check (
        (status in ('completed', 'cancelled', 'skipped')) = (conclusion is not null)
        and (conclusion is not null) = (completed_at is not null)),
    constraint cancelled_job_says_so check (status <> 'cancelled' or conclusion = 'cancelled'),
    constraint skipped_job_says_so check (status <> 'skipped' or conclusion = 'skipped'),
    constraint running_job_is_leased check (
        status <> 'running' or (attempt > 0 and lease_expires_at is not null and lease_seconds is not null)),
    constraint queued_job_is_dated check (status <> 'queued' or queued_at is not null)
) with (fillfactor = 80);
-- The claim's index: the head of each label set's queue.
create index workflow_jobs_queue on workflow_jobs (label_set_id, priority desc, id) where status = 'queued';
-- A runner's active jobs, the sweep for expired leases.
create index workflow_jobs_running on workflow_jobs (runner_id) where status = 'running';
-- One claim, one job: a claim that is repeated while the first is under way cannot take a second job.
create unique index workflow_jobs_claim on workflow_jobs (runner_id, claim_id) where claim_id is not null;

create table workflow_steps (
    id                bigint generated always as identity primary key,
    job_id            bigint not null references workflow_jobs (id) on delete cascade,
    index             integer not null,
    step_id           text,
    name              text not null,
    if_condition      text,
    run               text,
    uses              text,
    shell             text,
    working_directory text,
    env               jsonb not null default '{}',
    "with"            jsonb not null default '{}',
    continue_on_error boolean not null default false,
    status            text not null default 'queued' check (status in ('queued', 'running', 'completed', 'cancelled', 'skipped')),
    conclusion        text check (conclusion in ('success', 'failure', 'cancelled', 'skipped', 'timed_out', 'neutral', 'runner_lost')),
    started_at        timestamptz,
    completed_at      timestamptz,
    unique (job_id, index),
    check ((run is null) <> (uses is null)),
    constraint terminal_step_has_conclusion check (
        (status in ('completed', 'cancelled', 'skipped')) = (conclusion is not null)
        and (conclusion is not null) = (completed_at is not null))
);

-- step_id is null for the log of the job itself. A chunk's hash is that of the bytes as sent; the bytes stored are scrubbed.
create table workflow_step_log_chunks (
    job_id     bigint not null references workflow_jobs (id) on delete cascade,
    attempt    integer not null,
    step_id    bigint,
    seq        integer not null check (seq >= 0),
    chunk      bytea not null check (octet_length(chunk) <= 2097152),
    sent_hash  bytea not null check (octet_length(sent_hash) = 32),
    created_at timestamptz not null default now()
);
create unique index workflow_step_log_chunks_seq on workflow_step_log_chunks (job_id, attempt, step_id, seq) nulls not distinct;

-- Every job token that was used, with what its caller was told: the ground for 'once' and for harmless retries.
create table runner_jwt_used (
    jti             uuid primary key,
    job_id          bigint not null,
    attempt         integer not null,
    used_at         timestamptz not null default now(),
    idempotency_key text,
    request_hash    bytea,
    response        jsonb,
    next_jti        uuid,
    next_expires    bigint
);
create index runner_jwt_used_age on runner_jwt_used using brin (used_at);

-- What must not appear in a job's log, sealed (AES-256-GCM, see Secrets/Sealing.cs).
create table workflow_job_secret_masks (
    job_id  bigint not null references workflow_jobs (id) on delete cascade,
    attempt integer not null,
    sealed  bytea not null,
    primary key (job_id, attempt)
);

-- The check run of a commit is its job seen from the commit: a view can't disagree with it.
create view check_runs as
select
    j.id,
    r.repo_id,
    r.head_sha,
    r.workflow_name || ' / ' || j.job_name || ' (' || r.event || ')' as name,
    case when j.status in ('completed', 'cancelled', 'skipped') then 'completed'
         when j.status = 'running' then 'in_progress'
         else 'queued' end as status,
    j.conclusion,
    r.id as run_id,
    j.started_at,
    j.completed_at
from workflow_jobs j
join workflow_runs r on r.id = j.run_id;
