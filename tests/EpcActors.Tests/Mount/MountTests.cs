using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Mount.CgroupFs;
using EpcActors.Mount.Live;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Mount;

/// <summary>Real mounts, operated by real shells.</summary>
[Trait("tier", "slow")] // Shells load enclaves at a pace at which they overlap.
public sealed class MountTests
{
    private static readonly (string, string)[] Fast =
        [("epc.machine.nodes", "[ { cpus = 8, epc = 16 MiB } ]"), ("epc.live.pace", "10 %")];

    [MountFact]
    public void A_shell_operates_the_tree()
    {
        const string Script = """
            set -e
            cd "$EPC_CGROUP_ROOT"
            mkdir a
            echo +misc > cgroup.subtree_control
            echo "sgx_epc 65536" > a/misc.max
            cat a/misc.max
            echo 0 > a/cgroup.procs
            grep populated a/cgroup.events
            sleep 60 &
            test "$(wc -l < a/cgroup.procs)" -ge 2
            kill $!
            ! rmdir a 2>/dev/null
            ! touch a/file 2>/dev/null
            find . -wholename '*/misc.max'
            echo 0 > cgroup.procs
            wait
            rmdir a
            stat -c %h .
            """;
        (int code, string output, LiveMachine machine) = Run(Machines.Empty(Fast), ["sh", "-c", Script]);
        Assert.Equal("sgx_epc 65536\npopulated 1\n./a/misc.max\n2\n", output);
        Assert.Equal(0, code);
        AssertWhole(machine);
    }

    [MountTheory]
    [InlineData("epc-cgroup-v8")]
    [InlineData("epc-cgroup-v17")]
    public void The_acceptance_script_passes(string kernel)
    {
        (int code, string output, LiveMachine machine) = RunAcceptance(kernel, isWhole: true);
        Assert.True(code == 0, output);
        Assert.Equal(14, output.Split('\n').Count(line => line.StartsWith("ok - ", StringComparison.Ordinal)));
        AssertWhole(machine);
    }

    [MountFact]
    public void The_acceptance_script_fails_on_a_kernel_without_the_feature()
    {
        (int code, string output, LiveMachine _) = RunAcceptance("linux-6.16");
        Assert.Equal(1, code);
        Assert.Contains("not ok - the machine has EPC", output, StringComparison.Ordinal);
    }

    [MountTheory]
    [InlineData(Plant.LimitIgnored, "not ok - the VA pages alone are above the limit of the parent")]
    [InlineData(Plant.Leak, "not ok - no page is charged at the end")]
    public void A_planted_defect_makes_it_fail(Plant defect, string line)
    {
        (int code, string output, LiveMachine _) = RunAcceptance(
            "epc-cgroup-v8", machine => new PlantedMachine(machine, defect));

        // The script says so; or the oracle has stopped the machine before, with the script.
        Assert.NotEqual(0, code);
        Assert.Contains(line, output, StringComparison.Ordinal);
    }

    /// <summary>A short one; EPC_SOAK_SECONDS makes it longer.</summary>
    [MountFact]
    public void Ten_shells_at_random_leave_a_whole_machine()
    {
        string seconds = Environment.GetEnvironmentVariable("EPC_SOAK_SECONDS") ?? "5";
        (int code, string output, LiveMachine machine) = Run(
            Machines.Empty([("epc.machine.nodes", "[ { cpus = 8, epc = 8 MiB } ]"), ("epc.live.pace", "20 %")]),
            ["bash", Script("soak.sh"), seconds, "10"]);
        Assert.True(code == 0, output);
        AssertWhole(machine);
        Assert.Equal(0, machine.DyingCgroups);
    }

    [MountFact]
    public void Nothing_is_left_behind()
    {
        const string Script = """
            sleep 60 &
            echo "$! $EPC_SGX_ENCLAVE $EPC_CGROUP_ROOT"
            exit 7
            """;
        (int code, string output, LiveMachine machine) = Run(Machines.Empty(Fast), ["sh", "-c", Script]);
        Assert.Equal(7, code);
        AssertWhole(machine);
        string[] words = output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, words.Length);
        string device = words[1];
        Assert.StartsWith(Path.GetTempPath(), device, StringComparison.Ordinal);
        Assert.Null(new HostProcesses().OfThread(int.Parse(words[0], CultureInfo.InvariantCulture)));
        Assert.False(Directory.Exists(Path.GetDirectoryName(Path.GetDirectoryName(device))));
        string mounts = File.ReadAllText("/proc/mounts");
        Assert.DoesNotContain(Path.GetDirectoryName(device)!, mounts, StringComparison.Ordinal);
        Assert.DoesNotContain(words[2], mounts, StringComparison.Ordinal);
    }

    private static string Script(string name) =>
        Loading.RepositoryPath($"tests/EpcActors.Tests/Mount/scripts/{name}");

    private static (int Code, string Output, LiveMachine Machine) RunAcceptance(
        string kernel, Func<LiveMachine, ICgroupMachine>? plant = null, bool isWhole = false) =>
        Run(
            Machines.Empty([.. Fast, ("epc.kernel", kernel)]),
            ["sh", Script("acceptance.sh"), isWhole ? "all" : "first"],
            plant);

    private static (int Code, string Output, LiveMachine Machine) Run(
        Scenario scenario, string[] command, Func<LiveMachine, ICgroupMachine>? plant = null)
    {
        // Over a directory of its own: the system's stays as it is for other tests in the same process.
        string directory = Directory.CreateTempSubdirectory("epc-test-").FullName;
        string output = Path.Combine(Path.GetTempPath(), Path.GetFileName(directory) + ".out");
        LiveMachine machine = new(scenario, new HostProcesses().Kill);
        try
        {
            machine.Start();
            int code = MountSession.Run(
                machine,
                directory,
                ["sh", "-c", "out=$1; shift; exec \"$@\" > \"$out\" 2>/dev/null", "sh", output, .. command],
                plant?.Invoke(machine),
                CancellationToken.None);
            machine.Stop();
            return (code, File.ReadAllText(output), machine);
        }
        finally
        {
            machine.Dispose();
            Directory.Delete(directory);
            File.Delete(output);
        }
    }

    private static void AssertWhole(LiveMachine machine)
    {
        Assert.Empty(machine.Violations);
        Assert.True(machine.WasAtRest);
        Assert.NotEqual(0, machine.Steps);
    }

    /// <summary>What is wrong with a machine.</summary>
    public enum Plant
    {
        LimitIgnored,
        Leak,
    }

    /// <summary>A machine with a defect between it and its tree.</summary>
    private sealed class PlantedMachine(LiveMachine machine, Plant defect) : ICgroupMachine
    {
        private bool _wasUsed;

        public MiscFileSet MiscFiles => machine.MiscFiles;

        public Task<(Errno Errno, int Place)> CreateAsync(string path, int parent) => machine.CreateAsync(path, parent);

        public Task<Errno> RemoveAsync(int place) => machine.RemoveAsync(place);

        public Task<Errno> WriteMiscMaxAsync(int place, string text) =>
            defect == Plant.LimitIgnored ? Task.FromResult(Errno.Ok) : machine.WriteMiscMaxAsync(place, text);

        public Task<Errno> WriteMemoryMaxAsync(int place, Limit max) => machine.WriteMemoryMaxAsync(place, max);

        public Task<Errno> AttachAsync(int process, int misc, int memory) =>
            machine.AttachAsync(process, misc, memory);

        public string ReadMisc(int place, MiscFile file)
        {
            string text = machine.ReadMisc(place, file);
            _wasUsed |= machine.ReadMisc(place, MiscFile.Peak) != "sgx_epc 0\n";
            return defect == Plant.Leak && _wasUsed && file == MiscFile.Current && text == "sgx_epc 0\n"
                ? "sgx_epc 4096\n" : text;
        }

        public MemoryFigures ReadMemory(int place) => machine.ReadMemory(place);

        public int DyingBelow(int place) => machine.DyingBelow(place);
    }
}
