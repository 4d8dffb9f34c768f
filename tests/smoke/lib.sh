# What the smoke scripts share. They run against a live server, on the host where 'shithubd admin' works:
#   BASE                 the server, such as http://127.0.0.1:8080
#   SHITHUBD             the command that runs shithubd; SHITHUB_CONFIG names its configuration
#   SMOKE_USER           a user who owns the repositories; PAT_WITH_REPO_WRITE is a token of theirs with the scope repo:write
set -euo pipefail
: "${BASE:?}" "${SHITHUBD:?}" "${SMOKE_USER:?}" "${PAT_WITH_REPO_WRITE:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_NAME=smoke GIT_AUTHOR_EMAIL=smoke@localhost GIT_COMMITTER_NAME=smoke GIT_COMMITTER_EMAIL=smoke@localhost

say() { printf '▸ %s\n' "$*" >&2; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
shithubd() { $SHITHUBD "$@"; }
api() { curl -fsS -H "Authorization: Bearer $PAT_WITH_REPO_WRITE" "$BASE/api/v1/$1"; }
metric() { curl -fsS "$BASE/metrics" | awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }'; }

# until_is EXPECTED SECONDS COMMAND...: asks again until the command prints what is expected, or time is up.
until_is() {
  local expected=$1 deadline=$(( $(date +%s) + $2 )) got=
  shift 2
  while got=$("$@"); [ "$got" != "$expected" ]; do
    [ "$(date +%s)" -lt "$deadline" ] || fail "$*: expected '$expected', got '$got'"
    sleep 0.2
  done
}

# create_repository NAME [--public]: an empty repository of SMOKE_USER.
create_repository() { shithubd admin repo create "$SMOKE_USER/$1" "${@:2}" >/dev/null; }

# push_workflow NAME FILE < WORKFLOW: commits the workflow with a README to trunk and pushes it. Prints the commit.
push_workflow() {
  local clone=$work/$1 credentials
  credentials=$(printf '%s:%s' "$SMOKE_USER" "$PAT_WITH_REPO_WRITE" | base64 -w0)
  [ -d "$clone/.git" ] || git init --quiet --initial-branch=trunk "$clone"
  mkdir -p "$clone/.shithub/workflows"
  cat > "$clone/.shithub/workflows/$2"
  printf '# %s\n\n%s\n' "$1" "$(date +%s%N)" > "$clone/README.md"
  git -C "$clone" add --all
  git -C "$clone" commit --quiet -m "Smoke: $2"
  GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0="Authorization: Basic $credentials" \
    git -C "$clone" push --quiet "$BASE/$SMOKE_USER/$1.git" HEAD:refs/heads/trunk
  git -C "$clone" rev-parse HEAD
}

# run_of NAME COMMIT: the id of the commit's newest run, once there is one.
run_of() {
  local deadline=$(( $(date +%s) + 30 )) id=
  while id=$(api "repos/$SMOKE_USER/$1/runs?head_sha=$2" | jq -r '.runs[0].id // empty'); [ -z "$id" ]; do
    [ "$(date +%s)" -lt "$deadline" ] || fail "no run of $1 at $2"
    sleep 0.2
  done
  printf '%s\n' "$id"
}

run_state() { api "runs/$1" | jq -r '"\(.status)/\(.conclusion // "")"'; }
job_state() { api "jobs/$1" | jq -r '"\(.status)/\(.conclusion // "")"'; }
first_job() { api "runs/$1" | jq -r '.jobs[0].id'; }

smoke_workflow() {
  cat <<'YAML'
name: Smoke
on:
  push:
    branches: [trunk]
jobs:
  green:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Verify checkout
        run: test -f README.md || test -f readme.md || pwd
      - name: Smoke
        run: printf 'shithub actions smoke passed\n'
YAML
}

# register_runner NAME: registers a runner for the curl lines of the runbook; RUNNER_TOKEN and RUNNER_ID are set.
register_runner() {
  shithubd admin runner register \
    --name "$1" \
    --labels self-hosted,linux,ubuntu-latest,x64 \
    --capacity 1 \
    --output json > "$work/runner.json"
  RUNNER_TOKEN=$(jq -r .token "$work/runner.json")
  RUNNER_ID=$(jq -r .id "$work/runner.json")
  export RUNNER_TOKEN RUNNER_ID
}

# claim: the runbook's claim; JOB_ID and JOB_TOKEN are set.
claim() {
  curl -fsS "$BASE/api/v1/runners/heartbeat" \
    -H "Authorization: Bearer $RUNNER_TOKEN" \
    -H "Content-Type: application/json" \
    -d '{"labels":["self-hosted","linux","ubuntu-latest","x64"],"capacity":1,"host_name":"curl-smoke","version":"manual"}' \
    > "$work/shithub-claim.json"
  JOB_ID="$(jq -r '.job.id' "$work/shithub-claim.json")"
  JOB_TOKEN="$(jq -r '.token' "$work/shithub-claim.json")"
  export JOB_ID JOB_TOKEN
}
