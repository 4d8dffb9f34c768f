#!/bin/sh
# Prepares what docker-compose.yml starts: root key, schema, a runner's token, a demo user with a token and a repository.
# Runs before every start of the server and makes what is missing. SECRETS is the folder that keeps keys and tokens.
set -eu
: "${SECRETS:?}"
umask 077

# The token in what shithubd prints as JSON; the image has no jq.
token() { sed -n 's/^ *"token": "\(.*\)",\{0,1\}$/\1/p'; }

# once FILE COMMAND...: writes the command's output to the file, unless an earlier start did. Half a file never counts.
once() {
  file=$SECRETS/$1
  shift
  if [ -s "$file" ]; then return; fi
  "$@" >"$file.new"
  [ -s "$file.new" ] || { echo "setup: '$*' printed nothing" >&2; exit 1; }
  mv "$file.new" "$file"
}

new_key() { head -c 32 /dev/urandom | base64; }
new_runner() {
  shithubd admin runner register --name compose --labels self-hosted,linux,ubuntu-latest,x64 --capacity 2 --output json | token
}
new_user() {
  shithubd admin user create demo --admin >&2 || echo 'setup: the user is there already' >&2
  shithubd admin token create --user demo --name compose --scopes admin --output json | token
}
new_repository() { shithubd admin repo create demo/hello --public --output json; }

once root.key new_key
shithubd migrate
once runner.token new_runner
once demo.token new_user
once demo.repository new_repository
