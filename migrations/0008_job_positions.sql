-- Where a job stands among the jobs of its run: as the files have them, what a job has become in its place.
alter table workflow_jobs
    add column position integer not null default 0;
