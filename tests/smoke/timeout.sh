#!/usr/bin/env bash
# Runbook, 'Timeout smoke': job and step end as timed_out shortly after the one-minute deadline and the metric counts one. Needs a
# running shithubd-runner that serves ubuntu-latest.
. "$(dirname "$0")/lib.sh"

create_repository timeout
before=$(metric shithub_actions_step_timeouts_total)
sha=$(push_workflow timeout timeout.yml <<'YAML'
on: push
jobs:
  timeout_probe:
    runs-on: ubuntu-latest
    timeout-minutes: 1
    steps:
      - run: sleep 600
YAML
)
run=$(run_of timeout "$sha")
job=$(first_job "$run")
until_is completed/timed_out 100 job_state "$job"
[ "$(api "jobs/$job" | jq -r '.steps[0] | "\(.status)/\(.conclusion)"')" = completed/timed_out ] || fail 'the step is not completed/timed_out'
[ "$(run_state "$run")" = completed/timed_out ] || fail "the run is $(run_state "$run")"
[ "$(metric shithub_actions_step_timeouts_total)" = "$((before + 1))" ] || fail 'the metric did not go up by one'
say passed
