#!/usr/bin/env bash
# The whole system on this machine, with one command: a server, a runner, a demo repository and a git push that runs its workflow.
# For Debian and Ubuntu with the .NET 10 SDK. Installs what is missing, builds, and keeps everything it makes in .data/.
#
#   ./dev.sh             runs until Ctrl-C
#   ./dev.sh --once      ends with the demo run's conclusion: exit code 0 if it was a success
#   ./dev.sh --help      what else 'shithubd dev' takes
set -euo pipefail
cd "$(dirname "$0")"
. deploy/dev/machine.sh

readonly server=src/Shithub.Actions.Server image=localhost/shithub/runner:1
readonly shithubd=$PWD/$server/bin/Debug/net10.0/shithubd shithubd_runner=$PWD/.data/native/shithubd-runner

# What the programs are built from: names, sizes and times. A build that finds nothing to do takes seconds, this does not.
sources() {
  find src migrations Directory.Build.props Directory.Packages.props global.json \
    \( -name bin -o -name obj \) -prune -o -type f -printf '%p %s %T@\n' | sort | sha256sum
}

build_what_changed() {
  local now
  now=$(sources)
  if [ -x "$shithubd" ] && [ -x "$shithubd_runner" ] && [ "$now" = "$(cat .data/built 2>/dev/null)" ]; then return; fi
  say 'restoring packages and building shithubd and shithubd-runner (about two minutes)'
  dotnet build "$server" -c Debug -v q --nologo -clp:ErrorsOnly -nodeReuse:false || fail 'shithubd does not build; the errors are above.'
  publish_runner .data/native || fail 'shithubd-runner does not build; the errors are above.'
  printf '%s\n' "$now" >.data/built
}

install_missing initdb:postgresql podman:podman runc:runc netavark:netavark iptables:iptables mmdebstrap:mmdebstrap git:git \
  nft:nftables dnsmasq:dnsmasq-base ip:iproute2 gcc:build-essential
require_dotnet
get_root || fail "the runner hands each job's folder to the user whose steps run in it, and needs root for that. Start this as root:  su -c '$PWD/dev.sh'"

mkdir -p .data
build_what_changed
choose_containers_conf "$PWD/.data/containers.conf"
run_as_root=("${as_root[@]}" env "DOTNET_ROOT=$DOTNET_ROOT" ${CONTAINERS_CONF:+"CONTAINERS_CONF=$CONTAINERS_CONF"})
if ! "${run_as_root[@]}" podman image exists "$image"; then
  "${run_as_root[@]}" deploy/runner-image/build.sh --engine podman "$image"
fi

exec "${run_as_root[@]}" "$shithubd" dev --data "$PWD/.data" --image "$image" --runner-program "$shithubd_runner" "$@"
