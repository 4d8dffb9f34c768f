-- Pull requests, and what of a run comes from the trust in whoever caused it. See PullRequests/README.md.

alter table repositories
    add column fork_of bigint references repositories (id) on delete set null,
    add column last_pull_number integer not null default 0,
    -- some workflow of the default branch waits for the runs of others: only then do runs make events
    add column has_workflow_run boolean not null default false;
create index repositories_fork_of on repositories (fork_of) where fork_of is not null;

create table pull_requests (
    id           bigint generated always as identity primary key,
    -- the repository that it would change
    repo_id      bigint not null references repositories (id) on delete cascade,
    number       integer not null check (number > 0),
    -- without refs/heads/
    base_branch  text not null,
    base_sha     text not null check (base_sha ~ '^[0-9a-f]{40,64}$'),
    -- null: pushed to refs/for/, or its fork is gone
    head_repo_id bigint references repositories (id) on delete set null,
    -- null: pushed to refs/for/
    head_branch  text,
    -- of refs/for/<branch>/<topic>
    topic        text,
    head_sha     text not null check (head_sha ~ '^[0-9a-f]{40,64}$'),
    -- whoever brought the head commit might write to the repository at that moment
    head_vouched boolean not null,
    title        text not null,
    body         text not null default '',
    author_id    bigint references owners (id),
    state        text not null default 'open' check (state in ('open', 'closed', 'merged')),
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    closed_at    timestamptz,
    unique (repo_id, number),
    check ((state = 'open') = (closed_at is null)),
    check (topic is null or head_branch is null)
);
-- A second push to the same refs/for/ updates the first; a branch is proposed once.
create unique index pull_requests_pushed on pull_requests (repo_id, base_branch, author_id, coalesce(topic, ''))
    where state = 'open' and head_branch is null;
create unique index pull_requests_branch on pull_requests (repo_id, base_branch, head_repo_id, head_branch)
    where state = 'open' and head_branch is not null;
-- A push looks for the pull requests that its branch is the head of.
create index pull_requests_head on pull_requests (head_repo_id, head_branch) where state = 'open' and head_branch is not null;

alter table pushes
    -- {branch, topic}: a push to refs/for/; its commands name a ref of its own under refs/incoming/
    add column proposal  jsonb,
    -- what the pusher might do when the push began
    add column may_write boolean not null default true;

alter table trigger_events
    add column pull_request_id bigint references pull_requests (id) on delete cascade,
    add column pull_push_id    uuid references pushes (id) on delete set null,
    -- decided when the event was made, from the permission of the authenticated actor
    add column trust           text not null default 'trusted' check (trust in ('trusted', 'untrusted')),
    add column awaits_approval boolean not null default false,
    -- how many runs in a row led to it, one by workflow_run of the other
    add column chain_depth     integer not null default 0,
    add constraint approval_is_for_the_untrusted check (not awaits_approval or trust = 'untrusted');
-- A push moves a pull request once. Not push_id: the events of the refs themselves are unique by that and the ref.
create unique index trigger_events_pull on trigger_events (pull_push_id, pull_request_id) where pull_push_id is not null;

alter table workflow_runs
    add column trust           text not null default 'trusted' check (trust in ('trusted', 'untrusted')),
    add column pull_request_id bigint references pull_requests (id) on delete set null,
    -- what jobs check out where it is not the head: the merge of a pull request
    add column checkout_sha    text,
    -- the commit that the workflow files came from where it is not the head
    add column workflow_sha    text,
    add column chain_depth     integer not null default 0,
    add column approved_by     bigint references owners (id),
    add column approved_at     timestamptz,
    drop constraint workflow_runs_hold_check,
    add constraint workflow_runs_hold_check check (hold in ('concurrency', 'approval')),
    add constraint approval_is_for_the_untrusted check (hold is distinct from 'approval' or (trust = 'untrusted' and approved_at is null));
create index workflow_runs_awaiting on workflow_runs (pull_request_id) where hold = 'approval' and conclusion is null;
create index workflow_runs_pull on workflow_runs (pull_request_id, id desc) where pull_request_id is not null;
