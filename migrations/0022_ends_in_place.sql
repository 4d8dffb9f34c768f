-- What ends stays in its page: a row whose new version has room there, and none of whose indexes tells the difference, gets no new entries in
-- any of them.

-- Of a run six indexes got one at its end, since this one asked whether it had ended. Those that ended while they waited for approval are few.
drop index workflow_runs_awaiting;
create index workflow_runs_awaiting on workflow_runs (pull_request_id) where hold = 'approval';

-- A step changes when it begins and when it ends, and so do its neighbours in the page. Its two indexes never ask.
alter table workflow_steps set (fillfactor = 70);
