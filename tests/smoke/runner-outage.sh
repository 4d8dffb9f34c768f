#!/usr/bin/env bash
# Runbook, 'Runner-outage negative test': drain every shared runner, push, see the job wait, undrain one, see the same job complete.
. "$(dirname "$0")/lib.sh"

create_repository outage
ids=$(shithubd admin runner list --output json | jq -r '.[] | select(.revoked | not) | .id')
[ -n "$ids" ] || fail 'no runner is registered'
runners_with() { shithubd admin runner list --output json | jq --arg status "$1" '[.[] | select(.status == $status)] | length > 0'; }
until_is true 60 runners_with online
for id in $ids; do shithubd admin runner drain --id "$id" --reason 'outage smoke' >/dev/null; done

sha=$(smoke_workflow | push_workflow outage smoke.yml)
run=$(run_of outage "$sha")
job=$(first_job "$run")
say 'the run stays queued'
shithubd admin runner queue --output json | jq -e 'any(.[]; .labels == ["ubuntu-latest"] and .queued == 1)' >/dev/null \
  || fail 'the queue does not show ubuntu-latest'
[ "$(job_state "$job")" = queued/ ] || fail "the job is $(job_state "$job")"

say 'undrain one runner'
online=$(shithubd admin runner list --output json | jq -r '[.[] | select(.status == "draining")][0].id')
shithubd admin runner undrain --id "$online" >/dev/null
until_is completed/success 120 job_state "$job"
for id in $ids; do [ "$id" = "$online" ] || shithubd admin runner undrain --id "$id" >/dev/null; done
say passed
