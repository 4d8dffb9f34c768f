#!/usr/bin/env bash
# Runbook, 'Re-run smoke'. Needs a running shithubd-runner that serves ubuntu-latest.
. "$(dirname "$0")/lib.sh"

create_repository rerun
sha=$(smoke_workflow | push_workflow rerun smoke.yml)
RUN_ID=$(run_of rerun "$sha")
until_is completed/success 120 run_state "$RUN_ID"
curl -fsS "$BASE/api/v1/runs/$RUN_ID/rerun" \
  -H "Authorization: Bearer $PAT_WITH_REPO_WRITE" \
  -X POST > "$work/rerun.json"
jq -e --argjson source "$RUN_ID" '.parent_run_id == $source and .run_id != $source and .run_index == 2' "$work/rerun.json" >/dev/null \
  || fail "the answer is $(cat "$work/rerun.json")"
again=$(jq -r .run_id "$work/rerun.json")
[ "$(api "runs/$again" | jq -r .head_sha)" = "$sha" ] || fail 'the new run has another head_sha'
until_is completed/success 120 run_state "$again"
say passed
