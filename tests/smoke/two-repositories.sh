#!/usr/bin/env bash
# Runbook, 'Arbitrary Repository Smoke': two repositories, one of them private, complete from the same shared label set. Needs a
# running shithubd-runner that serves ubuntu-latest.
. "$(dirname "$0")/lib.sh"

create_repository scratch --public
create_repository second
for name in scratch second; do
  say "$name"
  sha=$(smoke_workflow | push_workflow "$name" smoke.yml)
  run=$(run_of "$name" "$sha")
  until_is completed/success 120 run_state "$run"
  api "runs/$run" > "$work/run.json"
  jq -e '.event == "push" and .head_ref == "refs/heads/trunk" and .jobs[0].job_key == "green" and .jobs[0].status == "completed"
    and .jobs[0].conclusion == "success"' "$work/run.json" >/dev/null || fail "$name: the job is not completed/success"
  job=$(jq -r '.jobs[0].id' "$work/run.json")
  checkout=$(jq -r '.jobs[0].steps[0].id' "$work/run.json")
  smoke=$(jq -r '.jobs[0].steps[2].id' "$work/run.json")
  api "jobs/$job/steps/$checkout/logs" > "$work/checkout.log"
  grep -qF "$BASE/$SMOKE_USER/$name.git" "$work/checkout.log" || fail "$name: the checkout does not log the scoped repository URL"
  [ "$(api "jobs/$job/steps/$smoke/logs")" = 'shithub actions smoke passed' ] || fail "$name: the smoke step's raw log is off"
  api "repos/$SMOKE_USER/$name/commits/$sha/check-runs" \
    | jq -e '.check_runs | length == 1 and .[0].status == "completed" and .[0].conclusion == "success"' >/dev/null \
    || fail "$name: the check run does not agree"
  curl -fsS -H "Authorization: Bearer $PAT_WITH_REPO_WRITE" "$BASE/$SMOKE_USER/$name/actions/runs/$(jq -r .run_index "$work/run.json")" > "$work/page.html"
  grep -q 'Triggered via push' "$work/page.html" || fail "$name: the page does not say 'Triggered via push'"
  grep -q 'refs/heads/trunk' "$work/page.html" || fail "$name: the page does not name the ref"
  grep -q 'shithub actions smoke passed' "$work/page.html" || fail "$name: the page does not show the log"
done
code=$(curl -s -o /dev/null -w '%{http_code}' "$BASE/api/v1/repos/$SMOKE_USER/second/runs")
[ "$code" = 401 ] || fail "an anonymous reader got $code for a private repository"

say 'confirm the pool is shared'
shithubd admin runner list --output json | jq -e 'any(.[]; .status == "online" and (.labels | index("ubuntu-latest")))' >/dev/null
shithubd admin runner queue --output json | jq -e 'all(.[]; .labels != ["ubuntu-latest"])' >/dev/null
say passed
