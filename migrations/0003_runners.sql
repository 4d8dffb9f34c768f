create table workflow_runners (
    id                bigint generated always as identity primary key,
    name              text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'),
    -- lower case; what it may offer
    labels            text[] not null check (cardinality(labels) between 1 and 64),
    -- what it offered in its last heartbeat, of those
    offered_labels    text[] not null,
    capacity          integer not null check (capacity between 1 and 1000),
    offered_capacity  integer not null,
    host_name         text,
    version           text,
    registered_at     timestamptz not null default now(),
    last_heartbeat_at timestamptz,
    -- set by cleanup-stale and revoke, cleared by the next heartbeat
    offline_at        timestamptz,
    draining_at       timestamptz,
    drain_reason      text,
    revoked_at        timestamptz,
    revoke_reason     text
);
-- A revoked runner's name may be used again.
create unique index workflow_runners_name on workflow_runners (lower(name)) where revoked_at is null;

create table runner_tokens (
    id            bigint generated always as identity primary key,
    runner_id     bigint not null references workflow_runners (id) on delete cascade,
    token_hash    bytea not null unique check (octet_length(token_hash) = 32),
    created_at    timestamptz not null default now(),
    expires_at    timestamptz,
    -- replaced by rotate-token: claims nothing more, but may renew the leases of what it had claimed
    superseded_at timestamptz,
    revoked_at    timestamptz
);
create index runner_tokens_runner on runner_tokens (runner_id);
