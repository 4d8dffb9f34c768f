#!/usr/bin/env bash
# Runs everything that must hold: the format check, then every test project. On a plain Debian machine with root and the .NET 10
# SDK it installs what else the tests need.
#
#   ./test.sh             everything
#   ./test.sh NAME...     the projects whose names contain one of the words (any case); 'format' is the format check
#
# The last line is 'N passed, N failed' (and ', N skipped'). Exit code 0 if nothing failed, 1 otherwise; a project that crashes,
# hangs or runs no test has failed. Logs and results are in TestResults/.
set -euo pipefail
cd "$(dirname "$0")"
. deploy/dev/machine.sh

readonly project_minutes=20 total_minutes=55
passed=0 failed=0 skipped=0 problems=() child=

finish() {
  local problem
  for problem in "${problems[@]}"; do printf 'FAILED: %s\n' "$problem"; done
  printf '%d passed, %d failed' "$passed" "$failed"
  if [ "$skipped" -gt 0 ]; then printf ', %d skipped' "$skipped"; fi
  printf '\n'
  exit $((failed > 0))
}

failure() { failed=$((failed + 1)); problems+=("$1"); }

stop() {
  if [ -n "$child" ]; then kill -TERM "-$child" 2>/dev/null || true; wait "$child" 2>/dev/null || true; fi
  failure 'stopped by a signal'
  finish
}

wanted() {
  local word
  [ $# -gt 1 ] || return 0
  for word in "${@:2}"; do
    case ${1,,} in *"${word,,}"*) return 0 ;; esac
  done
  return 1
}

# What of the verbose reporter a person wants to see pass by: all but the tests that were quick.
progress() { grep --line-buffered -vE '\[(STARTING|OUTPUT)\]|\[FINISHED\] Time: 0\.|^xUnit\.net|Discover(ing|ed):' || true; }

# The tests that had started and not ended, in a log of the verbose reporter.
unfinished() {
  sed -nE 's/^ *(.*) \[STARTING\]$/\1/p' "$1" | sort >"$1.started"
  sed -nE 's/^ *(.*) \[FINISHED\] Time.*$/\1/p' "$1" | sort | comm -23 "$1.started" - | head -n 5 | paste -sd ';'
  rm -f "$1.started"
}

run_project() {
  local name=$1 app=tests/$1/bin/Debug/net10.0/$1 log=TestResults/$1.log result=TestResults/$1.json
  local left=$((total_minutes * 60 - SECONDS)) limit=$((project_minutes * 60)) code=0 counts
  if [ "$left" -lt 30 ]; then failure "$name was not run: $total_minutes minutes are used up"; return; fi
  if [ "$left" -lt "$limit" ]; then limit=$left; fi
  if [ ! -x "$app" ]; then failure "$name: $app was not built. Is the project in Shithub.Actions.sln?"; return; fi

  say "$name"
  : >"$log"
  rm -f "$result"
  # Job control gives the tests a process group of their own, so that whatever they leave running can be ended with them.
  set -m
  timeout -k 20 "$limit" "$app" -noColor -noLogo -noAutoReporters -reporter verbose -longRunning 60 -ctrf "$result" >"$log" 2>&1 </dev/null &
  child=$!
  set +m
  tail -n +1 -s 0.2 -f --pid="$child" "$log" | progress
  wait "$child" || code=$?
  kill -TERM "-$child" 2>/dev/null || true
  child=

  if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
    failure "$name did not end within $((limit / 60)) minutes and was stopped; running then: $(unfinished "$log")"
    return
  fi
  if ! counts=$(jq -r '.results.summary | "\(.passed) \(.failed) \(.skipped + .pending) \(.tests)"' "$result" 2>/dev/null); then
    failure "$name crashed (exit code $code; see $log); running then: $(unfinished "$log")"
    return
  fi
  local p f s t
  read -r p f s t <<<"$counts"
  passed=$((passed + p)) skipped=$((skipped + s)) failed=$((failed + f))
  if [ "$t" -eq 0 ]; then failure "$name ran no test"; fi
  if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then failure "$name ended with exit code $code though no test failed; see $log"; fi
  while IFS= read -r line; do problems+=("$line"); done < <(jq -r '.results.tests[] | select(.status == "failed")
    | .name + ": " + ((.message // "no message") | gsub("\\s+"; " ") | .[:300])' "$result")
  say "$name: $p passed, $f failed"
}

[ "$(id -u)" -eq 0 ] || fail 'the tests start containers with limits, bridges and a firewall. Run them as root:  sudo ./test.sh'
trap stop INT TERM HUP

install_missing initdb:postgresql podman:podman runc:runc netavark:netavark iptables:iptables mmdebstrap:mmdebstrap git:git git-lfs:git-lfs jq:jq \
  dockerd:docker.io curl:curl nft:nftables dnsmasq:dnsmasq-base ip:iproute2 ps:procps mkfs.ext4:e2fsprogs \
  newuidmap:uidmap slirp4netns:slirp4netns fuse-overlayfs:fuse-overlayfs useradd:passwd chromium:chromium \
  gcc:build-essential
require_dotnet
choose_containers_conf "$PWD/.data/containers.conf"

projects=() format=no
for folder in tests/*.Tests/; do
  name=$(basename "$folder")
  if wanted "$name" "$@"; then projects+=("$name"); fi
done
if wanted format "$@"; then format=yes; fi
if [ ${#projects[@]} -eq 0 ] && [ $format = no ]; then fail "no test project's name contains '$*'. There are: $(cd tests && echo *.Tests) format"; fi

rm -rf TestResults
mkdir -p TestResults
say 'restoring packages'
dotnet restore --locked-mode -v q || { failure 'the packages could not be restored'; finish; }
if [ ${#projects[@]} -gt 0 ]; then
  say 'building (a minute or two)'
  dotnet build --no-restore -c Debug -v q --nologo -clp:ErrorsOnly -nodeReuse:false || { failure 'the build failed'; finish; }
fi
if [ $format = yes ]; then
  say 'checking the format'
  if dotnet format --verify-no-changes --no-restore >TestResults/format.log 2>&1; then
    passed=$((passed + 1))
  else
    sed -E "s# \[$PWD/.*\]\$##; s#^$PWD/##" TestResults/format.log
    failure "the format check (to repair: dotnet format)"
  fi
fi
case ${projects[*]} in *EndToEnd*)
  say 'building the runner as it is installed (a minute or two)'
  publish_runner .data/native || { failure 'the runner could not be published'; finish; }
esac
for name in "${projects[@]}"; do run_project "$name"; done
finish
