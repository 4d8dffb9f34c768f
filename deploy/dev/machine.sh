# Sourced by dev.sh and test.sh (bash): what this machine lacks, and how containers run on it.
# shellcheck shell=bash

# Debian keeps administrators' commands out of other users' PATH; they are looked for, and some run, without being root.
export HOME=${HOME:-/root}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:$HOME/.dotnet
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true

say() { printf '==> %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What goes before a command that must run as root; nothing if this is root. get_root sets it.
as_root=()

# get_root: whether commands can be run as root from here: by root, or with sudo, which may ask where somebody can answer.
get_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; } || return 1
  as_root=(sudo)
}

# lacks COMMAND: whether it is missing. PostgreSQL and netavark live outside PATH on Debian.
lacks() {
  case $1 in
    initdb) ! command -v initdb >/dev/null && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
    netavark) ! compgen -G '/usr/lib*/podman/netavark' >/dev/null ;;
    *) ! command -v "$1" >/dev/null ;;
  esac
}

# install_missing COMMAND:PACKAGE...: installs the packages of the commands that are missing; touches nothing if none is.
# As a user without sudo it prints the command that an administrator has to run, and exits 1.
install_missing() {
  local pair packages=()
  for pair in "$@"; do
    if lacks "${pair%%:*}"; then packages+=("${pair#*:}"); fi
  done
  [ ${#packages[@]} -gt 0 ] || return 0

  local install="apt-get install -y --no-install-recommends ${packages[*]}"
  command -v apt-get >/dev/null || fail "missing here: ${packages[*]} (Debian's names). Install them and start again."
  get_root || fail "missing here: ${packages[*]}. As root, run:  apt-get update && $install"

  say "installing ${packages[*]} (some minutes)"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
  local attempt
  for attempt in 1 2 3; do
    if "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${packages[@]}"; then return 0; fi
    say "apt-get failed (attempt $attempt of 3)"
    sleep $((attempt * 5))
  done
  fail "could not install what is missing. The command that failed:  apt-get update && $install"
}

# require_dotnet: an SDK that global.json accepts. Ubuntu packages it; Debian does not.
require_dotnet() {
  if lacks dotnet && apt-cache show dotnet-sdk-10.0 >/dev/null 2>&1; then install_missing dotnet:dotnet-sdk-10.0; fi
  local remedy="Get the .NET 10 SDK with:
    curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0
  It goes to ~/.dotnet, where it is found when you start this again."
  lacks dotnet && fail "dotnet is not installed. $remedy"
  dotnet --version >/dev/null 2>&1 || fail "none of the installed .NET SDKs ($(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' ')) will do. $remedy"
  # Where built programs find the runtime, wherever this SDK was put.
  export DOTNET_ROOT=${DOTNET_ROOT:-$(dirname "$(readlink -f "$(command -v dotnet)")")}
}

# publish_runner FOLDER: puts the runner there as it is installed, one native file. Needs gcc:build-essential. A minute or two, seconds if nothing changed.
publish_runner() {
  dotnet publish src/Shithub.Actions.Runner -c Release -v q --nologo -clp:ErrorsOnly -nodeReuse:false -o "$1"
}

# container_works: runs a container of this machine's own shell, with limits, an exec and the bridge network, as jobs need them.
container_works() {
  local root=$1/root program library name=shithub-probe-$$ works=1
  local podman=("${as_root[@]}" env ${CONTAINERS_CONF:+"CONTAINERS_CONF=$CONTAINERS_CONF"} podman)
  if [ ! -d "$root" ]; then
    mkdir -p "$root"
    for program in /bin/sh /bin/sleep; do
      cp -L --parents "$program" "$root"
      for library in $(ldd "$program" | grep -o '/[^ ]*'); do cp -L --parents "$library" "$root"; done
    done
  fi
  if "${podman[@]}" run -d --name "$name" --network podman --memory 64m --pids-limit 64 --cpus 1 \
    --rootfs "$root" /bin/sleep 60 >/dev/null 2>"$1/log"; then
    "${podman[@]}" exec "$name" /bin/sh -c : 2>"$1/log" && "${podman[@]}" logs "$name" 2>"$1/log" && works=0
  fi
  # One that could not be started is there all the same.
  "${podman[@]}" rm -f -t 0 "$name" >/dev/null 2>&1 || true
  return $works
}

# choose_containers_conf FILE: takes Podman as this machine has it if containers run that way. If not, FILE gets settings that
# ask less of the kernel, and CONTAINERS_CONF names it. What works is found by trying: a container takes half a second.
choose_containers_conf() {
  local probe
  probe=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder's name of now
  trap "rm -rf '$probe'" RETURN
  if container_works "$probe"; then return 0; fi
  local first
  first=$(tail -n 1 "$probe/log")
  mkdir -p "$(dirname "$1")"
  # runc: crun refuses a hybrid cgroup tree. cgroupfs and file: neither needs systemd. The limits: no higher than this shell may go,
  # since raising them can be forbidden to root too.
  cat >"$1" <<CONF
[containers]
default_ulimits = ["nofile=$(lower_of 20000 "$(ulimit -Hn)")", "nproc=$(lower_of 4096 "$(ulimit -Hu)")"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
  export CONTAINERS_CONF=$1
  if container_works "$probe"; then return 0; fi
  fail "Podman cannot run a container here.
  With this machine's settings: $first
  With $1: $(tail -n 1 "$probe/log")"
}

lower_of() {
  local value=$1
  if [ "$2" != unlimited ] && [ "$2" -lt "$1" ]; then value=$2; fi
  printf '%s:%s' "$value" "$value"
}
