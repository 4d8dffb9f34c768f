-- A called workflow may be in concurrency groups, too: that of the job that calls it, and its own.
alter table concurrency_members
    -- the path of the job that calls, as in workflow_jobs.job_key; its jobs' paths begin with it and '/'
    add column call_path text,
    -- of a call: its run was told that it holds the group
    add column is_told   boolean not null default false,
    drop constraint concurrency_members_run_id_job_id_key,
    add constraint concurrency_members_once unique nulls not distinct (run_id, job_id, call_path, group_name),
    add constraint call_is_no_job check (job_id is null or call_path is null);
