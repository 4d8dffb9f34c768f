#!/usr/bin/env bash
# Runbook, 'Cancel smoke', with curl as the runner: a queued job at once, a running one at its next cancel check.
. "$(dirname "$0")/lib.sh"

create_repository cancel
register_runner cancel

cancel() {
  curl -fsS "$BASE/api/v1/jobs/$JOB_ID/cancel" \
    -H "Authorization: Bearer $PAT_WITH_REPO_WRITE" \
    -X POST
}

say 'a queued job'
sha=$(smoke_workflow | push_workflow cancel smoke.yml)
run=$(run_of cancel "$sha")
JOB_ID=$(first_job "$run")
cancel | jq -e '.status == "cancelled"' >/dev/null
[ "$(run_state "$run")" = cancelled/cancelled ] || fail "the run is $(run_state "$run")"

say 'a running job'
sha=$(smoke_workflow | push_workflow cancel smoke.yml)
run=$(run_of cancel "$sha")
claim
cancel | jq -e '.status == "running" and .cancel_requested' >/dev/null
curl -fsS "$BASE/api/v1/jobs/$JOB_ID/cancel-check" -X POST -H "Authorization: Bearer $JOB_TOKEN" > "$work/check.json"
jq -e '.cancelled == true' "$work/check.json" >/dev/null || fail 'the cancel check does not say so'
curl -fsS "$BASE/api/v1/jobs/$JOB_ID/status" \
  -H "Authorization: Bearer $(jq -r .next_token "$work/check.json")" \
  -H "Content-Type: application/json" \
  -d '{"status":"cancelled"}' >/dev/null
[ "$(job_state "$JOB_ID")" = cancelled/cancelled ] || fail "the job is $(job_state "$JOB_ID")"
[ "$(run_state "$run")" = cancelled/cancelled ] || fail "the run is $(run_state "$run")"
shithubd admin runner revoke --id "$RUNNER_ID" --reason 'smoke is over' >/dev/null
say passed
