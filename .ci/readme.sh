# Functions about the commands in README.md, for .ci/run.

# readme_lines prints every command line of the README's fenced blocks: prompts
# and comments stripped, lines that end in a backslash joined.
readme_lines() {
  awk '
    /^[ \t]*```/ {
      inside = !inside
      lang = $0; gsub(/[ \t`]/, "", lang)
      shell = lang ~ /^(|sh|bash|shell|console)$/
      next
    }
    inside && shell {
      sub(/^[ \t]*(\$ )?/, "")
      if (sub(/\\$/, "")) { kept = kept $0; next }
      line = kept $0; kept = ""
      sub(/(^|[ \t])#.*$/, "", line); sub(/[ \t]+$/, "", line)
      if (line != "") print line
    }' README.md
}

# readme_command PREFIX prints the first command that begins so.
readme_command() {
  local line
  while IFS= read -r line; do
    if [[ $line == "$1" || $line == "$1 "* ]]; then
      echo "$line"
      return
    fi
  done < <(readme_lines)
  echo "README.md has no fenced line that begins with \"$1\"" >&2
  return 1
}

# readme_check SCRATCH fails on a command of the README that does not exist: a
# script, a make target, a package, a subcommand or a flag.
readme_check() {
  local scratch=$1 line bad=0 seen=0 program
  for program in worker enqueue; do
    go build -o "$scratch/$program" "./cmd/$program"
  done
  while IFS= read -r line; do
    seen=$((seen + 1))
    if ! readme_line_ok "$scratch" "$line"; then
      echo "README.md: no such command: $line" >&2
      bad=1
    fi
  done < <(readme_lines)
  echo "$seen lines looked at"
  ((bad == 0 && seen > 0))
}

readme_line_ok() {
  local scratch=$1 line=$2 words word
  while [[ $line =~ ^[A-Z_]+=[^[:space:]]+[[:space:]]+(.*)$ ]]; do # environment
    line=${BASH_REMATCH[1]}
  done
  line=${line%%[|;&>]*}
  read -ra words <<<"$line"
  case "$line" in
  "make "*) make -n "${words[@]:1}" >/dev/null ;;
  "go run ./cmd/"*)
    [[ -d ${words[2]} ]] && readme_program_ok "$scratch/${words[2]#./cmd/}" "${words[@]:3}"
    ;;
  "go "*)
    for word in "${words[@]}"; do
      if [[ $word == ./* && ! -e ${word%/...} ]]; then
        return 1
      fi
    done
    ;;
  "worker "* | "enqueue "* | "./worker "* | "./enqueue "*)
    readme_program_ok "$scratch/${words[0]#./}" "${words[@]:1}"
    ;;
  ./* | .ci/*) [[ -x ${words[0]} ]] ;;
  esac
}

# readme_program_ok BINARY WORDS… asks the program's help about its subcommand
# (the leading words that look like one) and every long flag.
readme_program_ok() {
  local binary=$1 path=() flags=() word help
  shift
  for word in "$@"; do
    if [[ $word =~ ^--[a-z][a-z-]* ]]; then
      flags+=("${BASH_REMATCH[0]}")
    elif ((${#flags[@]} == 0)) && [[ $word =~ ^[a-z][a-z-]*$ ]]; then
      path+=("$word")
    fi
  done
  help="$("$binary" "${path[@]}" --help 2>&1)" || return 1
  if ((${#path[@]} > 0)) && ! grep -qF -- "$(basename "$binary") ${path[0]}" <<<"$help"; then
    return 1
  fi
  for word in "${flags[@]}"; do
    grep -qE -- "$word([^a-z-]|\$)" <<<"$help" || return 1
  done
}
