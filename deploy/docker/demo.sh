#!/bin/sh
# Pushes a commit with the smoke workflow to demo/hello, as a user would, and says where to look.
# BASE is the server as this container reaches it, PUBLIC as a browser does; SECRETS has the token.
set -eu
: "${BASE:?}" "${PUBLIC:?}" "${SECRETS:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# The token goes through the environment: not into an address, where others could read it.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_TERMINAL_PROMPT=0
GIT_CONFIG_VALUE_0="Authorization: Basic $(printf 'demo:%s' "$(cat "$SECRETS/demo.token")" | base64 | tr -d '\n')"
export GIT_CONFIG_VALUE_0
export GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@localhost GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@localhost

git clone --quiet "$BASE/demo/hello.git" hello
cd hello
git checkout --quiet -B trunk
mkdir -p .shithub/workflows
cat >.shithub/workflows/smoke.yml <<'YAML'
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
printf '# hello\n\nA repository to try Shithub Actions with.\n' >README.md
git add --all
git commit --quiet --allow-empty -m 'Say hello to Shithub Actions'
git push --quiet origin HEAD:refs/heads/trunk
echo "Pushed. Its run: $PUBLIC/demo/hello/actions"
