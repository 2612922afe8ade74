#!/bin/bash
# Shells that make, limit, use, move and remove cgroups at random, all at once, for so many seconds (first argument, 60)
# and so many shells (second, 10). At the end nothing is left of them. A refused operation is no failure here: what
# counts is that the machine is whole afterwards.

root=${EPC_CGROUP_ROOT:-/sys/fs/cgroup}
seconds=${1:-60}
shells=${2:-10}
echo "+misc +memory" > "$root/cgroup.subtree_control" || exit 9
mkdir "$root/soak" || exit 9
echo "+misc +memory" > "$root/soak/cgroup.subtree_control" || exit 9
end=$(($(date +%s) + seconds))

one() {
    RANDOM=$1
    while [ "$(date +%s)" -lt $end ]; do
        name=$root/soak/c$((RANDOM % 6))
        case $((RANDOM % 9)) in
            0|1) mkdir "$name" ;;
            2) rmdir "$name" ;;
            3) echo "sgx_epc $((RANDOM * 512))" > "$name/misc.max" ;;
            4) echo "sgx_epc max" > "$name/misc.max" ;;
            5) echo $((RANDOM * 8192)) > "$name/memory.max" ;;
            6)
                (
                    echo 0 > "$name/cgroup.procs"
                    exec test_sgx -t unclobbered_vdso_oversubscribed
                ) &
                sleep 0.$((RANDOM % 10))
                [ $((RANDOM % 2)) -eq 0 ] && kill -9 $!
                [ $((RANDOM % 4)) -eq 0 ] && echo $! > "$root/soak/c$((RANDOM % 6))/cgroup.procs"
                wait $!
                ;;
            7) mkdir "$name/below"; echo "+misc" > "$name/cgroup.subtree_control"; rmdir "$name/below" ;;
            8) echo "-misc" > "$name/cgroup.subtree_control"; echo max > "$name/memory.max" ;;
        esac
    done > /dev/null 2>&1
}

for shell in $(seq "$shells"); do
    one "$shell" &
done
wait

# What a shell left between two operations.
tries=0
while [ $tries -lt 300 ]; do
    for left in "$root"/soak/c*/below "$root"/soak/c*; do
        [ -d "$left" ] && rmdir "$left" 2> /dev/null
    done
    rmdir "$root/soak" 2> /dev/null && break
    tries=$((tries + 1))
    sleep 0.1
done
[ ! -d "$root/soak" ] || { echo "not ok - the tree can be removed"; ls -R "$root/soak"; exit 1; }
echo "ok - the tree can be removed"
current=$(awk '$1 == "sgx_epc" { print $2 }' "$root/misc.current")
dying=$(awk '$1 == "nr_dying_descendants" { print $2 }' "$root/cgroup.stat")
[ "$current" -eq 0 ] || { echo "not ok - $current bytes are charged"; exit 1; }
echo "ok - no page is charged"
[ "$dying" -eq 0 ] || { echo "not ok - $dying removed cgroups are not freed"; exit 1; }
echo "ok - no removed cgroup is left"
