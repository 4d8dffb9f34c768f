-- Who exists and who may do what. Names are unique whatever their case; the case given at creation is shown.

create table owners (
    id          bigint generated always as identity primary key,
    name        text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,38}$'),
    kind        text not null check (kind in ('user', 'organization')),
    is_admin    boolean not null default false check (kind = 'user' or not is_admin),
    actions_enabled boolean not null default true,
    created_at  timestamptz not null default now(),
    disabled_at timestamptz
);
create unique index owners_name on owners (lower(name));

create table organization_members (
    organization_id bigint not null references owners (id) on delete cascade,
    user_id         bigint not null references owners (id) on delete cascade,
    role            text not null check (role in ('member', 'owner')),
    primary key (organization_id, user_id)
);

-- Personal access tokens. Only the SHA-256 is kept: the tokens are 256 random bits, so a slow hash would add nothing.
create table access_tokens (
    id           bigint generated always as identity primary key,
    user_id      bigint not null references owners (id) on delete cascade,
    name         text not null,
    token_hash   bytea not null unique check (octet_length(token_hash) = 32),
    scopes       text[] not null check (scopes <@ array['repo:read', 'repo:write', 'admin'] and cardinality(scopes) > 0),
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
create index access_tokens_user on access_tokens (user_id);

-- A browser's sign-in: as good as the access token it was made from, and gone with it.
create table web_sessions (
    token_hash      bytea primary key check (octet_length(token_hash) = 32),
    access_token_id bigint not null references access_tokens (id) on delete cascade,
    created_at      timestamptz not null default now(),
    expires_at      timestamptz not null
);

create table repositories (
    id              bigint generated always as identity primary key,
    owner_id        bigint not null references owners (id),
    name            text not null check (name ~ '^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$' and lower(name) !~ '\.git$'),
    is_private      boolean not null default true,
    default_branch  text not null default 'trunk',
    actions_enabled boolean not null default true,
    last_run_index  integer not null default 0,
    created_at      timestamptz not null default now()
);
create unique index repositories_name on repositories (owner_id, lower(name));

create table collaborators (
    repo_id    bigint not null references repositories (id) on delete cascade,
    user_id    bigint not null references owners (id) on delete cascade,
    permission text not null check (permission in ('read', 'write', 'admin')),
    primary key (repo_id, user_id)
);

create table actions_variables (
    id       bigint generated always as identity primary key,
    owner_id bigint references owners (id) on delete cascade,
    repo_id  bigint references repositories (id) on delete cascade,
    name     text not null check (name ~ '^[A-Za-z_][A-Za-z0-9_]{0,254}$'),
    value    text not null check (octet_length(value) <= 49152),
    updated_at timestamptz not null default now(),
    -- neither: the whole site's
    check (owner_id is null or repo_id is null)
);
create unique index actions_variables_name on actions_variables (owner_id, repo_id, upper(name)) nulls not distinct;

-- One row: the site's own switch. Off is a hard stop that queued jobs obey too.
create table actions_site_policy (
    id         integer primary key default 1 check (id = 1),
    enabled    boolean not null default true,
    updated_at timestamptz not null default now()
);
insert into actions_site_policy default values;
