#!/usr/bin/env bash
# Runbook, 'Curl token smoke': claim, append a log chunk, complete, and the replay check. No other runner may serve ubuntu-latest.
. "$(dirname "$0")/lib.sh"

create_repository curl-token
register_runner curl-token
sha=$(smoke_workflow | push_workflow curl-token smoke.yml)
run=$(run_of curl-token "$sha")

say 'claim a job'
claim
[ "$JOB_ID" = "$(first_job "$run")" ] || fail "claimed job $JOB_ID, expected that of run $run"

say 'append a log chunk'
curl -fsS "$BASE/api/v1/jobs/$JOB_ID/logs" \
  -H "Authorization: Bearer $JOB_TOKEN" \
  -H "Content-Type: application/json" \
  -d "{\"seq\":0,\"chunk\":\"$(printf 'hello from curl\n' | base64)\"}" \
  | tee "$work/shithub-log.json" | jq -e '.accepted' >/dev/null
first_token=$JOB_TOKEN
export JOB_TOKEN="$(jq -r '.next_token' "$work/shithub-log.json")"
[ "$(api "jobs/$JOB_ID/logs")" = 'hello from curl' ] || fail 'the raw log is not what was sent'

say 'complete the job'
curl -fsS "$BASE/api/v1/jobs/$JOB_ID/status" \
  -H "Authorization: Bearer $JOB_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{"status":"completed","conclusion":"success"}' \
  | jq -e '.status == "completed" and .conclusion == "success" and .run_status == "completed" and .run_conclusion == "success"' >/dev/null

say 'replay check'
code=$(curl -s -o "$work/replay.json" -w '%{http_code}' "$BASE/api/v1/jobs/$JOB_ID/status" \
  -H "Authorization: Bearer $(jq -r '.next_token' "$work/shithub-log.json")" \
  -H "Content-Type: application/json" \
  -d '{"status":"running"}')
[ "$code" = 401 ] || fail "a used token got $code"
code=$(curl -s -o /dev/null -w '%{http_code}' "$BASE/api/v1/jobs/$JOB_ID/logs" \
  -H "Authorization: Bearer $first_token" -H "Content-Type: application/json" \
  -d "{\"seq\":1,\"chunk\":\"$(printf 'again\n' | base64)\"}")
[ "$code" = 401 ] || fail "the claim's used token got $code"

[ "$(job_state "$JOB_ID")" = completed/success ] || fail 'the job is not completed/success'
[ "$(run_state "$run")" = completed/success ] || fail 'the run did not roll up'
api "repos/$SMOKE_USER/curl-token/commits/$sha/check-runs" \
  | jq -e '.total_count == 1 and .check_runs[0].status == "completed" and .check_runs[0].conclusion == "success"' >/dev/null \
  || fail 'the check run does not agree'
shithubd admin runner revoke --id "$RUNNER_ID" --reason 'smoke is over' >/dev/null
say passed
