# shellcheck shell=bash
# What the scripts need of the distribution, installed where it is missing; sourced after common.sh, never run.

# The interpreter that sees the distribution's packages; the one on the PATH may be another.
python() {
  if [[ -x /usr/bin/python3 ]]; then /usr/bin/python3 "$@"; else python3 "$@"; fi
}

has_module() { python -c "import $1" >/dev/null 2>&1; }

# have PACKAGE: is what we use of that package there?
have() {
  case $1 in
    gcc) command -v cc >/dev/null ;;
    libc6-dev) [[ -n $(find /usr/include -name stdio.h -print -quit 2>/dev/null) ]] ;;
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ;;
    postgresql-client) command -v psql >/dev/null ;;
    rabbitmq-server) [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] || command -v rabbitmq-server >/dev/null ;;
    chromium) command -v chromium >/dev/null ;;
    chromium-driver) command -v chromedriver >/dev/null ;;
    python3-aiosmtpd) has_module aiosmtpd ;;
    python3-pika) has_module pika ;;
    python3-venv) has_module ensurepip && has_module venv ;;
    openssl | git) command -v "$1" >/dev/null ;;
    procps) command -v ps >/dev/null ;;
    *) die "no way to tell whether $1 is there" ;;
  esac
}

# missing_packages PACKAGE…: those that are not there.
missing_packages() {
  local package
  for package; do
    have "$package" || echo "$package"
  done
}

# install_tools PACKAGE…: installs those that are not there.
install_tools() {
  local packages wanted=("$@") as_root=()
  mapfile -t packages < <(missing_packages "${wanted[@]}")
  ((${#packages[@]} > 0)) || return 0
  say "installing: ${packages[*]}"
  command -v apt-get >/dev/null || die "this is not Debian or Ubuntu: install the counterparts of ${packages[*]}"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "neither root nor sudo: please have ${packages[*]} installed"
    as_root=(sudo)
  fi
  # Where no init system runs, the packages' services are not started (RUNLEVEL=1): we start our own.
  local apt=(env DEBIAN_FRONTEND=noninteractive)
  [[ -d /run/systemd/system ]] || apt+=(RUNLEVEL=1)
  # A fresh machine may be busy with its first upgrades.
  apt+=(apt-get --option DPkg::Lock::Timeout=300 --yes)
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" "${apt[@]}" update &&
    "${as_root[@]}" "${apt[@]}" install --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
    # A package whose service failed to start counts as a failure there, but not for us.
    [[ -z $(missing_packages "${wanted[@]}") ]] || tail -n 40 "$log" >&2
  fi
  rm -f "$log"
  mapfile -t packages < <(missing_packages "${wanted[@]}")
  ((${#packages[@]} == 0)) || die "could not install ${packages[*]}"
}
