#!/bin/sh
# Acceptance of the EPC cgroup by a shell: limits on one level and on two, loads that overlap, a kill, a limit on the
# memory behind the enclaves, and nothing left at the end. Runs where the cgroup tree is, with test_sgx in PATH.
# Prints a line for each check; ends with 1 when one failed, at the first one when the first argument is "first".

root=${EPC_CGROUP_ROOT:-/sys/fs/cgroup}
top=$root/epc_acceptance
failed=0
stops=$1

check() { # what, status
    if [ "$2" -eq 0 ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        failed=1
        [ "$stops" = first ] && exit 1
    fi
}

value() { # file, key
    awk -v key="$2" '$1 == key { print $2 }' "$1"
}

# Loads an enclave as large as the EPC in a cgroup; the shell becomes the test program.
load() {
    echo 0 > "$1/cgroup.procs" || exit 9
    exec test_sgx -t unclobbered_vdso_oversubscribed > /dev/null 2>&1
}

# Starts some loads together; leaves their numbers in $loads.
start() { # how many, cgroup
    loads=
    count=0
    while [ $count -lt "$1" ]; do
        (load "$2") &
        loads="$loads $!"
        count=$((count + 1))
    done
}

# Waits for them; leaves how many succeeded and failed, one of them left out.
collect() { # number to leave out
    good=0
    bad=0
    for process in $loads; do
        if wait "$process"; then
            [ "$process" = "$1" ] || good=$((good + 1))
        else
            [ "$process" = "$1" ] || bad=$((bad + 1))
        fi
    done
}

mkdir "$top" "$top/outer" "$top/outer/inner" "$top/shared" "$top/whole" || exit 9
echo "+misc +memory" > "$root/cgroup.subtree_control" || exit 9
echo "+misc +memory" > "$top/cgroup.subtree_control" || exit 9
echo "+misc" > "$top/outer/cgroup.subtree_control" || exit 9
capacity=$(value "$root/misc.capacity" sgx_epc)
[ -n "$capacity" ]
check "the machine has EPC" $?
[ $failed -eq 0 ] || capacity=4096

echo "sgx_epc $((capacity / 512))" > "$top/outer/misc.max"
check "misc.max takes a limit" $?
echo "sgx_epc $((capacity / 128))" > "$top/shared/misc.max"
echo "sgx_epc $capacity" > "$top/whole/misc.max"

start 1 "$top/outer/inner"
collect
[ $bad -eq 1 ]
check "the VA pages alone are above the limit of the parent" $?
[ "$(value "$top/outer/misc.events" sgx_epc.max)" -gt 0 ]
check "the parent counts the refused charges" $?

start 4 "$top/shared"
collect
[ $good -ge 1 ]
check "of four loads in a small cgroup some succeed" $?

start 5 "$top/shared"
collect
[ $bad -ge 1 ]
check "of five loads in a small cgroup some fail" $?
[ "$(value "$top/shared/misc.peak" sgx_epc)" -le $((capacity / 128)) ]
check "the limit was kept" $?

start 8 "$top/whole"
collect
[ $good -eq 8 ]
check "eight loads of the whole EPC succeed" $?

start 8 "$top/whole"
sleep 1
victim=$(echo $loads | awk '{ print $3 }')
kill "$victim"
collect "$victim"
[ $good -eq 7 ]
check "the end of one does not harm the other seven" $?

echo $((capacity - capacity / 64)) > "$top/shared/memory.max"
check "memory.max takes a limit" $?
start 4 "$top/shared"
collect
[ $bad -eq 4 ]
check "without the memory behind it no load succeeds" $?
[ "$(value "$top/shared/memory.events" oom_kill)" -ge 1 ]
check "the killer of the memory controller is counted" $?

tries=0
while [ "$(value "$top/misc.current" sgx_epc)" -ne 0 ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
[ "$(value "$top/misc.current" sgx_epc)" -eq 0 ]
check "no page is charged at the end" $?

rmdir "$top/outer/inner" "$top/outer" "$top/shared" "$top/whole" "$top"
check "all cgroups can be removed" $?
exit $failed
