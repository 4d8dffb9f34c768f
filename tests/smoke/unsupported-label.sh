#!/usr/bin/env bash
# Runbook, 'Unsupported-label negative test': the run stays queued and says why; the queue shows it with zero matching runners.
. "$(dirname "$0")/lib.sh"

create_repository unsupported-label
push_workflow unsupported-label unsupported.yml >/dev/null <<'YAML'
name: Unsupported runner label
on:
  workflow_dispatch:
jobs:
  nope:
    runs-on: windows-latest
    steps:
      - run: echo should-not-run
YAML

say 'trigger it manually'
run=$(curl -fsS "$BASE/api/v1/repos/$SMOKE_USER/unsupported-label/actions/workflows/unsupported.yml/dispatches" \
  -H "Authorization: Bearer $PAT_WITH_REPO_WRITE" \
  -H "Content-Type: application/json" \
  -d '{"ref":"trunk"}' | jq -r '.run_id')
[ "$(run_state "$run")" = queued/ ] || fail "the run is $(run_state "$run")"
api "runs/$run" | jq -e '.jobs[0].waiting_for == "Waiting for runner with labels: windows-latest"' >/dev/null \
  || fail 'the run does not say what it waits for'
shithubd admin runner queue --output json \
  | jq -e '[.[] | select(.labels == ["windows-latest"])] | length == 1 and .[0].queued == 1 and .[0].matching_runners == 0' >/dev/null \
  || fail 'the queue does not show it'
index=$(api "runs/$run" | jq -r .run_index)
curl -fsS -H "Authorization: Bearer $PAT_WITH_REPO_WRITE" "$BASE/$SMOKE_USER/unsupported-label/actions/runs/$index" > "$work/page.html"
grep -q 'Waiting for runner with labels: windows-latest' "$work/page.html" || fail 'the page does not say what it waits for'

say 'cancel it'
curl -fsS "$BASE/api/v1/runs/$run/cancel" -H "Authorization: Bearer $PAT_WITH_REPO_WRITE" -X POST | jq -e '.run_status == "cancelled"' >/dev/null
say passed
