-- Attempts that end together end in one call of the database: the jobs, what their runs come to, and the tokens that are spent for it.

-- Makes the rows of runs agree with what their jobs come to. The caller holds the lock of each. A terminal run never changes again, whatever its jobs are
-- told. One that has begun is running until it ends, also while a lost job of it is queued again: were it set back, it could be while a claim, which
-- waits for no run, takes the next of its jobs. Whatever has ended is in no concurrency group any more; whoever waits for it is told. Members are locked in
-- the order in which groups are settled.
create function settle_runs(run_ids bigint[], statuses text[], conclusions text[]) returns void language plpgsql as $$
declare
    told bigint[];
begin
    with changed as (
        update workflow_runs r
        set status = change.status,
            conclusion = change.conclusion,
            started_at = case when change.status in ('queued', 'waiting') then r.started_at else coalesce(r.started_at, now()) end,
            completed_at = case when change.conclusion is null then null else now() end
        from unnest(run_ids, statuses, conclusions) as change (id, status, conclusion)
        where r.id = change.id and r.conclusion is null and r.status <> change.status and (r.status <> 'running' or change.conclusion is not null)
        returning r.id, r.repo_id, r.conclusion
    )
    select array_agg(c.id)
    into told
    from changed c
    where c.conclusion is not null and 0 < (select count(*) from repositories p where p.id = c.repo_id and p.has_workflow_run);
    if told is not null then
        perform tell_workflow_runs(told, 'completed');
    end if;
    if exists (select from concurrency_members m where m.run_id = any (run_ids)) then
        with member as (
            select m.id
            from unnest(run_ids, conclusions) as run (id, conclusion)
            join concurrency_members m on m.run_id = run.id
            where case when m.call_path is not null
                    then not exists (
                        select from workflow_jobs j
                        where j.run_id = m.run_id and starts_with(j.job_key, m.call_path || '/') and j.conclusion is null)
                    when m.job_id is null then run.conclusion is not null
                    else exists (select from workflow_jobs j where j.id = m.job_id and j.conclusion is not null) end
            order by m.id
            for update of m
        )
        delete from concurrency_members m
        using member
        where m.id = member.id;
        if found then
            perform pg_notify('shithub', 'concurrency:');
        end if;
    end if;
end $$;

-- Whether a run's rules must be asked what happens to a job. The server's JobBrief says the same.
create function workflow_job_is_decided_by_rules(status text, conclusion text, hold text, has_leg boolean) returns boolean language sql immutable as $$
    select conclusion is null
        and (has_leg or status = 'waiting' and hold is distinct from 'concurrency' and hold is distinct from 'environment')
$$;

-- What a run's jobs come to, and whether its rules must be asked what happens to them. The server's RunRollup says the same.
create function workflow_run_state(in_run bigint) returns table (status text, conclusion text, is_decided_by_rules boolean) language sql stable as $$
    select
        case when s.open = 0 then case when s.gravest in ('cancelled', 'skipped') then s.gravest else 'completed' end
             when s.has_begun then 'running'
             when s.has_queued then 'queued'
             else 'waiting' end,
        case when s.open = 0 then s.gravest end,
        s.is_decided_by_rules
    from (
        select count(*) filter (where j.conclusion is null) as open,
            bool_or(j.status = 'running' or j.conclusion is not null) as has_begun,
            bool_or(j.status = 'queued') as has_queued,
            bool_or(workflow_job_is_decided_by_rules(j.status, j.conclusion, j.hold, j.leg is not null)) as is_decided_by_rules,
            case when bool_or(j.conclusion in ('failure', 'runner_lost') and not j.continue_on_error) then 'failure'
                 when bool_or(j.conclusion = 'timed_out' and not j.continue_on_error) then 'timed_out'
                 when bool_or(j.conclusion = 'cancelled') then 'cancelled'
                 when bool_and(j.conclusion = 'skipped') then 'skipped'
                 else 'success' end as gravest
        from workflow_jobs j
        where j.run_id = in_run) s
$$;

-- Ends attempts: jobs and their steps. Each token must be unused. No two are of the same job. Rows that somebody else has are left out, not waited for, so
-- that one run that is being cancelled holds up no other, and no order in which locks are taken can make two transactions wait for one another. A
-- run's lock is taken with its job's, or not at all: a claim that finds it taken leaves the run's status to its holder. Unless is_alone, so is
-- left out what needs more than this: rules that must decide about other jobs of the run, the rest of a log.
create function end_attempts(
    job_ids bigint[], attempts integer[], jtis uuid[], statuses text[], conclusions text[], started timestamptz[], outputs text[],
    tainted_outputs text[], images text[], notes text[], is_alone boolean)
returns table (place integer, of_run bigint, timed_out bigint, has_withheld boolean) language plpgsql as $$
begin
    -- Each call's rows are looked up by their ids and then judged, whatever the planner believes: left to statistics it finds a job among all that
    -- are running, for each call.
    return query
    with call as (
        select i.*, j.run_id, j.repo_id, j.is_counted,
            is_alone and 0 < (select count(*) from workflow_log_withheld w where w.job_id = j.id and w.attempt = j.attempt) as withholds
        from unnest(job_ids, attempts, jtis, statuses, conclusions, started, outputs, tainted_outputs, images, notes) with ordinality
            as i (job_id, attempt, jti, status, conclusion, started_at, outputs, tainted_outputs, images, notes, n)
        cross join lateral (
            select j.id, j.attempt, j.status, j.lease_expires_at, j.run_id, j.repo_id, j.runner_id, j.is_counted
            from workflow_jobs j
            where j.id = i.job_id
            offset 0
            for update skip locked) j
        cross join lateral (select from workflow_runs r where r.id = j.run_id offset 0 for update skip locked) r
        where j.attempt = i.attempt
            and j.status = 'running'
            and j.lease_expires_at > now()
            and 0 < (select count(*) from workflow_runners n where n.id = j.runner_id and n.revoked_at is null)
            and 0 = (select count(*) from runner_jwt_used u where u.jti = i.jti)
            and (is_alone or (
                0 = (select count(*) from workflow_log_withheld w where w.job_id = j.id and w.attempt = j.attempt)
                and 0 = (
                    select count(*)
                    from workflow_jobs o
                    where o.run_id = j.run_id and o.id <> all (job_ids)
                        and workflow_job_is_decided_by_rules(o.status, o.conclusion, o.hold, o.leg is not null))))
    ),
    ended as (
        update workflow_jobs j
        set status = call.status,
            conclusion = call.conclusion,
            started_at = greatest(j.started_at, least(coalesce(call.started_at, j.started_at), now())),
            completed_at = now(),
            outputs = call.outputs::json,
            tainted_outputs = case
                when call.tainted_outputs is null then array[]::text[]
                else array(select json_array_elements_text(call.tainted_outputs::json))
            end,
            images = call.images::jsonb,
            notes = call.notes::jsonb,
            is_counted = false
        from call
        where j.id = call.job_id
    ),
    -- What a trigger does for each row where nobody says that it is not counted any more.
    told_queue as (
        insert into queue_notes (repo_id, running)
        select repo_id, -count(*)
        from call
        where is_counted
        group by repo_id
    ),
    steps as (
        update workflow_steps s
        set status = case
                when s.status = 'running' and call.conclusion <> 'cancelled' then 'completed'
                when call.conclusion = 'cancelled' then 'cancelled'
                else 'skipped'
            end,
            conclusion = case
                when s.status = 'running' then call.conclusion
                when call.conclusion = 'cancelled' then 'cancelled'
                else 'skipped'
            end,
            completed_at = now()
        from call
        where s.job_id = call.job_id and s.status in ('queued', 'running')
        returning s.conclusion
    )
    select call.n::integer, call.run_id, (select count(*) from steps where steps.conclusion = 'timed_out'), call.withholds
    from call;
end $$;

-- Ends attempts, makes their runs agree with it and spends the tokens, with what is answered for each: place is that of the call, from 1; calls that are missing
-- had no effect. An error, and no effect at all: rules must decide about a run after all (SH001), or another call has used one of the tokens meanwhile.
create function end_jobs(
    job_ids bigint[], attempts integer[], jtis uuid[], statuses text[], conclusions text[], started timestamptz[], outputs text[],
    tainted_outputs text[], images text[], notes text[], idempotency_keys text[], request_hashes bytea[])
returns table (place integer, run_status text, run_conclusion text, timed_out bigint) language plpgsql as $$
declare
    done record;
    runs record;
begin
    select array_agg(e.place) as places, array_agg(e.of_run) as runs, max(e.timed_out) as timed_out
    into done
    from end_attempts(
        job_ids, attempts, jtis, statuses, conclusions, started, outputs, tainted_outputs, images, notes, false) e;
    if done.places is null then
        return;
    end if;
    select array_agg(r.id) as ids, array_agg(s.status) as statuses, array_agg(s.conclusion) as conclusions,
        bool_or(s.is_decided_by_rules) as are_decided_by_rules
    into runs
    from (select distinct u.id from unnest(done.runs) u (id)) r
    cross join lateral workflow_run_state(r.id) s;
    -- What was left out of the first statement may be a job that the rules ask about, after all.
    if runs.are_decided_by_rules then
        raise exception 'rules decide about a run' using errcode = 'SH001';
    end if;
    perform settle_runs(runs.ids, runs.statuses, runs.conclusions);
    return query
    with answer as (
        select d.place, s.status, s.conclusion
        from unnest(done.places, done.runs) as d (place, run_id)
        join unnest(runs.ids, runs.statuses, runs.conclusions) as s (id, status, conclusion) on s.id = d.run_id
    ),
    used as (
        insert into runner_jwt_used (jti, job_id, attempt, idempotency_key, request_hash, response)
        select jtis[a.place], job_ids[a.place], attempts[a.place], idempotency_keys[a.place], request_hashes[a.place],
            jsonb_build_object(
                'status', statuses[a.place], 'conclusion', conclusions[a.place], 'run_status', a.status, 'run_conclusion', a.conclusion)
        from answer a
    )
    select a.place, a.status, a.conclusion, done.timed_out
    from answer a;
end $$;
