-- Calls that make something and carried an Idempotency-Key: src/Shithub.Actions.Server/Http/IdempotentCalls.cs.
create table idempotent_calls (
    actor_id     bigint not null references owners (id) on delete cascade,
    key          text not null check (length(key) between 1 and 100),
    -- SHA-256 of the method, the path and the body: a repeat is of the same call
    request_hash bytea not null check (length(request_hash) = 32),
    -- the run or the pull request; null for what has no id
    made_id      bigint,
    created_at   timestamptz not null default now(),
    primary key (actor_id, key)
);
-- The oldest are forgotten after a week.
create index idempotent_calls_age on idempotent_calls (created_at);
