-- A push is written down before git applies it and settled after: see Repositories/README.md.
create table pushes (
    id          uuid primary key,
    repo_id     bigint not null references repositories (id) on delete cascade,
    actor_id    bigint not null references owners (id),
    state       text not null default 'receiving' check (state in ('receiving', 'recorded', 'abandoned')),
    -- [{"ref": …, "old": …, "new": …}] as the client sent them
    commands    jsonb not null,
    received_at timestamptz not null default now(),
    settled_at  timestamptz,
    check ((state = 'receiving') = (settled_at is null))
);
create index pushes_receiving on pushes (received_at) where state = 'receiving';

-- What may start workflows. An event is processed once; a run remembers it as its trigger_event_id.
create table trigger_events (
    id            uuid primary key,
    repo_id       bigint not null references repositories (id) on delete cascade,
    actor_id      bigint references owners (id),
    event         text not null,
    ref           text not null,
    before_sha    text check (before_sha ~ '^[0-9a-f]{40,64}$'),
    head_sha      text check (head_sha ~ '^[0-9a-f]{40,64}$'),
    payload       jsonb not null,
    push_id       uuid references pushes (id) on delete set null,
    -- for events that name one workflow, such as workflow_dispatch
    workflow_file text,
    created_at    timestamptz not null default now(),
    attempts      integer not null default 0,
    -- a failed attempt backs off: not before this time
    not_before    timestamptz not null default now(),
    processed_at  timestamptz,
    error         text
);
create unique index trigger_events_push on trigger_events (push_id, ref) where push_id is not null;
create index trigger_events_pending on trigger_events (not_before) where processed_at is null;
