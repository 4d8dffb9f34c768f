#!/usr/bin/env bash
# Runbook, 'Untrusted-PR secret negative test', and the ways to look like somebody else: a forged author, a fork that is called like the
# base, a branch that is called like a tag. Needs a running shithubd-runner that serves ubuntu-latest.
. "$(dirname "$0")/lib.sh"

secret=never-print-me-4711
stranger=$SMOKE_USER-stranger
shithubd admin user create "$stranger" >/dev/null
STRANGER_TOKEN=$(shithubd admin token create --user "$stranger" --scopes repo:write --output json | jq -r .token)
create_repository trust --public
printf '%s' "$secret" | shithubd admin secret set S41J_SECRET_SMOKE --repo "$SMOKE_USER/trust" >/dev/null

# probe SAYS: a workflow that tells whether the secret is there, and everything that its container's environment holds.
probe() {
  cat <<YAML
name: Pull
on: pull_request
jobs:
  probe:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          echo 'this is $1'
          if [ -n "\$SECRET" ]; then echo 'secret present'; else echo 'secret absent'; fi
          env
          tr '\\0' '\\n' < /proc/self/environ | base64 -w0
          cat CHANGE
        env:
          SECRET: \${{ secrets.S41J_SECRET_SMOKE }}
          ALL: \${{ toJSON(secrets) }}
YAML
}

say 'the owner: their own pull request has the secret'
probe base | push_workflow trust pull.yml >/dev/null
git -C "$work/trust" checkout --quiet -b change
echo owner > "$work/trust/CHANGE"
git -C "$work/trust" add --all
git -C "$work/trust" commit --quiet -m 'Owner'
as() { printf 'http.extraHeader=Authorization: Basic %s' "$(printf 'git:%s' "$1" | base64 -w0)"; }
git -C "$work/trust" -c "$(as "$PAT_WITH_REPO_WRITE")" push --quiet "$BASE/$SMOKE_USER/trust.git" HEAD:refs/for/trunk 2>/dev/null
RUN_ID=$(run_of trust "$(git -C "$work/trust" rev-parse HEAD)")
until_is completed/success 120 run_state "$RUN_ID"
log=$(api "jobs/$(first_job "$RUN_ID")/logs")
grep -q '^secret present' <<<"$log" || fail "the owner's run has no secret"
! grep -qF "$secret" <<<"$log" || fail 'the secret is in the log'

# held_then_bare SHA: the run waits, is approved, runs the pull request's own workflow, and never sees the secret.
held_then_bare() {
  local id log
  id=$(run_of trust "$1")
  [ "$(api "runs/$id" | jq -r '"\(.status)/\(.hold)/\(.trust)"')" = waiting/approval/untrusted ] || fail "run $id does not wait: $(api "runs/$id")"
  [ "$(curl -s -o /dev/null -w '%{http_code}' -X POST -H "Authorization: Bearer $STRANGER_TOKEN" "$BASE/api/v1/runs/$id/approve")" = 403 ] \
    || fail 'a stranger may approve'
  [ "$(shithubd admin runner queue --output json | jq length)" = 0 ] || fail 'something of it is queued'
  if [ "$2" = api ]; then
    curl -fsS -X POST -H "Authorization: Bearer $PAT_WITH_REPO_WRITE" "$BASE/api/v1/runs/$id/approve" >/dev/null
  else
    shithubd admin actions approve --run "$id" --head-sha "$1" >/dev/null
  fi
  until_is completed/success 120 run_state "$id"
  log=$(api "jobs/$(first_job "$id")/logs")
  grep -q '^this is head' <<<"$log" || fail "not the pull request's own workflow: $log"
  grep -q '^secret absent' <<<"$log" || fail "the secret is there: $log"
  ! grep -qF "$secret" <<<"$log" || fail 'the secret is in the log'
  # Nor in what the base64 of the whole environment holds.
  ! grep -E '^[A-Za-z0-9+/=]{40,}$' <<<"$log" | base64 -d 2>/dev/null | grep -qaF "$secret" || fail 'the secret is in the environment'
}

clone=$work/stranger
git -c "$(as "$STRANGER_TOKEN")" clone --quiet "$BASE/$SMOKE_USER/trust.git" "$clone"
change() {
  git -C "$clone" checkout --quiet -B change origin/trunk
  probe head > "$clone/.shithub/workflows/pull.yml"
  echo "$1" > "$clone/CHANGE"
  git -C "$clone" add --all
  git -C "$clone" commit --quiet "${@:2}" -m "$1"
}
push() { git -C "$clone" -c "$(as "$STRANGER_TOKEN")" push --quiet "$@" 2>/dev/null; }

say 'a stranger: waits, and has no secret before or after'
change stranger
push "$BASE/$SMOKE_USER/trust.git" HEAD:refs/for/trunk
held_then_bare "$(git -C "$clone" rev-parse HEAD)" api

say 'a forged author and committer'
GIT_COMMITTER_NAME=$SMOKE_USER GIT_COMMITTER_EMAIL=smoke@localhost change forged --author="$SMOKE_USER <smoke@localhost>"
push "$BASE/$SMOKE_USER/trust.git" HEAD:refs/for/trunk/forged
held_then_bare "$(git -C "$clone" rev-parse HEAD)" command

say 'a fork that is called like the base, from a branch that is called like a tag'
git -C "$work/trust" tag v1
git -C "$work/trust" -c "$(as "$PAT_WITH_REPO_WRITE")" push --quiet "$BASE/$SMOKE_USER/trust.git" v1
shithubd admin repo fork "$SMOKE_USER/trust" "$stranger" >/dev/null
change fork
push "$BASE/$stranger/trust.git" HEAD:refs/heads/refs/tags/v1
curl -fsS -X POST -H "Authorization: Bearer $STRANGER_TOKEN" -H 'Content-Type: application/json' \
  -d "{\"title\":\"Fork\",\"head\":\"$stranger/trust:refs/tags/v1\",\"base\":\"trunk\"}" "$BASE/api/v1/repos/$SMOKE_USER/trust/pulls" >/dev/null
held_then_bare "$(git -C "$clone" rev-parse HEAD)" api

say passed
