-- How many bytes an attempt's log has is told from token to token, and the job's row is written once a second, not at each append. A lost
-- answer's token is made again from this.
alter table runner_jwt_used add column next_log_bytes bigint;
