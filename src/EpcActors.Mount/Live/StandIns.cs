namespace EpcActors.Mount.Live;

/// <summary>
/// Programs for the shell behind a mount: the kernel's test program for enclaves, the tools of libcgroup (which look
/// for a cgroup file system by its type and do not see this one), and swapoff and swapon, which must not touch the
/// host.
/// </summary>
public static class StandIns
{
    /// <summary>Variable with the path of the emulated device.</summary>
    public const string DeviceVariable = "EPC_SGX_ENCLAVE";

    /// <summary>Variable with the root of the mount.</summary>
    public const string RootVariable = "EPC_CGROUP_ROOT";

    /// <summary>Name of the stand-in for the kernel's test program.</summary>
    public const string TestProgram = "test_sgx";

    /// <summary>Programs by name.</summary>
    public static IReadOnlyDictionary<string, string> Programs { get; } = new Dictionary<string, string>
    {
        [TestProgram] = TestSgx,
        ["cgcreate"] = CgCreate,
        ["cgexec"] = CgExec,
        ["cgdelete"] = CgDelete,
        ["swapoff"] = Swap,
        ["swapon"] = Swap,
    };

    /// <summary>
    /// Loads an enclave whose heap is the whole EPC, calls it twice and exits, as the kernel's program of that name
    /// does; an enclave is a file that is open.
    /// </summary>
    private const string TestSgx = """
        #!/bin/sh
        # Stand-in for the test program of the kernel's SGX self-tests. Runs against the emulated device.
        device=${EPC_SGX_ENCLAVE:-/dev/sgx_enclave}
        all="unclobbered_vdso unclobbered_vdso_oversubscribed unclobbered_vdso_oversubscribed_remove"
        tests=""
        while [ $# -gt 0 ]; do
            case $1 in
                -t) tests="$tests $2"; shift 2 ;;
                -l) for name in $all; do echo "#   enclave.$name"; done; exit 4 ;;
                *) echo "usage: $0 [-l] [-t TEST]..." >&2; exit 4 ;;
            esac
        done

        # One call of the device. A refused write is the call's error; the answer says which.
        call() {
            if echo "$*" 2>/dev/null >&3; then
                read -r answer <&3
                return 0
            fi
            read -r answer <&3
            echo "# $answer"
            return 1
        }

        # Pages: 0 and 1 TCS, then text, 9 the data page of the two calls, heap from 10 on.
        load() {
            # Stays open until the exit, or until the next test opens it anew: then the enclave goes.
            exec 3<>"$device" || return 1
            echo info >&3 && read -r capacity <&3 || return 1
            heap=$1
            [ "$heap" = epc ] && heap=$capacity
            call create && call add 0 10 measured && call add 10 "$heap" && call init
        }

        run() {
            case $1 in
                unclobbered_vdso) load 1 && call write 9 1 && call read 9 1 ;;
                unclobbered_vdso_oversubscribed) load epc && call write 9 1 && call read 9 1 ;;
                unclobbered_vdso_oversubscribed_remove)
                    load epc && call write 9 1 && call read 9 1 &&
                        call trim 10 "$heap" && call accept 10 "$heap" && call remove 10 "$heap" ;;
                *) echo "# there is no test $1"; return 1 ;;
            esac
        }

        [ -e "$device" ] || { echo "1..0 # SKIP no $device"; exit 4; }
        count=$(set -- ${tests:-$all}; echo $#)
        echo "TAP version 13"
        echo "1..$count"
        echo "# Starting $count tests from 1 test cases."
        number=0
        passed=0
        for name in ${tests:-$all}; do
            number=$((number + 1))
            echo "#  RUN           enclave.$name ..."
            if run "$name"; then
                passed=$((passed + 1))
                echo "#            OK  enclave.$name"
                echo "ok $number enclave.$name"
            else
                echo "#          FAIL  enclave.$name"
                echo "not ok $number enclave.$name"
            fi
        done
        failed=$((number - passed))
        if [ $failed -eq 0 ]; then
            echo "# PASSED: $passed / $number tests passed."
        else
            echo "# FAILED: $passed / $number tests passed."
        fi
        echo "# Totals: pass:$passed fail:$failed xfail:0 xpass:0 skip:0 error:0"
        [ $failed -eq 0 ]

        """;

    private const string CgCreate = """
        #!/bin/sh
        # Makes cgroups: cgcreate -g CONTROLLERS:PATH ..., and gives them the controllers.
        root=${EPC_CGROUP_ROOT:-/sys/fs/cgroup}
        while getopts g: option; do
            [ "$option" = g ] || exit 1
            controllers=${OPTARG%%:*}
            path=${OPTARG#*:}
            at=$root
            old=$IFS
            IFS=/
            set -f
            for name in $path; do
                IFS=,
                for controller in $controllers; do
                    echo "+$controller" > "$at/cgroup.subtree_control" || exit 1
                done
                at=$at/$name
                [ -d "$at" ] || mkdir "$at" || exit 1
            done
            IFS=$old
        done

        """;

    private const string CgExec = """
        #!/bin/sh
        # Runs a command in cgroups: cgexec -g CONTROLLERS:PATH ... COMMAND
        root=${EPC_CGROUP_ROOT:-/sys/fs/cgroup}
        while [ "$1" = -g ]; do
            echo 0 > "$root/${2#*:}/cgroup.procs" || exit 1
            shift 2
        done
        exec "$@"

        """;

    private const string CgDelete = """
        #!/bin/sh
        # Removes cgroups: cgdelete [-r] -g CONTROLLERS:PATH ...; their processes move to the parent.
        root=${EPC_CGROUP_ROOT:-/sys/fs/cgroup}
        recursive=
        status=0
        remove() {
            if [ -n "$recursive" ]; then
                for child in "$1"/*/; do
                    [ -d "$child" ] && remove "${child%/}"
                done
            fi
            while read -r process; do
                echo "$process" > "${1%/*}/cgroup.procs"
            done < "$1/cgroup.procs"
            rmdir "$1" || status=1
        }
        while getopts rg: option; do
            case $option in
                r) recursive=1 ;;
                g) remove "$root/${OPTARG#*:}" ;;
                *) exit 1 ;;
            esac
        done
        exit $status

        """;

    private const string Swap = """
        #!/bin/sh
        # The emulated machine has no swap; that of the host is left alone.
        exit 0

        """;
}
