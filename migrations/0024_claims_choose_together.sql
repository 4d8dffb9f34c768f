-- Claims of one batch choose together: owners of whom each gets one job get theirs by one statement, not by one for each claim. Who comes next is as
-- before (docs/decisions/0009-lanes.md), and now also between two that were never served: the older one.

-- All that this needs, first: servers of the version before go on meanwhile, and whoever takes tables one by one gets into a circle with them.
select queue_lock();
lock table workflow_jobs, workflow_runs, workflow_steps, queue_notes, queue_lanes, queue_owner_lanes in access exclusive mode;

-- Turns of lanes are written for many owners or repositories at once, so these come first in the index.
alter table queue_owner_lanes drop constraint queue_owner_lanes_pkey, add primary key (owner_id, label_set_id);
alter table queue_lanes drop constraint queue_lanes_pkey, add primary key (repo_id, label_set_id);
drop index queue_owner_lanes_turn;
create index queue_owner_lanes_turn on queue_owner_lanes (label_set_id, last_turn, owner_id) where is_active;
drop index queue_lanes_turn;
create index queue_lanes_turn on queue_lanes (label_set_id, owner_id, last_turn, repo_id) where is_active;

-- The jobs that come next for runners that serve these sets, locked, in the order in which they are given; none: none may start. What an operator
-- sent ahead is first (rule 1), one at a time. Then comes the owner with the fewest running jobs, the one of those that was served longest ago, and of its
-- repositories the same. Owners without running jobs are found at the head of their index, after at most as many others as have running jobs
-- (rule 2); where there is none, all that have work have running jobs, and those are no more than the pool is large (rule 3). Owners with
-- equally many running jobs get one each before any of them gets a second, so these are found at once, as many as are asked for at most.
-- taken: jobs that others of the same batch got; they are queued still. first_rule: those before it found nothing in this batch.
create function queue_pick(
    sets integer[], most integer, taken bigint[], first_rule integer,
    out found_jobs bigint[], out found_repos bigint[], out found_owners bigint[], out found_rule integer) language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    site actions_site_policy;
    picked record;
    -- repositories whose queued jobs are all locked: somebody cancels them
    shunned bigint[] := '{}';
begin
    found_jobs := '{}';
    found_rule := first_rule;
    select * into site from actions_site_policy;
    if not site.enabled then
        return;
    end if;
    if found_rule = 1 then
        select array[j.id], array[j.repo_id], array[p.owner_id] into found_jobs, found_repos, found_owners
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
        found_jobs := '{}';
        found_rule := 2;
    end if;

    loop
        if found_rule = 2 then
            select array_agg(lane.label_set_id) as sets, array_agg(lane.owner_id) as owners, array_agg(lane.repo_id) as repos, array_agg(job.id) as jobs
                into picked
            from (
                select head.label_set_id, head.owner_id, repository.repo_id
                from (
                    select distinct on (of_set.owner_id) of_set.label_set_id, of_set.owner_id, of_set.last_turn
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
                        order by l.last_turn, l.owner_id
                        limit most) of_set
                    order by of_set.owner_id, of_set.last_turn, of_set.label_set_id) head
                cross join lateral (
                    select r.repo_id
                    from queue_lanes r
                    join queue_repositories p on p.repo_id = r.repo_id
                    where r.label_set_id = head.label_set_id and r.owner_id = head.owner_id and r.is_active
                        and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
                        and r.repo_id <> all (shunned)
                    order by r.last_turn, r.repo_id
                    limit 1) repository
                order by head.last_turn, head.owner_id
                limit most) lane
            left join lateral (
                select j.id
                from workflow_jobs j
                where j.label_set_id = lane.label_set_id and j.repo_id = lane.repo_id and j.status = 'queued' and j.id <> all (taken)
                order by j.priority desc, j.id
                limit 1
                for update skip locked) job on true;
            if picked.owners is null then
                found_rule := 3;
            end if;
        end if;
        if found_rule = 3 then
            with lane as materialized (
                select head.label_set_id, head.owner_id, head.running, head.last_turn, repository.repo_id
                from (
                    select l.label_set_id, l.owner_id, o.running, l.last_turn
                    from queue_owner_lanes l
                    join queue_owners o on o.owner_id = l.owner_id
                    where l.label_set_id = any (sets) and l.is_active
                        and queue_owner_stop(o.is_enabled, o.running, coalesce(o.max_running, site.owner_max_running)) is null
                    order by o.running, l.last_turn, l.owner_id, l.label_set_id
                    offset 0) head
                cross join lateral (
                    (select r.repo_id
                    from queue_lanes r
                    join queue_repositories p on p.repo_id = r.repo_id
                    where r.label_set_id = head.label_set_id and r.owner_id = head.owner_id and r.is_active and p.running = 0
                        and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
                        and r.repo_id <> all (shunned)
                    order by r.last_turn, r.repo_id
                    limit 1)
                    union all
                    (select r.repo_id
                    from queue_lanes r
                    join queue_repositories p on p.repo_id = r.repo_id
                    where r.label_set_id = head.label_set_id and r.owner_id = head.owner_id and r.is_active and p.running > 0
                        and queue_repository_stop(p.is_enabled, p.running, coalesce(p.max_running, site.repo_max_running)) is null
                        and r.repo_id <> all (shunned)
                    order by p.running, r.last_turn, r.repo_id
                    limit 1)
                    limit 1) repository
                order by head.running, head.last_turn, head.owner_id, head.label_set_id
                limit most
            )
            select array_agg(first.label_set_id) as sets, array_agg(first.owner_id) as owners, array_agg(first.repo_id) as repos,
                array_agg(job.id) as jobs
                into picked
            from (
                select alike.label_set_id, alike.owner_id, alike.repo_id
                from (
                    select distinct on (lane.owner_id) lane.*
                    from lane
                    where lane.running = (select min(running) from lane)
                    order by lane.owner_id, lane.last_turn, lane.label_set_id) alike
                order by alike.last_turn, alike.owner_id
                offset 0) first
            left join lateral (
                select j.id
                from workflow_jobs j
                where j.label_set_id = first.label_set_id and j.repo_id = first.repo_id and j.status = 'queued' and j.id <> all (taken)
                order by j.priority desc, j.id
                limit 1
                for update skip locked) job on true;
            if picked.owners is null then
                return;
            end if;
        end if;

        if array_position(picked.jobs, null) is null then
            found_jobs := picked.jobs;
            found_repos := picked.repos;
            found_owners := picked.owners;
            return;
        end if;
        for place in 1 .. cardinality(picked.jobs) loop
            if picked.jobs[place] is not null then
                found_jobs := found_jobs || picked.jobs[place];
                found_repos := found_repos || picked.repos[place];
                found_owners := found_owners || picked.owners[place];
            elsif exists (
                select from workflow_jobs
                where label_set_id = picked.sets[place] and repo_id = picked.repos[place] and status = 'queued' and id <> all (taken))
            then
                shunned := shunned || picked.repos[place];
            else
                perform queue_close_lane(picked.sets[place], picked.repos[place], picked.owners[place]);
            end if;
        end loop;
        if cardinality(found_jobs) > 0 then
            return;
        end if;
    end loop;
end $$;

-- The job that comes next for a runner that serves these sets, locked; null: none may start.
drop function queue_next(integer[], bigint[], integer);
create function queue_next(sets integer[], out found_job bigint, out found_repo bigint) language sql as $$
    select found_jobs[1], found_repos[1] from queue_pick(sets, 1, '{}', 1)
$$;

-- Makes each job an attempt of its runner, in the order of the arrays.
create or replace function queue_give(
    jobs bigint[], runners bigint[], claims text[], in_jtis uuid[], leases integer[], in_token_seconds bigint)
returns void language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    told bigint[];
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
    ),
    begun as (
        update workflow_runs
        set status = 'running', started_at = coalesce(started_at, now()), is_begun_by_claim = true
        -- skip locked: whoever holds the run's lock recomputes its status, and a claim must wait for nobody (Runs/README.md)
        where id = any (array(
            select id
            from workflow_runs
            where id = any (array(select run_id from given)) and status in ('queued', 'waiting')
            for update skip locked))
        returning id, repo_id
    )
    select array_agg(b.id) into told
    from begun b
    where 0 < (select count(*) from repositories p where p.id = b.repo_id and p.has_workflow_run);
    if told is not null then
        perform tell_workflow_runs(told, 'in_progress');
    end if;
end $$;

-- 'workflow_run' with 'in_progress' is made for all runs that a batch of claims begins, if anybody waits for it; a trigger asks that for each row.
alter table workflow_runs add column is_begun_by_claim boolean not null default false;
-- Events 'workflow_run' of runs, where some workflow of the default branch waits for them; action: requested, in_progress or completed. They have the
-- trust of the run that causes them. A run that waits for approval makes none, nor does one of three that led to one another.
create function tell_workflow_runs(run_ids bigint[], in_action text) returns void language plpgsql as $$
begin
    insert into trigger_events (id, repo_id, actor_id, event, ref, payload, trust, chain_depth)
    select gen_random_uuid(), r.repo_id, r.actor_id, 'workflow_run', 'refs/heads/' || p.default_branch,
        jsonb_build_object(
            'action', in_action,
            'workflow_run', jsonb_build_object(
                'id', r.id, 'name', r.workflow_name, 'path', r.workflow_file, 'display_title', r.title, 'run_number', r.run_index,
                'run_attempt', 1, 'event', r.event, 'head_sha', r.head_sha,
                'head_branch', coalesce(r.event_payload -> 'pull_request' -> 'head' ->> 'ref', regexp_replace(r.head_ref, '^refs/(heads|tags)/', '')),
                'status', case when in_action = 'in_progress' then in_action when r.conclusion is null then 'requested' else 'completed' end,
                'conclusion', r.conclusion, 'trust', r.trust,
                'actor', jsonb_build_object('login', a.name, 'type', 'User'),
                'created_at', r.created_at),
            'workflow', jsonb_build_object('name', r.workflow_name, 'path', r.workflow_file),
            'repository', jsonb_build_object(
                'id', p.id, 'name', p.name, 'full_name', o.name || '/' || p.name, 'private', p.is_private,
                'owner', jsonb_build_object('id', o.id, 'login', o.name, 'name', o.name), 'default_branch', p.default_branch),
            'sender', jsonb_build_object('login', a.name, 'type', 'User')),
        r.trust, r.chain_depth + 1
    from workflow_runs r
    join repositories p on p.id = r.repo_id
    join owners o on o.id = p.owner_id
    left join owners a on a.id = r.actor_id
    -- GitHub's number: "You can't use workflow_run to chain together more than three levels of workflows."
    where r.id = any (run_ids) and r.hold is distinct from 'approval' and p.has_workflow_run and r.chain_depth < 3;
    if found then
        perform pg_notify('shithub', 'trigger:');
    end if;
end $$;
create or replace function tell_workflow_run_in_progress() returns trigger language plpgsql as $$
begin
    perform tell_workflow_runs(array[new.id], 'in_progress');
    return null;
end $$;
drop trigger workflow_run_in_progress on workflow_runs;
create trigger workflow_run_in_progress after update of status on workflow_runs
    for each row when (
        new.status = 'running' and old.status in ('queued', 'waiting') and not new.is_begun_by_claim and new.hold is distinct from 'approval')
    execute function tell_workflow_run_in_progress();

-- Who ends many jobs leaves the notes for all of them, and sets is_counted to false; for everybody else a trigger does it, row by row.
drop trigger queue_note_of_change on workflow_jobs;
create trigger queue_note_of_change before update on workflow_jobs
    for each row when (new.status <> old.status and (new.status = 'queued' or (old.is_counted and new.is_counted)))
    execute function queue_note_of_change();

-- Notes are read once and in no order. An index would keep an entry of each that was read, before all others, until the next vacuum; each claim would walk over them.
alter table queue_notes drop constraint queue_notes_pkey, alter column id drop identity, drop column id;

-- Makes the lanes and the counts agree with the notes. Those of a transaction that is not committed yet are read by a claim after it.
-- Returns how many were read.
create or replace function queue_read_notes(most integer) returns integer language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set enable_sort = off set enable_incremental_sort = off set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    notes record;
begin
    with taken as (
        delete from queue_notes
        where ctid = any (array(select ctid from queue_notes limit most))
        returning repo_id, label_set_id, running
    ),
    of_repositories as (
        select n.repo_id, r.owner_id, sum(n.running) as running
        from taken n
        cross join lateral (select r.owner_id from queue_repositories r where r.repo_id = n.repo_id offset 0) r
        where n.running <> 0
        group by n.repo_id, r.owner_id
    ),
    of_owners as (
        select owner_id, sum(running) as running
        from of_repositories
        group by owner_id
    )
    select *
    into notes
    from (
        select count(*) as count, array_agg(label_set_id) filter (where label_set_id is not null) as sets,
            array_agg(repo_id) filter (where label_set_id is not null) as set_repos
        from taken) t
    cross join (select array_agg(repo_id) as repos, array_agg(running) as repo_changes from of_repositories) r
    cross join (select array_agg(owner_id) as owners, array_agg(running) as owner_changes from of_owners) o;
    if notes.repos is not null then
        with counted as (
            update queue_owners
            set running = running + notes.owner_changes[array_position(notes.owners, owner_id)]
            where owner_id = any (notes.owners)
        )
        update queue_repositories
        set running = running + notes.repo_changes[array_position(notes.repos, repo_id)]
        where repo_id = any (notes.repos);
    end if;
    if notes.sets is not null then
        perform queue_open_lanes(notes.sets, notes.set_repos);
    end if;
    return notes.count;
end $$;

-- The claims of runners that ask at the same moment: those with the same labels together, each group after the other, and each sees what those
-- before it got. A claim_id that has a job gets no second one. Whether a runner's token is good is looked at again, under the lock.
create or replace function claim_jobs(token_hashes bytea[], claim_ids text[], jtis uuid[], lease_seconds integer[], token_seconds bigint)
returns integer language plpgsql
    set join_collapse_limit = 1 set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set plan_cache_mode = force_generic_plan set jit = off
as $$
declare
    alike record;
    picked record;
    sets integer[];
    turns bigint[];
    first_rule integer;
    given integer;
    last integer;
    jobs bigint[] := '{}';
    runners bigint[] := '{}';
    claims text[] := '{}';
    claim_jtis uuid[] := '{}';
    leases integer[] := '{}';
    notes_max constant integer := 1000;
    notes_read integer;
begin
    perform queue_lock();
    notes_read := queue_read_notes(notes_max);
    -- Runners that wait look again whenever a job ends: mostly there is nothing for them.
    if not (select enabled from actions_site_policy) or (notes_read < notes_max and not exists (select from label_sets where is_active)) then
        return 0;
    end if;
    for alike in
        select a.offered_labels, array_agg(a.runner_id order by a.n) as runners, array_agg(claim_ids[a.n] order by a.n) as claims,
            array_agg(jtis[a.n] order by a.n) as jtis, array_agg(lease_seconds[a.n] order by a.n) as leases
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
        group by a.offered_labels
        order by min(a.n)
    loop
        sets := array(select id from label_sets where is_active and labels <@ alike.offered_labels);
        first_rule := 1;
        given := 0;
        while given < cardinality(alike.runners) loop
            picked := queue_pick(sets, cardinality(alike.runners) - given, jobs, first_rule);
            first_rule := picked.found_rule;
            if cardinality(picked.found_jobs) = 0 then
                exit when notes_read < notes_max;
                notes_read := queue_read_notes(notes_max);
                sets := array(select id from label_sets where is_active and labels <@ alike.offered_labels);
                first_rule := 1;
                continue;
            end if;
            last := given + cardinality(picked.found_jobs);
            jobs := jobs || picked.found_jobs;
            runners := runners || alike.runners[given + 1 : last];
            claims := claims || alike.claims[given + 1 : last];
            claim_jtis := claim_jtis || alike.jtis[given + 1 : last];
            leases := leases || alike.leases[given + 1 : last];
            given := last;
            -- Their owners and their repositories go to the end of the lanes that the runners serve.
            turns := array(select nextval('queue_turns') from generate_subscripts(picked.found_jobs, 1));
            with counted_owners as (
                update queue_owners set running = running + 1 where owner_id = any (picked.found_owners)
            ),
            counted_repositories as (
                update queue_repositories set running = running + 1 where repo_id = any (picked.found_repos)
            ),
            owner_lanes as (
                update queue_owner_lanes
                set last_turn = turns[array_position(picked.found_owners, owner_id)]
                where owner_id = any (picked.found_owners) and label_set_id = any (sets)
            )
            update queue_lanes
            set last_turn = turns[array_position(picked.found_repos, repo_id)]
            where repo_id = any (picked.found_repos) and label_set_id = any (sets);
        end loop;
    end loop;
    if cardinality(jobs) > 0 then
        perform queue_give(jobs, runners, claims, claim_jtis, leases, token_seconds);
    end if;
    return cardinality(jobs);
end $$;

-- PostgreSQL reads a table's constraints anew in each statement that writes to it: twelve of them took 50 µs of a claim, and as long of an end. One that asks
-- a function takes 2. The rules are those that there were, so rows are not read again.
create function workflow_job_is_sound(
    status text, conclusion text, attempt integer, label_set_id integer, lease_seconds integer, lease_expires_at timestamptz,
    queued_at timestamptz, completed_at timestamptz, hold text, is_ready boolean)
returns boolean language plpgsql immutable as $$
begin
    return coalesce(
        (completed_at is null) = (conclusion is null)
        and (hold is null or (status = 'waiting' and is_ready and hold in ('max-parallel', 'concurrency', 'environment')))
        and case status
            when 'waiting' then conclusion is null
            when 'queued' then conclusion is null and queued_at is not null and label_set_id is not null
            when 'running' then conclusion is null and attempt > 0 and lease_seconds is not null and lease_expires_at is not null
                and label_set_id is not null
            when 'completed' then conclusion in (
                'success', 'failure', 'cancelled', 'skipped', 'timed_out', 'neutral', 'action_required', 'runner_lost')
            when 'cancelled' then conclusion = 'cancelled'
            when 'skipped' then conclusion = 'skipped'
            else false
        end,
        false);
end $$;
alter table workflow_jobs
    drop constraint workflow_jobs_status_check,
    drop constraint workflow_jobs_conclusion_check,
    drop constraint workflow_jobs_hold_check,
    drop constraint terminal_job_has_conclusion,
    drop constraint cancelled_job_says_so,
    drop constraint skipped_job_says_so,
    drop constraint running_job_is_leased,
    drop constraint queued_job_is_dated,
    drop constraint queued_job_has_labels,
    drop constraint held_job_waits,
    add constraint workflow_job_is_sound check (workflow_job_is_sound(
        status, conclusion, attempt, label_set_id, lease_seconds, lease_expires_at, queued_at, completed_at, hold, is_ready)) not valid;

create function workflow_run_is_sound(
    status text, conclusion text, completed_at timestamptz, hold text, trust text, approved_at timestamptz)
returns boolean language plpgsql immutable as $$
begin
    return coalesce(
        (completed_at is null) = (conclusion is null)
        and trust in ('trusted', 'untrusted')
        and (hold is null or hold = 'concurrency' or (hold = 'approval' and trust = 'untrusted' and approved_at is null))
        and case
            when status in ('waiting', 'queued', 'running') then conclusion is null
            when status in ('completed', 'skipped') then conclusion in (
                'success', 'failure', 'cancelled', 'skipped', 'timed_out', 'neutral', 'action_required', 'runner_lost')
            when status = 'cancelled' then conclusion = 'cancelled'
            else false
        end,
        false);
end $$;
alter table workflow_runs
    drop constraint workflow_runs_status_check,
    drop constraint workflow_runs_conclusion_check,
    drop constraint workflow_runs_hold_check,
    drop constraint workflow_runs_trust_check,
    drop constraint terminal_run_has_conclusion,
    drop constraint cancelled_run_says_so,
    drop constraint approval_is_for_the_untrusted,
    add constraint workflow_run_is_sound check (workflow_run_is_sound(status, conclusion, completed_at, hold, trust, approved_at)) not valid;

create function workflow_step_is_sound(status text, conclusion text, completed_at timestamptz)
returns boolean language plpgsql immutable as $$
begin
    return coalesce(
        (completed_at is null) = (conclusion is null)
        and case
            when status in ('queued', 'running') then conclusion is null
            when status in ('completed', 'cancelled', 'skipped') then conclusion in (
                'success', 'failure', 'cancelled', 'skipped', 'timed_out', 'neutral', 'runner_lost')
            else false
        end,
        false);
end $$;
alter table workflow_steps
    drop constraint workflow_steps_status_check,
    drop constraint workflow_steps_conclusion_check,
    drop constraint terminal_step_has_conclusion,
    add constraint workflow_step_is_sound check (workflow_step_is_sound(status, conclusion, completed_at)) not valid;
