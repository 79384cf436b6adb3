#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# command_line.sh OCIRUN: what the program prints where, and its exit status. Needs no privileges.
set -u
ocirun=$1
here=$(dirname "$(readlink -f "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset XDG_RUNTIME_DIR
failures=0

fail() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n' "$*"
}

# run STATUS ARGUMENT...: leaves what was printed in the files out and err.
run() {
  expected=$1
  shift
  "$ocirun" "$@" >out 2>err
  status=$?
  [ "$status" = "$expected" ] || fail "ocirun $*: exit status $status, not $expected"
  called="ocirun $*"
}
first_line() { [ "$(sed -n 1p "$1")" = "$2" ] || fail "$called: line 1 of $1 is: $(sed -n 1p "$1")"; }
matches() { grep -Eqx -- "$2" "$1" || fail "$called: no line of $1 matches: $2"; }
silent() { [ ! -s "$1" ] || fail "$called: $1 is not empty: $(cat "$1")"; }
lines() { [ "$(wc -l <"$1")" -eq "$2" ] || fail "$called: $1 has not $2 lines"; }
logged() { matches err "time=\"[-0-9]+T[:0-9]+(Z|[-+][0-9]{2}:[0-9]{2})\" level=error msg=$1"; lines err 1; }

# Help and version go to standard output; they are no errors.
for arguments in "" help h -h --help; do
  # shellcheck disable=SC2086
  run 0 $arguments
  first_line out NAME:
  matches out '   ocirun - Open Container Initiative runtime'
  silent err
done
for command in create delete exec explain features kill list pause plugins ps resume run spec start state; do
  run 0 "$command" --help
  first_line out NAME:
  matches out "   ocirun $command - .+"
  silent err
  cp out by_option
  run 0 help "$command"
  cmp -s out by_option || fail "help $command differs from $command --help"
done
for spelling in -v --version; do
  run 0 "$spelling"
  matches out 'ocirun version [0-9]+\.[0-9]+\.[0-9]+'
  matches out 'spec: 1\.3\.0'
  silent err
done

# An unknown command is the one error with status 3.
run 3 foo
logged "\"No help topic for 'foo'\""
silent out
run 3 foo -h
logged "\"No help topic for 'foo'\""
run 3 help foo
logged "\"No help topic for 'foo'\""

run 0 help -h
first_line out NAME:
run 1 help --bogus
first_line out 'Incorrect Usage: flag provided but not defined: -bogus'

# Usage errors: the complaint and the help to standard output, the complaint to the log.
run 1 --bogus list
first_line out 'Incorrect Usage. flag provided but not defined: -bogus'
matches out '   ocirun - Open Container Initiative runtime'
logged '"flag provided but not defined: -bogus"'
run 1 state -bogus
first_line out 'Incorrect Usage: flag provided but not defined: -bogus'
matches out '   ocirun state - .+'
logged '"flag provided but not defined: -bogus"'
run 1 create --preserve-fds x id
first_line out 'Incorrect Usage: invalid value "x" for flag -preserve-fds: parse error'
logged '"invalid value \\"x\\" for flag -preserve-fds: parse error"'
run 1 state
first_line out 'Incorrect Usage.'
[ -z "$(sed -n 2p out)" ] || fail "no empty line behind Incorrect Usage."
matches out '   ocirun state - .+'
logged "\"$ocirun: \\\\\"state\\\\\" requires exactly 1 argument\\(s\\)\""

# Global options that make no sense, and where errors go.
run 1 --log-format xml list
logged '"invalid log-format: xml"'
run 1 --root /. list
logged '"Option --root argument should not be set to /"'
run 1 --log log --log-format json spec --bundle nowhere
matches log '\{"level":"error","msg":"[^"]+(\\"[^"]*)*no such file or directory","time":"[-0-9]+T[:0-9]+(Z|[-+][0-9:]+)"\}'
lines log 1
matches err 'opening the bundle: .*no such file or directory'
lines err 1
run 1 --log log --log-format=json --debug spec --bundle nowhere
matches log '\{"file":"[^"]+:[0-9]+","func":"[^"]+","level":"error","msg":.*\}'
lines log 2
run 1 --log /nonexistent/log list
matches err '.*opening log file .*no such file or directory.*'

# spec writes exactly these documents, once.
no_cgroup_namespace() { # on a host with cgroup v2 alone there is one more namespace
  tr -d '\n' <"$1" | sed 's/,\t*{\t*"type": "cgroup"\t*}//'
}
run 0 spec
silent out
[ "$(no_cgroup_namespace config.json)" = "$(no_cgroup_namespace "$here/spec.json")" ] || fail "spec: another document"
run 1 spec
logged '"File config.json exists. Remove it first"'
mkdir rootless
run 0 spec --rootless --bundle rootless
sed "s/@UID@/$(id -u)/; s/@GID@/$(id -g)/" "$here/spec-rootless.json" >expected
[ "$(no_cgroup_namespace rootless/config.json)" = "$(no_cgroup_namespace expected)" ] ||
  fail "spec --rootless: another document"

# features is one JSON document with a newline at its end.
run 0 features
first_line out '{'
[ "$(tail -n 1 out)" = '}' ] || fail "features: the last line is not }"
matches out '    "ociVersionMax": "1.3.0",'
matches out '        "rro",'
silent err

# A file that must not be loaded is listed with the reason, and stops nothing.
mkdir plugins
echo nonsense >plugins/evil.so
chmod 666 plugins/evil.so
run 0 --plugin-dir plugins plugins
matches out 'KIND +NAME +VERSION +DESCRIPTION'
matches out '\? +evil +\? +refused: .+'
run 0 --plugin-dir plugins --plugin-dir ./plugins/../plugins plugins
[ "$(grep -c evil out)" -eq 1 ] || fail "a directory given twice is listed twice"
run 0 --plugin-dir plugins plugins --format json
matches out '\[.*"name":"evil".*"refusal":".+"\}.*\]'
run 1 plugins --format xml
logged '"invalid format option"'

# A closed standard stream must not become the log's descriptor: the help printed here would end up in the log.
"$ocirun" --log log2 state 0<&- 1>&- 2>&-
[ "$(wc -l <log2)" -eq 1 ] || fail "the log was opened as a standard stream: $(wc -l <log2) lines"

# Help that cannot be written is an error, a log that cannot be written is not.
"$ocirun" help >/dev/full 2>err
[ $? = 1 ] || fail "help to a full device: exit status is not 1"
grep -q 'no space left on device' err || fail "help to a full device: $(cat err)"
(sleep 0.2; "$ocirun" foo 2>&1; echo $? >status) | true
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s status ] || sleep 0.1; done
[ "$(cat status)" = 3 ] || fail "a closed pipe as standard error: exit status $(cat status), not 3"

# Without root privileges the state directory is below XDG_RUNTIME_DIR, and is made by commands that need it alone.
if [ "$(id -u)" -ne 0 ]; then
  XDG_RUNTIME_DIR=$dir "$ocirun" features >out || fail "features with XDG_RUNTIME_DIR"
  [ ! -e ocirun ] || fail "features made a state directory"
  XDG_RUNTIME_DIR=$dir "$ocirun" list >out 2>&1
  [ "$(stat -c %a ocirun)" = 1700 ] || fail "the state directory has mode $(stat -c %a ocirun)"
fi

# Privileges that the caller does not have are refused before anything else.
if [ "$(id -u)" -eq 0 ]; then
  cp "$ocirun" borrowed && chown 65534 borrowed && chmod u+s,go+rx borrowed
  chmod 755 "$dir"
  ./borrowed --version >out 2>err
  status=$?
  if findmnt -no OPTIONS --target "$dir" | grep -qw nosuid; then
    echo "SKIPPED: set-user-ID, since $dir is mounted nosuid"
  else
    [ "$status" = 1 ] && [ ! -s out ] || fail "runs as a set-user-ID program: exit status $status"
    grep -q 'set-user-ID' err || fail "set-user-ID: $(cat err)"
  fi
fi

# Clients that look for the word runc find it when the program is installed under that name.
ln -s "$ocirun" runc
[ "$(./runc --version | sed -n 1p | cut -d' ' -f1,2)" = "runc version" ] || fail "as runc it does not call itself runc"

[ "$failures" = 0 ] || exit 1
echo "all as expected"
