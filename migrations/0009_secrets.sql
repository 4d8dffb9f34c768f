-- Secrets of the site, of owners, of repositories and of environments of repositories: sealed (Secrets/Sealing.cs), never in clear.
create table workflow_secrets (
    id          bigint generated always as identity primary key,
    owner_id    bigint references owners (id) on delete cascade,
    repo_id     bigint references repositories (id) on delete cascade,
    -- lower case
    environment text check (environment <> ''),
    name        text not null check (name ~ '^[A-Z_][A-Z0-9_]{0,254}$'),
    -- 48 KiB and what sealing adds
    sealed      bytea not null check (octet_length(sealed) <= 49152 + 29),
    updated_at  timestamptz not null default now(),
    -- neither: the whole site's
    check (owner_id is null or repo_id is null),
    check (environment is null or repo_id is not null)
);
create unique index workflow_secrets_name on workflow_secrets (repo_id, owner_id, environment, name) nulls not distinct;

-- {names, own, mappings, environment}: which secrets the job reads and how callers name them, without values; null: none.
-- json, not jsonb: expressions see the order of members.
alter table workflow_jobs add column secret_plan json;
