#!/bin/sh
# Builds the image that job containers run in, from Debian packages alone: no image registry is needed.
# Skips the work when the image is there already. Exit codes: 0 done, 1 usage or a missing tool, 2 the build failed.
set -eu

engine=podman
suite=
mirror=
force=no
tag=localhost/shithub/runner:1
packages=bash,ca-certificates,curl,git,jq,less,procps,unzip,xz-utils

usage() {
  cat <<USAGE
usage: $0 [--engine podman|docker] [--suite NAME] [--mirror URL] [--include PKG,PKG] [--force] [TAG]

  --engine   who gets the image (default: $engine); CONTAINERS_CONF and DOCKER_HOST are honoured
  --suite    Debian or Ubuntu release (default: this machine's, else bookworm)
  --mirror   package mirror (default: the suite's own)
  --include  more packages, separated by commas
  --force    build again even if TAG exists
  TAG        name of the image (default: $tag)
USAGE
}

say() { printf 'runner-image: %s\n' "$*" >&2; }
fail() { say "$1"; exit "${2:-1}"; }

while [ $# -gt 0 ]; do
  case $1 in
    --engine) engine=${2:?--engine needs a value}; shift 2 ;;
    --suite) suite=${2:?--suite needs a value}; shift 2 ;;
    --mirror) mirror=${2:?--mirror needs a value}; shift 2 ;;
    --include) packages=$packages,${2:?--include needs a value}; shift 2 ;;
    --force) force=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; fail "unknown option $1" ;;
    *) tag=$1; shift ;;
  esac
done

case $engine in
  podman | docker) ;;
  *) fail "--engine is '$engine'; it must be podman or docker" ;;
esac
command -v "$engine" >/dev/null || fail "$engine is not installed: apt-get install $engine"

if [ "$force" = no ] && "$engine" image inspect "$tag" >/dev/null 2>&1; then
  say "$tag exists already (--force builds it again)"
  exit 0
fi

command -v mmdebstrap >/dev/null || fail 'mmdebstrap is not installed: apt-get install mmdebstrap'
if [ -z "$suite" ]; then
  suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-bookworm}")
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# uid 65534 is who the steps run as: it gets a shell, and its home is in the one directory that the runner mounts.
cat >"$work/customize" <<'HOOK'
#!/bin/sh
set -eu
sed -i 's#^nobody:.*#nobody:x:65534:65534:nobody:/github/home:/bin/bash#' "$1/etc/passwd"
mkdir -p "$1/github" "$1/workspace"
rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/*
HOOK
chmod 755 "$work/customize"

say "building a $suite root file system (about 30 s)"
started=$(date +%s)
set -- --variant=minbase --format=tar "--include=$packages" \
  '--dpkgopt=path-exclude=/usr/share/doc/*' '--dpkgopt=path-exclude=/usr/share/man/*' \
  '--dpkgopt=path-exclude=/usr/share/locale/*' '--dpkgopt=path-exclude=/usr/share/info/*' \
  "--customize-hook=$work/customize \"\$1\"" \
  "$suite" "$work/root.tar"
[ -z "$mirror" ] || set -- "$@" "$mirror"
if ! mmdebstrap "$@" >"$work/log" 2>&1; then
  tail -n 30 "$work/log" >&2
  fail "mmdebstrap could not build $suite; its last lines are above. Is the package mirror reachable?" 2
fi

say "importing $(du -m "$work/root.tar" | cut -f1) MiB as $tag"
"$engine" import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'ENV LANG=C.UTF-8' \
  --change 'WORKDIR /workspace' \
  --change 'CMD ["/bin/bash"]' \
  "$work/root.tar" "$tag" >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; fail "$engine import failed" 2; }
say "$tag is ready after $(($(date +%s) - started)) s"
