#!/usr/bin/env bash
# Puts what runs into a folder of its own, without sources and Maven: deploy/install.sh FOLDER, after a build.
set -euo pipefail
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
to="${1:?a folder is missing}"
[ -d "$home/cli/target/lib" ] || { echo "install.sh: cli/target/lib is missing (expected: a build, mvn -DskipTests package)" >&2; exit 2; }
if [ -e "$to" ] && [ -n "$(ls -A "$to")" ]; then
  echo "install.sh: $to is not empty (expected: a new folder)" >&2
  exit 2
fi
mkdir -p "$to/cli/target" "$to/local/target" "$to/models"
cp -R "$home/realqa" "$home/LICENSE" "$to/"
cp -R "$home/models/demo" "$to/models/"
cp -R "$home/cli/target/lib" "$home/cli/target/classes" "$to/cli/target/"
cp -R "$home/local/target/registry" "$to/local/target/"
touch "$to/cli/target/.built" # nothing to build: the sources are not here
