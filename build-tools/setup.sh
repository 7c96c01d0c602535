# Sourced by ./check and ./demo: finds the tools they need, and installs what is missing where that
# is possible. Expects to run in the repository's root.

export PATH="$PATH:/usr/sbin:/sbin"

java_least=25

# The newest JDK of at least $java_least that has a compiler; prints its folder.
find_jdk() {
  local best=0 found='' candidate release
  for candidate in "${JAVA_HOME:-/nonexistent}" /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk*; do
    [ -x "$candidate/bin/javac" ] && [ -r "$candidate/release" ] || continue
    release=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$candidate/release")
    if [ "${release:-0}" -ge "$java_least" ] && [ "$release" -gt "$best" ]; then
      best=$release
      found=$candidate
    fi
  done
  [ -n "$found" ] && echo "$found"
}

# What building takes: Maven, and what makes the small machine that the class archive is recorded on.
build_tools=(mvn:maven gpg:gnupg gpg-agent:gpg-agent sfdisk:fdisk zstd:zstd mkfs.erofs:erofs-utils
  veritysetup:cryptsetup-bin openssl:openssl)

# need COMMAND:PACKAGE… — makes sure that the commands are there.
need() {
  local missing=() pair
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  find_jdk >/dev/null || missing+=("openjdk-$java_least-jdk-headless")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing: ${missing[*]}"
    apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null && return 0
    echo "could not install all of: ${missing[*]}" >&2
  else
    echo "missing, and only root can install it: ${missing[*]}" >&2
    echo "install with: sudo apt-get install ${missing[*]}" >&2
  fi
  if ! find_jdk >/dev/null; then
    echo "a JDK $java_least or newer is needed: Debian 13 has openjdk-$java_least-jdk-headless;" >&2
    echo "elsewhere put one into /usr/lib/jvm or name it with JAVA_HOME" >&2
  fi
  exit 1
}

# Maven starts with any Java from 17 on and finds the JDK for the code by itself; where there is no
# other Java it starts with that one.
use_jdk() {
  if ! command -v java >/dev/null || [ -n "${JAVA_HOME:-}" ]; then
    JAVA_HOME=$(find_jdk)
    export JAVA_HOME
  fi
}

# Builds the program and the demo's classes unless they are newer than their sources.
build_if_needed() {
  local dist=agent/target/dist
  if [ -x "$dist/bin/particle-update" ] && [ -d integration-tests/target/classes/org ] &&
    [ -z "$(find pom.xml agent/pom.xml agent/src/main integration-tests/src/main \
      transfer-definitions -newer "$dist/bin" -print -quit)" ]; then
    return
  fi
  echo "Building particle-update …" >&2
  mvn -B -q --no-transfer-progress -Dstyle.color=never package -DskipTests 1>&2
  touch "$dist/bin"
}
