-- 'workflow_run' with 'in_progress', when a run begins. A claim makes it begin, in SQL and for many runs at once, so the event is made
-- where the row changes: once for each run, since a run that has begun never waits again. The other two actions are made by the server
-- (Runs/WorkflowRunEvents.cs), with the same payload.
create function tell_workflow_run_in_progress() returns trigger language plpgsql as $$
begin
    insert into trigger_events (id, repo_id, actor_id, event, ref, payload, trust, chain_depth)
    select gen_random_uuid(), new.repo_id, new.actor_id, 'workflow_run', 'refs/heads/' || p.default_branch,
        jsonb_build_object(
            'action', 'in_progress',
            'workflow_run', jsonb_build_object(
                'id', new.id, 'name', new.workflow_name, 'path', new.workflow_file, 'display_title', new.title, 'run_number', new.run_index,
                'run_attempt', 1, 'event', new.event, 'head_sha', new.head_sha,
                'head_branch', coalesce(new.event_payload -> 'pull_request' -> 'head' ->> 'ref', regexp_replace(new.head_ref, '^refs/(heads|tags)/', '')),
                'status', 'in_progress', 'conclusion', null, 'trust', new.trust,
                'actor', jsonb_build_object('login', a.name, 'type', 'User'),
                'created_at', new.created_at),
            'workflow', jsonb_build_object('name', new.workflow_name, 'path', new.workflow_file),
            'repository', jsonb_build_object(
                'id', p.id, 'name', p.name, 'full_name', o.name || '/' || p.name, 'private', p.is_private,
                'owner', jsonb_build_object('id', o.id, 'login', o.name, 'name', o.name), 'default_branch', p.default_branch),
            'sender', jsonb_build_object('login', a.name, 'type', 'User')),
        new.trust, new.chain_depth + 1
    from repositories p
    join owners o on o.id = p.owner_id
    left join owners a on a.id = new.actor_id
    -- The server's WorkflowRunEvents.ChainMax.
    where p.id = new.repo_id and p.has_workflow_run and new.chain_depth < 3;
    if found then
        perform pg_notify('shithub', 'trigger:');
    end if;
    return null;
end
$$;

create trigger workflow_run_in_progress after update of status on workflow_runs
    for each row when (new.status = 'running' and old.status in ('queued', 'waiting') and new.hold is distinct from 'approval')
    execute function tell_workflow_run_in_progress();

-- False: nobody has looked for schedules and workflow_run in its default branch yet, as in repositories from before either was there.
alter table repositories add column schedules_read boolean not null default false;
create index repositories_schedules_unread on repositories (id) where not schedules_read;
