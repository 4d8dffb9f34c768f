-- What runners report of the fence beside logs. Of a job, with its end: the images that its containers ran, as they were and not as they are
-- named, and what its runner has to say about it, such as what the network refused. Of a runner: why it takes no job though it lives.
alter table workflow_jobs
    -- [{"image", "digest", "service"}]
    add column images jsonb,
    -- [{"level", "message", "title"}], the limits are the protocol's
    add column notes jsonb;

alter table workflow_runners add column not_claiming text check (length(not_claiming) between 1 and 500);
