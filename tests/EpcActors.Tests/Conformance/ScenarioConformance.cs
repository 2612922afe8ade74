using EpcActors.Engine.Live;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Conformance;

/// <summary>
/// The shipped scenarios on live engines: no rule is broken, audits in the middle included, and when the work is done
/// the books say what those of the simulation say. What takes longer there, who waits for whom and how often is
/// different each time, and is not compared.
/// </summary>
public abstract class ScenarioConformance
{
    /// <summary>Scenarios that make no sense in real time, with the reason.</summary>
    private static readonly Dictionary<string, string> NotLive = new(StringComparer.Ordinal)
    {
        ["limit-lowered.conf"] =
            "work costs nothing here and is over long before the limit is lowered; quickstart.conf lowers one under "
                + "load",
    };

    /// <summary>Every scenario under every kernel that it names.</summary>
    public static TheoryData<string, string> FilesAndKernels()
    {
        TheoryData<string, string> data = [];
        foreach (
            (string file, string kernel) in ShippedScenarios
                .WithKernels()
                .Where(one => !NotLive.ContainsKey(Path.GetFileName(one.File))))
        {
            data.Add(file, kernel);
        }

        return data;
    }

    protected abstract LiveEngine NewEngine(Scenario scenario);

    [Theory]
    [MemberData(nameof(FilesAndKernels))]
    public void A_scenario_ends_with_the_same_accounting_as_in_the_simulation(string file, string kernel)
    {
        Scenario scenario = ScenarioLoader.Load(
            Path.Combine(ShippedScenarios.Root, file),
            [new("epc.kernel", kernel), new("epc.run.slowdown", "off")],
            null,
            ConfigEnvironment.Default);
        RunReport simulated = new ScenarioRunner(scenario).Run("", CancellationToken.None);
        if (simulated.Verdict != Verdict.Pass)
        {
            // A kernel that breaks a rule does so here as well, or not: real time decides.
            return;
        }

        // Where all work comes to an end it must do so here too, however busy the machine is; the file's limit is one
        // of virtual time.
        bool comesToAnEnd = simulated.Enclaves.All(enclave => enclave.Outcome != EnclaveOutcome.Running)
            && simulated.VirtualEpcs.All(guest => guest.Outcome != EnclaveOutcome.Running);
        Scenario patient = comesToAnEnd
            ? scenario with
            {
                Run = scenario.Run with { DurationNs = 180_000_000_000 },
            }
            : scenario;
        RunReport live = new LiveScenarioRunner(patient, NewEngine).Run("", CancellationToken.None);
        Assert.True(live.Verdict == Verdict.Pass, string.Join("\n", live.Violations));
        Assert.Equal(Accounts(simulated), Accounts(live));
    }

    /// <summary>
    /// Enclaves and a guest that would work for ever are killed while they fault and page; one exits by itself in the
    /// midst of it.
    /// </summary>
    [Fact]
    public void Who_is_killed_or_exits_in_the_middle_leaves_nothing_behind()
    {
        const string Killed = """
            epc {
              machine { nodes = [ { cpus = 4, epc = 2 MiB }, { cpus = 4, epc = 2 MiB } ] }
              cgroups { /a { max = 1 MiB }, /a/b { max = 768 KiB } }
              enclaves {
                first  { cgroup = /a, heap = 3 MiB, threads = 2,
                    steps = [ { run { pattern = uniform, accesses = forever } } ] }
                second { cgroup = /a/b, heap = 2 MiB, threads = 2,
                    steps = [ { run { pattern = uniform, accesses = forever } } ] }
                third  { heap = 4 MiB, steps = [ { run { pattern = uniform, accesses = forever } } ] }
                leaver { cgroup = /a, heap = 2 MiB, steps = [ { run { pattern = uniform, accesses = 3000 } } ] }
              }
              virtual-machines { guest { epc = 512 KiB, touch = 100 % } }
              script = [
                { at = 20 ms, kill = first }
                { at = 30 ms, kill = guest }
                { at = 40 ms, kill = second }
                { at = 60 ms, kill = third }
              ]
              run { duration = 120 s, slowdown = off }
            }
            """;
        string file = Path.Combine(Directory.CreateTempSubdirectory("epc-conformance-").FullName, "killed.conf");
        File.WriteAllText(file, Killed);
        Scenario scenario = ScenarioLoader.Load(file, [], null, ConfigEnvironment.Default);
        RunReport report = new LiveScenarioRunner(scenario, NewEngine).Run("", CancellationToken.None);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);

        Assert.True(report.Verdict == Verdict.Pass, string.Join("\n", report.Violations));
        Assert.All(report.Nodes, node => Assert.Equal(node.CapacityPages, node.FreePages));
        Assert.All(report.Cgroups, cgroup => Assert.Equal(0, cgroup.CurrentBytes));
        Assert.All(report.MemoryCgroups, memory => Assert.Equal(0, memory.CurrentBytes));
        Assert.All(report.Enclaves, enclave =>
            Assert.True(
                enclave is { ResidentPages: 0, SwappedPages: 0, VaPages: 0 }
                    && enclave.Outcome is not (EnclaveOutcome.Running or EnclaveOutcome.Hung),
                enclave.ToString()));
    }

    /// <summary>Figures that must agree when the work is done.</summary>
    private static IEnumerable<string> Accounts(RunReport report)
    {
        yield return $"free pages {report.Nodes.Sum(node => node.FreePages)}, poisoned "
            + $"{report.Nodes.Sum(node => node.PoisonedPages)}, counter {report.FreePageCounter}";
        foreach (CgroupReport cgroup in report.Cgroups)
        {
            yield return $"{cgroup.Path}: misc.max {cgroup.MaxBytes}, misc.current {cgroup.CurrentBytes}";
        }

        foreach (MemoryCgroupReport memory in report.MemoryCgroups)
        {
            yield return $"{memory.Path}: memory.current {memory.CurrentBytes}";
        }

        // Which of several enclaves gets the last pages of a limit, and which ENOMEM or SIGBUS, is a matter of time;
        // that nothing of any of them is left is not.
        foreach (EnclaveReport enclave in report.Enclaves)
        {
            bool isOver = enclave.Outcome is not (EnclaveOutcome.Running or EnclaveOutcome.Hung);
            yield return $"{enclave.Name}: {(isOver ? "over" : "at work")}, {enclave.ResidentPages} resident, "
                + $"{enclave.SwappedPages} swapped out, {enclave.VaPages} VA pages";
        }
    }
}
