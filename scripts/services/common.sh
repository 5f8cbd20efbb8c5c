# shellcheck shell=bash
# Shared by the scripts beside it and by scripts/test; sourced, never run.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "${0##*/}: $*"
  exit 1
}

# Is something listening on this port of the loopback address?
listening() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A port nobody listens on, from below the range that the kernel hands out to outgoing connections: a
# service that a test stops and starts again must find its port free.
free_port() {
  local port attempt
  for ((attempt = 0; attempt < 200; attempt++)); do
    port=$((12000 + (RANDOM * 32768 + RANDOM) % 20000))
    if ! listening "$port"; then
      echo "$port"
      return
    fi
  done
  die "no free port found between 12000 and 32000"
}

# The port kept in FILE, or a free one that is written there: a restarted service keeps its address.
kept_port() {
  [[ -s $1 ]] || free_port >"$1"
  cat "$1"
}

# wait_for SECONDS COMMAND…: runs COMMAND until it succeeds; fails when the time is over.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}
