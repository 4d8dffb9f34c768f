-- The queue in lanes, so that a claim looks at who waits and not at what waits: docs/decisions/0009-lanes.md.

-- Caps: null is no cap. Of the nearest that says something: the repository, its owner, the site.
alter table actions_site_policy
    -- of each owner, all of its repositories together
    add column owner_max_running     integer check (owner_max_running >= 0),
    add column repo_max_running      integer check (repo_max_running >= 0),
    -- jobs of a repository that wait or are queued
    add column max_queued            integer default 10000 check (max_queued >= 0),
    -- events of one actor that start runs
    add column max_triggers_per_hour integer default 1000 check (max_triggers_per_hour >= 0);
alter table owners
    add column max_running           integer check (max_running >= 0),
    add column repo_max_running      integer check (repo_max_running >= 0),
    add column max_queued            integer check (max_queued >= 0),
    add column max_triggers_per_hour integer check (max_triggers_per_hour >= 0);
alter table repositories
    add column max_running           integer check (max_running >= 0),
    add column max_queued            integer check (max_queued >= 0),
    add column max_triggers_per_hour integer check (max_triggers_per_hour >= 0);

-- is_counted: the job is one of those that queue_owners and queue_repositories count as running.
alter table workflow_jobs add column is_counted boolean not null default false;
-- Some job that asks for the set is, or was a moment ago, queued.
alter table label_sets add column is_active boolean not null default false;
create index label_sets_active on label_sets (id) where is_active;

-- A lane is what one repository has queued for one set of labels; its head is the next job.
create index workflow_jobs_lane on workflow_jobs (label_set_id, repo_id, priority desc, id) where status = 'queued';
-- What an operator sent ahead of everybody.
create index workflow_jobs_express on workflow_jobs (label_set_id, priority desc, id) where status = 'queued' and priority >= 1000000;
-- For the cap on queued jobs.
create index workflow_jobs_unfinished on workflow_jobs (repo_id) where status in ('queued', 'waiting');
-- For the cap on triggers.
create index workflow_runs_actor on workflow_runs (actor_id, created_at);
drop index workflow_jobs_queue;

-- What follows is written by the holder of the claim lock only (queue_lock), so nobody waits for anybody in it. Jobs that are queued, or
-- run no more, leave a note in the transaction that changes them; the next claim reads it. Changes of policy, which are rare, take the lock.
create sequence queue_turns;
create table queue_notes (
    id           bigint generated always as identity primary key,
    repo_id      bigint not null,
    -- a job was queued for it; null: running changes
    label_set_id integer,
    running      integer not null default 0
) with (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
-- Of those that had work since the tables were made: how many jobs they have running, and their policy, as owners and repositories have it.
create table queue_owners (
    owner_id    bigint primary key,
    running     integer not null default 0,
    is_enabled  boolean not null,
    max_running integer
) with (fillfactor = 50);
create table queue_repositories (
    repo_id     bigint primary key,
    owner_id    bigint not null,
    running     integer not null default 0,
    is_enabled  boolean not null,
    max_running integer
) with (fillfactor = 50);
create index queue_repositories_owner on queue_repositories (owner_id);
create table queue_owner_lanes (
    label_set_id integer not null,
    owner_id     bigint not null,
    is_active    boolean not null,
    -- of queue_turns: when the owner was last given a job that the claimer could also have taken from this lane
    last_turn    bigint not null default 0,
    primary key (label_set_id, owner_id)
) with (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index queue_owner_lanes_turn on queue_owner_lanes (label_set_id, last_turn) where is_active;
create table queue_lanes (
    label_set_id integer not null,
    repo_id      bigint not null,
    owner_id     bigint not null,
    is_active    boolean not null,
    last_turn    bigint not null default 0,
    primary key (label_set_id, repo_id)
) with (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index queue_lanes_turn on queue_lanes (label_set_id, owner_id, last_turn) where is_active;

-- Why jobs of an owner or a repository may not start now; null: they may. Claims and explanations ask these functions and nothing else.
create function queue_owner_stop(is_enabled boolean, running integer, max_running integer) returns text language sql immutable as $$
    select case when not is_enabled then 'owner_off' when running >= max_running then 'owner_cap' end
$$;
create function queue_repository_stop(is_enabled boolean, running integer, max_running integer) returns text language sql immutable as $$
    select case when not is_enabled then 'repository_off' when running >= max_running then 'repository_cap' end
$$;
create view queue_standing as
select
    p.id as repo_id,
    p.owner_id,
    coalesce(qo.running, 0) as owner_running,
    coalesce(o.max_running, s.owner_max_running) as owner_max_running,
    coalesce(qr.running, 0) as repo_running,
    coalesce(p.max_running, o.repo_max_running, s.repo_max_running) as repo_max_running,
    case when not s.enabled then 'site_off' else coalesce(
        queue_owner_stop(o.actions_enabled, coalesce(qo.running, 0), coalesce(o.max_running, s.owner_max_running)),
        queue_repository_stop(p.actions_enabled, coalesce(qr.running, 0), coalesce(p.max_running, o.repo_max_running, s.repo_max_running)))
        end as stop
from repositories p
join owners o on o.id = p.owner_id
cross join actions_site_policy s
left join queue_owners qo on qo.owner_id = p.owner_id
left join queue_repositories qr on qr.repo_id = p.id;

create view queue_runner_standing as
select
    r.id as runner_id,
    r.offered_labels,
    active.running,
    r.offered_capacity as capacity,
    case when r.revoked_at is not null then 'revoked'
         when r.draining_at is not null then 'draining'
         when active.running >= r.offered_capacity then 'full' end as stop
from workflow_runners r
cross join lateral (
    select count(*) as running
    from workflow_jobs j
    where j.runner_id = r.id and j.status = 'running') active;

-- Claims take turns. Whoever needs that no claim is under way takes it too, after the locks of rows, never before.
create function queue_lock() returns void language sql as 'select pg_advisory_xact_lock(7001, 1)';

create function queue_note_of_queued() returns trigger language plpgsql as $$
begin
    insert into queue_notes (label_set_id, repo_id)
    select distinct label_set_id, repo_id
    from added
    where status = 'queued';
    return null;
end $$;
create trigger queue_note_of_queued after insert on workflow_jobs
    referencing new table as added
    for each statement execute function queue_note_of_queued();

create function queue_note_of_change() returns trigger language plpgsql as $$
begin
    if old.status = 'running' and old.is_counted then
        insert into queue_notes (repo_id, running) values (new.repo_id, -1);
        new.is_counted := false;
    end if;
    if new.status = 'queued' then
        insert into queue_notes (label_set_id, repo_id) values (new.label_set_id, new.repo_id);
    end if;
    return new;
end $$;
create trigger queue_note_of_change before update on workflow_jobs
    for each row when (new.status <> old.status and (new.status = 'queued' or old.is_counted))
    execute function queue_note_of_change();

create function queue_note_of_delete() returns trigger language plpgsql as $$
begin
    insert into queue_notes (repo_id, running) values (old.repo_id, -1);
    return null;
end $$;
create trigger queue_note_of_delete after delete on workflow_jobs
    for each row when (old.is_counted)
    execute function queue_note_of_delete();

-- A lane, and the lane of its owner, that nothing is left in.
create function queue_close_lane(in_set integer, in_repo bigint, in_owner bigint) returns void language plpgsql as $$
begin
    update queue_lanes set is_active = false where label_set_id = in_set and repo_id = in_repo and is_active;
    if not exists (select from queue_lanes where label_set_id = in_set and owner_id = in_owner and is_active) then
        update queue_owner_lanes set is_active = false where label_set_id = in_set and owner_id = in_owner and is_active;
        if not exists (select from queue_owner_lanes where label_set_id = in_set and is_active) then
            update label_sets set is_active = false where id = in_set and is_active;
        end if;
    end if;
end $$;

-- Opens lanes where jobs are queued; those of a repository or owner that is switched off are kept, closed.
create function queue_open_lanes(sets integer[], repos bigint[]) returns void language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
begin
    insert into queue_owners (owner_id, is_enabled, max_running)
    select distinct o.id, o.actions_enabled, o.max_running
    from unnest(repos) n (repo_id)
    join repositories p on p.id = n.repo_id
    join owners o on o.id = p.owner_id
    on conflict (owner_id) do nothing;
    insert into queue_repositories (repo_id, owner_id, is_enabled, max_running)
    select distinct p.id, p.owner_id, p.actions_enabled, coalesce(p.max_running, o.repo_max_running)
    from unnest(repos) n (repo_id)
    join repositories p on p.id = n.repo_id
    join owners o on o.id = p.owner_id
    on conflict (repo_id) do nothing;
    insert into queue_lanes (label_set_id, repo_id, owner_id, is_active)
    select distinct n.label_set_id, p.repo_id, p.owner_id, p.is_enabled
    from unnest(sets, repos) n (label_set_id, repo_id)
    join queue_repositories p on p.repo_id = n.repo_id
    on conflict (label_set_id, repo_id) do update set is_active = true where excluded.is_active and not queue_lanes.is_active;
    insert into queue_owner_lanes (label_set_id, owner_id, is_active)
    select n.label_set_id, p.owner_id, bool_or(p.is_enabled and o.is_enabled)
    from unnest(sets, repos) n (label_set_id, repo_id)
    join queue_repositories p on p.repo_id = n.repo_id
    join queue_owners o on o.owner_id = p.owner_id
    group by n.label_set_id, p.owner_id
    on conflict (label_set_id, owner_id) do update set is_active = true where excluded.is_active and not queue_owner_lanes.is_active;
    update label_sets set is_active = true where id = any (sets) and not is_active;
end $$;

-- A policy that changed closes the lanes that it stops, and opens those that it lets go.
create function queue_obey_policy() returns trigger language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    lane record;
begin
    perform queue_lock();
    if tg_table_name = 'owners' then
        update queue_owners set is_enabled = new.actions_enabled, max_running = new.max_running where owner_id = new.id;
        update queue_repositories q
        set max_running = coalesce(p.max_running, new.repo_max_running)
        from repositories p
        where q.owner_id = new.id and p.id = q.repo_id and q.max_running is distinct from coalesce(p.max_running, new.repo_max_running);
        update queue_owner_lanes l
        set is_active = new.actions_enabled and exists (
            select from queue_lanes r where r.label_set_id = l.label_set_id and r.owner_id = l.owner_id and r.is_active)
        where l.owner_id = new.id;
        update label_sets
        set is_active = true
        where not is_active and id = any (array(select label_set_id from queue_owner_lanes where owner_id = new.id and is_active));
    else
        update queue_repositories
        set is_enabled = new.actions_enabled,
            max_running = coalesce(new.max_running, (select o.repo_max_running from owners o where o.id = new.owner_id))
        where repo_id = new.id;
        for lane in select l.label_set_id, l.repo_id, l.owner_id from queue_lanes l where l.repo_id = new.id loop
            if new.actions_enabled then
                -- One that has nothing in it closes at its next turn.
                perform queue_open_lanes(array[lane.label_set_id], array[lane.repo_id]);
            else
                perform queue_close_lane(lane.label_set_id, lane.repo_id, lane.owner_id);
            end if;
        end loop;
    end if;
    return null;
end $$;
create trigger queue_obey_policy after update on owners
    for each row when ((new.actions_enabled, new.max_running, new.repo_max_running)
        is distinct from (old.actions_enabled, old.max_running, old.repo_max_running))
    execute function queue_obey_policy();
create trigger queue_obey_policy after update on repositories
    for each row when ((new.actions_enabled, new.max_running) is distinct from (old.actions_enabled, old.max_running))
    execute function queue_obey_policy();

-- Makes the lanes and the counts agree with the notes. Those of a transaction that is not committed yet are read by a claim after it.
-- Returns how many were read.
create function queue_read_notes(most integer) returns integer language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    notes queue_notes[];
begin
    with taken as (
        delete from queue_notes
        where id = any (array(select id from queue_notes order by id limit most))
        returning *
    )
    select array_agg(taken::queue_notes) into notes from taken;
    if notes is null then
        return 0;
    end if;
    update queue_owners q
    set running = q.running + change.running
    from (
        select r.owner_id, sum(n.running) as running
        from unnest(notes) n
        join queue_repositories r on r.repo_id = n.repo_id
        where n.running <> 0
        group by r.owner_id) change
    where q.owner_id = change.owner_id;
    update queue_repositories q
    set running = q.running + change.running
    from (select repo_id, sum(running) as running from unnest(notes) where running <> 0 group by repo_id) change
    where q.repo_id = change.repo_id;
    perform queue_open_lanes(array_agg(n.label_set_id), array_agg(n.repo_id))
    from unnest(notes) n
    where n.label_set_id is not null
    having count(*) > 0;
    return cardinality(notes);
end $$;

-- The job that comes next for a runner that serves these sets, locked; null: none may start. What an operator sent ahead is first. Then
-- comes the owner with the fewest running jobs, the one of those that was served longest ago, and of its repositories the same. An owner
-- or repository without running jobs is found at the head of its index, after at most as many others as have running jobs; where there
-- is none, all that have work have running jobs, and those are no more than the pool is large.
create function queue_next(sets integer[], out found_job bigint, out found_repo bigint, out found_owner bigint) language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    site actions_site_policy;
    in_set integer;
    -- repositories whose queued jobs are all locked: somebody cancels them
    shunned bigint[] := '{}';
begin
    select * into site from actions_site_policy;
    if not site.enabled then
        return;
    end if;
    select j.id, j.repo_id, p.owner_id into found_job, found_repo, found_owner
    from workflow_jobs j
    join queue_repositories p on p.repo_id = j.repo_id
    join queue_owners o on o.owner_id = p.owner_id
    where j.label_set_id = any (sets) and j.status = 'queued' and j.priority >= 1000000
        and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
        and queue_owner_stop(o.is_enabled, o.running, coalesce(o.max_running, site.owner_max_running)) is null
    order by j.priority desc, j.id
    limit 1
    for update of j skip locked;
    if found then
        return;
    end if;

    loop
        select head.label_set_id, head.owner_id, lane.repo_id into in_set, found_owner, found_repo
        from unnest(sets) served (id)
        cross join lateral (
            select l.label_set_id, l.owner_id, l.last_turn
            from queue_owner_lanes l
            join queue_owners o on o.owner_id = l.owner_id
            where l.label_set_id = served.id and l.is_active and o.running = 0
                and queue_owner_stop(o.is_enabled, o.running, coalesce(o.max_running, site.owner_max_running)) is null
                and 0 < (
                    select count(*)
                    from (
                        select
                        from queue_lanes r
                        join queue_repositories p on p.repo_id = r.repo_id
                        where r.label_set_id = l.label_set_id and r.owner_id = l.owner_id and r.is_active
                            and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
                            and r.repo_id <> all (shunned)
                        limit 1) any_lane)
            order by l.last_turn
            limit 1) head
        cross join lateral (
            select r.repo_id
            from queue_lanes r
            join queue_repositories p on p.repo_id = r.repo_id
            where r.label_set_id = head.label_set_id and r.owner_id = head.owner_id and r.is_active
                and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
                and r.repo_id <> all (shunned)
            order by r.last_turn
            limit 1) lane
        order by head.last_turn
        limit 1;
        if not found then
            select head.label_set_id, head.owner_id, lane.repo_id into in_set, found_owner, found_repo
            from (
                select l.label_set_id, l.owner_id, o.running, l.last_turn
                from queue_owner_lanes l
                join queue_owners o on o.owner_id = l.owner_id
                where l.label_set_id = any (sets) and l.is_active
                    and queue_owner_stop(o.is_enabled, o.running, coalesce(o.max_running, site.owner_max_running)) is null
                order by o.running, l.last_turn
                offset 0) head
            cross join lateral (
                (select r.repo_id
                from queue_lanes r
                join queue_repositories p on p.repo_id = r.repo_id
                where r.label_set_id = head.label_set_id and r.owner_id = head.owner_id and r.is_active and p.running = 0
                    and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
                    and r.repo_id <> all (shunned)
                order by r.last_turn
                limit 1)
                union all
                (select r.repo_id
                from queue_lanes r
                join queue_repositories p on p.repo_id = r.repo_id
                where r.label_set_id = head.label_set_id and r.owner_id = head.owner_id and r.is_active and p.running > 0
                    and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
                    and r.repo_id <> all (shunned)
                order by p.running, r.last_turn
                limit 1)
                limit 1) lane
            order by head.running, head.last_turn
            limit 1;
        end if;
        if not found then
            found_repo := null;
            found_owner := null;
            return;
        end if;

        select j.id into found_job
        from workflow_jobs j
        where j.label_set_id = in_set and j.repo_id = found_repo and j.status = 'queued'
        order by j.priority desc, j.id
        limit 1
        for update skip locked;
        if found then
            return;
        end if;
        if exists (select from workflow_jobs where label_set_id = in_set and repo_id = found_repo and status = 'queued') then
            shunned := shunned || found_repo;
        else
            perform queue_close_lane(in_set, found_repo, found_owner);
        end if;
    end loop;
end $$;

-- Makes the job an attempt of the runner. Its owner and its repository go to the end of the lanes that the runner serves.
create function queue_give(
    in_job bigint, in_repo bigint, in_owner bigint, sets integer[], in_runner bigint, in_claim text, in_jti uuid, in_lease integer,
    in_token_seconds bigint)
returns void language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    turn bigint := nextval('queue_turns');
    in_run bigint;
begin
    update workflow_jobs
    set status = 'running',
        attempt = attempt + 1,
        is_counted = true,
        runner_id = in_runner,
        claim_id = in_claim,
        claim_jti = in_jti,
        claim_expires = extract(epoch from now())::bigint + in_token_seconds,
        lease_seconds = in_lease,
        lease_expires_at = now() + make_interval(secs => in_lease),
        started_at = now()
    where id = in_job
    returning run_id into in_run;
    -- skip locked: whoever holds the run's lock recomputes its status, and a claim must wait for nobody (Runs/README.md)
    update workflow_runs
    set status = 'running', started_at = coalesce(started_at, now())
    where id = (select id from workflow_runs where id = in_run and status in ('queued', 'waiting') for update skip locked);
    update queue_owners set running = running + 1 where owner_id = in_owner;
    update queue_repositories set running = running + 1 where repo_id = in_repo;
    update queue_owner_lanes set last_turn = turn where label_set_id = any (sets) and owner_id = in_owner;
    update queue_lanes set last_turn = turn where label_set_id = any (sets) and repo_id = in_repo;
end $$;

-- The claims of runners that ask at the same moment, one after the other: each sees what those before it got. A claim_id that has a job
-- gets no second one. Whether a runner's token is good is looked at again, under the lock.
create function claim_jobs(token_hashes bytea[], claim_ids text[], jtis uuid[], lease_seconds integer[], token_seconds bigint)
returns integer language plpgsql
    set enable_seqscan = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    me record;
    next_job record;
    sets integer[];
    offered text[];
    is_empty boolean;
    given integer := 0;
    notes_max constant integer := 1000;
    notes_read integer;
begin
    perform queue_lock();
    notes_read := queue_read_notes(notes_max);
    -- Runners that wait look again whenever a job ends: mostly there is nothing for them.
    if not (select enabled from actions_site_policy) or (notes_read < notes_max and not exists (select from label_sets where is_active)) then
        return 0;
    end if;
    for i in 1 .. cardinality(token_hashes) loop
        select s.runner_id, s.offered_labels into me
        from runner_tokens t
        join queue_runner_standing s on s.runner_id = t.runner_id and s.stop is null
        where t.token_hash = token_hashes[i]
            and t.revoked_at is null
            and t.superseded_at is null
            and (t.expires_at is null or t.expires_at > now())
            and not exists (select from workflow_jobs j where j.runner_id = t.runner_id and j.claim_id = claim_ids[i]);
        continue when not found;
        if offered is distinct from me.offered_labels then
            offered := me.offered_labels;
            sets := array(select id from label_sets where is_active and labels <@ offered);
            is_empty := false;
        end if;
        continue when is_empty;
        next_job := queue_next(sets);
        while next_job.found_job is null and notes_read = notes_max loop
            notes_read := queue_read_notes(notes_max);
            sets := array(select id from label_sets where is_active and labels <@ offered);
            next_job := queue_next(sets);
        end loop;
        if next_job.found_job is null then
            is_empty := true;
        else
            perform queue_give(
                next_job.found_job, next_job.found_repo, next_job.found_owner, sets, me.runner_id, claim_ids[i], jtis[i],
                lease_seconds[i], token_seconds);
            given := given + 1;
        end if;
    end loop;
    return given;
end $$;

-- What is queued and running when this is applied.
insert into queue_notes (label_set_id, repo_id)
select distinct label_set_id, repo_id
from workflow_jobs
where status = 'queued';
update workflow_jobs set is_counted = true where status = 'running';
select queue_open_lanes(array_agg(label_set_id), array_agg(repo_id))
from (select distinct label_set_id, repo_id from workflow_jobs where status = 'running') j
having count(*) > 0;
update queue_repositories q
set running = j.running
from (select repo_id, count(*) as running from workflow_jobs where status = 'running' group by repo_id) j
where j.repo_id = q.repo_id;
update queue_owners q
set running = r.running
from (select owner_id, sum(running) as running from queue_repositories group by owner_id) r
where r.owner_id = q.owner_id;
