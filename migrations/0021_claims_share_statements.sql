-- Claims of one batch share statements as well as the commit: who may claim is looked up once for all, jobs and runs are written once for all.
-- What is chosen, and in which order, is as before: docs/decisions/0009-lanes.md.

-- A run's row changes when it begins and when it ends. With room in its page, neither touches an index.
alter table workflow_runs set (fillfactor = 50);

-- The job that comes next for a runner that serves these sets, locked; null: none may start. What an operator sent ahead is first (rule 1). Then
-- comes the owner with the fewest running jobs, the one of those that was served longest ago, and of its repositories the same. An owner
-- or repository without running jobs is found at the head of its index, after at most as many others as have running jobs (rule 2); where there
-- is none, all that have work have running jobs, and those are no more than the pool is large (rule 3).
-- taken: jobs that others of the same batch got; they are queued still. first_rule: those before it found nothing in this batch.
drop function queue_next(integer[]);
create function queue_next(
    sets integer[], taken bigint[] default '{}', first_rule integer default 1,
    out found_job bigint, out found_repo bigint, out found_owner bigint, out found_rule integer) language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    site actions_site_policy;
    in_set integer;
    -- repositories whose queued jobs are all locked: somebody cancels them
    shunned bigint[] := '{}';
begin
    found_rule := first_rule;
    select * into site from actions_site_policy;
    if not site.enabled then
        return;
    end if;
    if found_rule = 1 then
        select j.id, j.repo_id, p.owner_id into found_job, found_repo, found_owner
        from workflow_jobs j
        join queue_repositories p on p.repo_id = j.repo_id
        join queue_owners o on o.owner_id = p.owner_id
        where j.label_set_id = any (sets) and j.status = 'queued' and j.priority >= 1000000 and j.id <> all (taken)
            and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
            and queue_owner_stop(o.is_enabled, o.running, coalesce(o.max_running, site.owner_max_running)) is null
        order by j.priority desc, j.id
        limit 1
        for update of j skip locked;
        if found then
            return;
        end if;
        found_rule := 2;
    end if;

    loop
        if found_rule = 2 then
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
                found_rule := 3;
            end if;
        end if;
        if found_rule = 3 then
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
            if not found then
                found_repo := null;
                found_owner := null;
                return;
            end if;
        end if;

        select j.id into found_job
        from workflow_jobs j
        where j.label_set_id = in_set and j.repo_id = found_repo and j.status = 'queued' and j.id <> all (taken)
        order by j.priority desc, j.id
        limit 1
        for update skip locked;
        if found then
            return;
        end if;
        if exists (
            select from workflow_jobs
            where label_set_id = in_set and repo_id = found_repo and status = 'queued' and id <> all (taken))
        then
            shunned := shunned || found_repo;
        else
            perform queue_close_lane(in_set, found_repo, found_owner);
        end if;
    end loop;
end $$;

-- Makes each job an attempt of its runner, in the order of the arrays.
drop function queue_give(bigint, bigint, bigint, integer[], bigint, text, uuid, integer, bigint);
create function queue_give(
    jobs bigint[], runners bigint[], claims text[], in_jtis uuid[], leases integer[], in_token_seconds bigint)
returns void language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    runs bigint[];
begin
    with given as (
        update workflow_jobs j
        set status = 'running',
            attempt = j.attempt + 1,
            is_counted = true,
            runner_id = g.runner,
            claim_id = g.claim,
            claim_jti = g.jti,
            claim_expires = extract(epoch from now())::bigint + in_token_seconds,
            lease_seconds = g.lease,
            lease_expires_at = now() + make_interval(secs => g.lease),
            started_at = now()
        from unnest(jobs, runners, claims, in_jtis, leases) g (job, runner, claim, jti, lease)
        where j.id = g.job
        returning j.run_id
    )
    select array_agg(run_id) into runs from given;
    -- skip locked: whoever holds the run's lock recomputes its status, and a claim must wait for nobody (Runs/README.md)
    update workflow_runs
    set status = 'running', started_at = coalesce(started_at, now())
    where id = any (array(select id from workflow_runs where id = any (runs) and status in ('queued', 'waiting') for update skip locked));
end $$;

-- The claims of runners that ask at the same moment, one after the other: each sees what those before it got. A claim_id that has a job
-- gets no second one. Whether a runner's token is good is looked at again, under the lock.
create or replace function claim_jobs(token_hashes bytea[], claim_ids text[], jtis uuid[], lease_seconds integer[], token_seconds bigint)
returns integer language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
    set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    ask record;
    next_job record;
    sets integer[];
    offered text[];
    is_empty boolean;
    turn bigint;
    first_rule integer;
    jobs bigint[] := '{}';
    runners bigint[] := '{}';
    asked integer[] := '{}';
    notes_max constant integer := 1000;
    notes_read integer;
begin
    perform queue_lock();
    notes_read := queue_read_notes(notes_max);
    -- Runners that wait look again whenever a job ends: mostly there is nothing for them.
    if not (select enabled from actions_site_policy) or (notes_read < notes_max and not exists (select from label_sets where is_active)) then
        return 0;
    end if;
    for ask in
        select a.runner_id, a.offered_labels, a.n
        from (
            select s.runner_id, s.offered_labels, s.capacity - s.running as room, c.n,
                row_number() over (partition by s.runner_id order by c.n) as place
            from (
                select token_hash, claim_id, min(n)::integer as n
                from unnest(token_hashes, claim_ids) with ordinality u (token_hash, claim_id, n)
                group by token_hash, claim_id) c
            cross join lateral (
                select t.runner_id
                from runner_tokens t
                where t.token_hash = c.token_hash
                    and t.revoked_at is null
                    and t.superseded_at is null
                    and (t.expires_at is null or t.expires_at > now())
                offset 0) t
            cross join lateral (select q.* from queue_runner_standing q where q.runner_id = t.runner_id and q.stop is null offset 0) s
            where not exists (select from workflow_jobs j where j.runner_id = t.runner_id and j.claim_id = c.claim_id offset 0)) a
        where a.place <= a.room
        order by a.n
    loop
        if offered is distinct from ask.offered_labels then
            offered := ask.offered_labels;
            sets := array(select id from label_sets where is_active and labels <@ offered);
            is_empty := false;
            first_rule := 1;
        end if;
        continue when is_empty;
        next_job := queue_next(sets, jobs, first_rule);
        while next_job.found_job is null and notes_read = notes_max loop
            notes_read := queue_read_notes(notes_max);
            sets := array(select id from label_sets where is_active and labels <@ offered);
            next_job := queue_next(sets, jobs, 1);
        end loop;
        first_rule := next_job.found_rule;
        if next_job.found_job is null then
            is_empty := true;
            continue;
        end if;
        jobs := jobs || next_job.found_job;
        runners := runners || ask.runner_id;
        asked := asked || ask.n;
        -- Its owner and its repository go to the end of the lanes that the runner serves.
        turn := nextval('queue_turns');
        update queue_owners set running = running + 1 where owner_id = next_job.found_owner;
        update queue_repositories set running = running + 1 where repo_id = next_job.found_repo;
        update queue_owner_lanes set last_turn = turn where label_set_id = any (sets) and owner_id = next_job.found_owner;
        update queue_lanes set last_turn = turn where label_set_id = any (sets) and repo_id = next_job.found_repo;
    end loop;
    if cardinality(jobs) > 0 then
        perform queue_give(
            jobs, runners, array(select claim_ids[n] from unnest(asked) n), array(select jtis[n] from unnest(asked) n),
            array(select lease_seconds[n] from unnest(asked) n), token_seconds);
    end if;
    return cardinality(jobs);
end $$;
