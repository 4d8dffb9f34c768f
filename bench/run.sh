#!/usr/bin/env bash
# Measures this checkout on this machine and writes the numbers into bench/README.md. Takes about a quarter of an hour, on a plain Debian
# machine with root and the .NET 10 SDK; what else is missing is installed. Let nothing else run meanwhile.
#
#   bench/run.sh                        everything
#   bench/run.sh --only PART…           some parts (--help names them); prints their numbers and leaves the README as it is
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/dev/machine.sh

[ "$(id -u)" -eq 0 ] || fail 'containers with limits and a bridge need root. Run this as root:  sudo bench/run.sh'
install_missing initdb:postgresql node:nodejs npm:npm podman:podman runc:runc netavark:netavark iptables:iptables mmdebstrap:mmdebstrap git:git \
  dockerd:docker.io nft:nftables dnsmasq:dnsmasq-base ip:iproute2 mkfs.ext4:e2fsprogs gcc:build-essential
# Buildbot is only there to be compared with: without it its row is left out.
[ -x /usr/bin/buildbot ] || apt-get install -y -qq --no-install-recommends buildbot buildbot-worker >/dev/null 2>&1 || true
require_dotnet
say 'building in Release, and the runner as it is installed (some minutes)'
dotnet build bench/Shithub.Actions.Bench -c Release -v q --nologo -clp:ErrorsOnly -nodeReuse:false || fail 'the build failed; the errors are above.'
publish_runner .data/native || fail 'shithubd-runner does not build; the errors are above.'
exec bench/Shithub.Actions.Bench/bin/Release/net10.0/Shithub.Actions.Bench "$@"
