#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# existing_containers.sh OCIRUN: the commands on containers that exist, to the byte. The containers are state files
# written here and a sleep for an init, so no privileges are needed.
set -u
ocirun=$(readlink -f "$1")
dir=$(mktemp -d)
cd "$dir" || exit 1
failures=0
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$dir"' EXIT

fail() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n' "$*"
}

# run STATUS ARGUMENT...: leaves what was printed in the files out and err.
run() {
  expected=$1
  shift
  "$ocirun" --root "$dir/root" "$@" >out 2>err
  status=$?
  [ "$status" = "$expected" ] || fail "ocirun $*: exit status $status, not $expected: $(cat err)"
  called="ocirun $*"
}
# shellcheck disable=SC2059  # the first argument is the format
prints() { printf "$@" | cmp -s - out || fail "$called: printed: $(cat out)"; }
silent() { [ ! -s err ] || fail "$called: said: $(cat err)"; }
says() { { grep -Fq -- "msg=$1" err && [ "$(wc -l <err)" = 1 ]; } || fail "$called: said: $(cat err)"; }

# start_of PID: field 22 of its stat; `sleep` has no parentheses in its name.
start_of() { cut -d' ' -f22 "/proc/$1/stat"; }
# write_state ID PID START [PRIVATE_PID_NAMESPACE]
write_state() {
  mkdir -p "root/$1"
  cat >"root/$1/state.json" <<STATE
{"id":"$1","ocikit":{"schema":1,"bundle":"/b <&>","owns_cgroup":false,"private_pid_namespace":${4:-true}},
 "init_process_pid":$2,"init_process_start":$3,"created":"2026-11-21T23:06:41.1Z",
 "config":{"rootfs":"/b/rootfs","ociVersion":"1.0.2","annotations":{"z":"1","a":"2"}}}
STATE
}
# container ID [PRIVATE]: one with a running init, whose pid is in $pid.
container() {
  sleep 1000 &
  pid=$!
  disown
  pids+=("$pid")
  write_state "$1" "$pid" "$(start_of "$pid")" "${2:-true}"
}
# gone PID: no process, or a zombie.
gone() {
  for _ in $(seq 100); do
    case $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) in '' | Z | X) return ;; esac
    sleep 0.02
  done
  fail "$called: process $1 lives"
}

# No root, no containers.
for command in state kill pause resume ps delete; do
  run 1 $command c1
  says '"container does not exist"'
  prints ''
done
run 0 delete --force c1
silent
run 1 list
says "\"open $dir/root: no such file or directory\""
[ ! -e root ] || fail "a command that only looks made the root"
mkdir -m 700 root
run 0 list
prints 'ID          PID         STATUS      BUNDLE      CREATED     OWNER\n'
run 0 list --format json
prints 'null\n'
run 0 list -q
prints ''
run 1 list -f yaml
says '"invalid format option"'
run 1 state ''
says '"container id cannot be empty"'
run 1 state ../c1
says '"invalid container ID format"'

# A running container.
container c1
run 0 state c1
prints '{
  "ociVersion": "1.3.0",
  "id": "c1",
  "pid": %s,
  "status": "running",
  "bundle": "/b \\u003c\\u0026\\u003e",
  "rootfs": "/b/rootfs",
  "created": "2026-11-21T23:06:41.1Z",
  "annotations": {
    "a": "2",
    "z": "1"
  },
  "owner": ""
}' "$pid"
owner=$(id -un)
run 0 list
prints 'ID          PID         STATUS      BUNDLE      CREATED                  OWNER
%-12s%-12s%-12s%-12s%-25s%s\n' c1 "$pid" running '/b <&>' 2026-11-21T23:06:41.1Z "$owner"
run 0 list --format=json
object='{"ociVersion":"1.3.0","id":"c1","pid":'$pid',"status":"running","bundle":"/b \u003c\u0026\u003e",'
object+='"rootfs":"/b/rootfs","created":"2026-11-21T23:06:41.1Z","annotations":{"a":"2","z":"1"},"owner":"'$owner'"}'
prints '[%s]\n' "$object"
run 0 kill c1 0
run 1 kill c1 FOO
says '"unknown signal \"FOO\""'
run 1 kill c1 99
says '"unable to signal init: invalid argument"'
run 1 resume c1
says '"container not paused"'
run 1 delete c1
says '"cannot delete container c1 that is not stopped: running"'
run 0 ps --format json c1
prints 'null\n'
run 1 ps -f yaml c1
says '"invalid format option"'
run 0 ps c1 -o pid,ppid
prints '%s\n' "$(ps -o pid,ppid | head -n 1)"

# A container that stops.
run 0 kill c1 kill
silent
gone "$pid"
run 1 kill c1
says '"container not running"'
run 0 kill --all c1
silent
run 1 pause c1
says '"container not running"'
run 0 state c1
{ grep -q '"pid": 0,' out && grep -q '"status": "stopped"' out; } || fail "$called: printed: $(cat out)"
run 0 delete c1
silent
prints ''
[ ! -e root/c1 ] || fail "$called: root/c1 is still there"

# A pid that belongs to another process by now is left alone.
container c1
write_state c1 "$pid" "$(($(start_of "$pid") - 1))"
run 1 kill c1 KILL
says '"container not running"'
run 0 delete --force c1
kill -0 "$pid" || fail "$called: killed a stranger"

# Force, and a container without a pid namespace of its own.
for private in true false; do
  container c1 $private
  run 0 delete --force c1
  gone "$pid"
  [ ! -e root/c1 ] || fail "$called: root/c1 is still there"
done

# A created container: its init waits at the fifo.
mkdir root/c1
mkfifo root/c1/exec.fifo
sleep 1000 9<>root/c1/exec.fifo &
pid=$!
disown
pids+=("$pid")
write_state c1 "$pid" "$(start_of "$pid")"
run 0 state c1
grep -q '"status": "created"' out || fail "$called: printed: $(cat out)"
run 0 delete c1
gone "$pid"
mkdir root/c1
mkfifo root/c1/exec.fifo
sh -c 'head -c 1 <&9 >/dev/null; exec sleep 1000 9<&-' 9<>root/c1/exec.fifo &
pid=$!
disown
pids+=("$pid")
write_state c1 "$pid" "$(start_of "$pid")"
run 0 start c1
silent
prints ''
[ ! -e root/c1/exec.fifo ] || fail "$called: exec.fifo is still there"
run 1 start c1
says '"cannot start an already running container"'
run 0 kill c1 KILL
gone "$pid"
run 1 start c1
says '"cannot start a container that has stopped"'
run 0 delete c1

# Directories that are no containers: told once each, hidden from nobody else, and removed by delete.
container c1
mkdir root/half root/broken
echo '{' >root/broken/state.json
run 0 list -q
prints 'c1\n'
grep -Fqx 'load container half: container does not exist' err || fail "$called: said: $(cat err)"
grep -Fq 'load container broken: invalid state: ' err || fail "$called: said: $(cat err)"
run 1 delete half
says '"container does not exist"'
[ ! -e root/half ] || fail "$called: root/half is still there"
mkdir root/half
mkfifo root/half/exec.fifo
run 0 delete -f half
silent
[ ! -e root/half ] || fail "$called: root/half is still there"
run 1 state broken
run 0 delete -f c1

# A poststop hook that fails: the container is gone, and it is an error.
container c1
sed -i 's|"rootfs"|"hooks":{"poststop":[{"path":"/bin/false"}]},"rootfs"|' root/c1/state.json
run 1 delete --force c1
says '"error running poststop hook #0: exit status 1, stdout: , stderr: "'
[ ! -e root/c1 ] || fail "$called: root/c1 is still there"

# A root that others may write to is not read.
container c1
chmod 777 root
run 1 kill c1 KILL
says "\"state directory $dir/root: others may write to it\""
kill -0 "$pid" || fail "$called: killed it all the same"

[ "$failures" = 0 ] && echo "all as expected"
exit "$((failures > 0))"
