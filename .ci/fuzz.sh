#!/usr/bin/env bash
# Fuzzes every target of the module, SECONDS_EACH seconds each but no more than
# TOTAL in all (building not counted):
#
#     .ci/fuzz.sh [SECONDS_EACH [TOTAL]]      default: 3 and 90
#
# It fails on a finding, and where it did not run a target that the sources have.
# A finding's input is kept under testdata/fuzz: commit it with the repair.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly each_ms=$((${1:-3} * 1000)) total_ms=$((${2:-90} * 1000))
readonly workers=2 # of one target at a time: the machine has other things to do

# in_sources prints "FOLDER TARGET" for each target that a test file declares.
in_sources() {
  grep -rEo --include='*_test.go' '^func Fuzz[A-Z][A-Za-z0-9_]*\(' . |
    sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*)\($|\1 \2|' | sort
}

# listed prints the same for those that the go command knows in these folders.
listed() {
  local folder names
  for folder in "$@"; do
    if ! names="$(go test -list '^Fuzz' "$folder" 2>&1)"; then
      echo "$names" >&2
      return 1
    fi
    awk -v folder="$folder" '/^Fuzz/ { print folder, $1 }' <<<"$names"
  done | sort
}

# fuzz FOLDER TARGET MILLISECONDS prints what the go command says.
fuzz() {
  go test -run '^$' -fuzz "^$2\$" -fuzztime "$3ms" -parallel "$workers" "$1" </dev/null 2>&1
}

# fuzz_one is fuzz with a verdict. The go command may stumble over the end of
# its own time ("context deadline exceeded") having found nothing: once more.
fuzz_one() {
  local out try
  for try in 1 2; do
    if out="$(fuzz "$@")"; then
      if ! grep -q '^fuzz: elapsed' <<<"$out"; then
        echo "$out"
        echo "$1 $2: was not run" >&2
        return 1
      fi
      return 0
    fi
    if grep -q 'Failing input written' <<<"$out" || ! grep -q 'context deadline exceeded' <<<"$out"; then
      break
    fi
    echo "    $1 $2: ended without a finding and without a verdict (try $try)"
  done
  echo "$out"
  return 1
}

main() {
  local targets known folders folder target count ms begin=$SECONDS
  targets="$(in_sources)" || true
  if [[ -z $targets ]]; then
    echo "no fuzz target was found in the sources" >&2
    return 1
  fi
  mapfile -t folders < <(cut -d' ' -f1 <<<"$targets" | sort -u)
  known="$(listed "${folders[@]}")"
  if [[ $targets != "$known" ]]; then
    echo "in the sources (<), and known to the go command (>):" >&2
    diff <(echo "$targets") <(echo "$known") >&2
    return 1
  fi
  count=$(wc -l <<<"$targets")
  ms=$((total_ms / count < each_ms ? total_ms / count : each_ms))
  echo "$count targets, ${ms}ms each"
  while read -r folder target; do
    fuzz_one "$folder" "$target" "$ms"
  done <<<"$targets"
  echo "$count targets fuzzed in $((SECONDS - begin))s"
}

main
