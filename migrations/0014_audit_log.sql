-- Every administrative and trust decision, in the transaction that made it: src/Shithub.Actions.Server/Audit/README.md.
create table audit_log (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default now(),
    -- user: with a token or a browser session; operator: at the command line of a server; runner: with a registration secret;
    -- system: by itself, such as a run that a newer one replaces
    actor_kind  text not null check (actor_kind in ('user', 'operator', 'runner', 'system')),
    -- as they were: no foreign keys, an entry outlives what it is about
    actor_id    bigint,
    actor_name  text not null,
    token_id    bigint,
    verb        text not null check (verb ~ '^[a-z-]+(\.[a-z-]+)+$'),
    object_type text not null,
    object_id   bigint,
    object_name text,
    -- an address or a host's name
    origin      text,
    -- the user agent, or 'command line'
    client      text,
    -- never with a secret in it
    details     jsonb not null default '{}'
);
create index audit_log_actor on audit_log (lower(actor_name), id desc);
create index audit_log_verb on audit_log (verb, id desc);

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only';
end $$;
create trigger audit_log_is_append_only before update or delete on audit_log
    for each row execute function audit_log_is_append_only();
create trigger audit_log_is_not_emptied before truncate on audit_log
    for each statement execute function audit_log_is_append_only();

-- Why it was cancelled, for people.
alter table workflow_runs add column cancel_reason text;
alter table workflow_jobs add column cancel_reason text;
