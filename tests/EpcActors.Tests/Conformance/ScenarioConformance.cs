using EpcActors.Engine.Live;
using EpcActors.Hocon;
using EpcActors.Lab.Configuration;
using EpcActors.Lab.Results;
using EpcActors.Lab.Runs;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Tests.Conformance;

/// <summary>
/// The shipped scenarios on live engines: no rule is broken, audits in the middle included, and when the work is done the books say what those of the simulation say. What takes
/// longer there, who waits for whom and how often is different each time, and is not compared.
/// </summary>
public abstract class ScenarioConformance
{
    /// <summary>Scenarios that make no sense in real time, with the reason.</summary>
    private static readonly Dictionary<string, string> NotLive = new(StringComparer.Ordinal)
    {
        ["limit-lowered.conf"] = "work costs nothing here and is over long before the limit is lowered; quickstart.conf lowers one under load",
    };

    private static readonly string Root = FindRoot();

    /// <summary>Every scenario under every kernel on which the simulation passes.</summary>
    public static TheoryData<string, string> FilesAndKernels()
    {
        TheoryData<string, string> data = [];
        string[] files = [.. Directory.GetFiles(Path.Combine(Root, "config", "scenarios"), "*.conf").Order(StringComparer.Ordinal), Path.Combine(Root, "config", "quickstart.conf")];
        foreach (string file in files.Where(file => !NotLive.ContainsKey(Path.GetFileName(file))))
        {
            HoconObject root = HoconConfig.ParseFile(file).Resolve().Root;
            SortedSet<string> kernels = new(StringComparer.Ordinal);
            if (root.TryGetPath("epc.kernel", out HoconValue? kernel))
            {
                kernels.Add(kernel.AsString());
            }

            if (root.TryGetPath("epc.expect-on", out HoconValue? on))
            {
                kernels.UnionWith(on.AsObject().Keys);
            }

            foreach (string one in kernels)
            {
                data.Add(Path.GetRelativePath(Root, file).Replace('\\', '/'), one);
            }
        }

        return data;
    }

    protected abstract LiveEngine NewEngine(Scenario scenario);

    [Theory]
    [MemberData(nameof(FilesAndKernels))]
    public void A_scenario_ends_with_the_same_accounting_as_in_the_simulation(string file, string kernel)
    {
        Scenario scenario = ScenarioLoader.Load(Path.Combine(Root, file), [new("epc.kernel", kernel), new("epc.run.slowdown", "off")], null, ConfigEnvironment.Default);
        RunReport simulated = new ScenarioRunner(scenario).Run("", CancellationToken.None);
        if (simulated.Verdict != Verdict.Pass)
        {
            // A kernel that breaks a rule does so here as well, or not: real time decides.
            return;
        }

        RunReport live = new LiveScenarioRunner(scenario, NewEngine).Run("", CancellationToken.None);
        Assert.True(live.Verdict == Verdict.Pass, string.Join("\n", live.Violations));
        Assert.Equal(Accounts(simulated), Accounts(live));
    }

    /// <summary>What must agree when the work is done.</summary>
    private static IEnumerable<string> Accounts(RunReport report)
    {
        yield return $"free pages {report.Nodes.Sum(node => node.FreePages)}, poisoned {report.Nodes.Sum(node => node.PoisonedPages)}, counter {report.FreePageCounter}";
        foreach (CgroupReport cgroup in report.Cgroups)
        {
            yield return $"{cgroup.Path}: misc.max {cgroup.MaxBytes}, misc.current {cgroup.CurrentBytes}";
        }

        foreach (MemoryCgroupReport memory in report.MemoryCgroups)
        {
            yield return $"{memory.Path}: memory.current {memory.CurrentBytes}";
        }

        // Which of several equal enclaves gets the last pages is a matter of time; how many of them do is not.
        foreach (string enclave in report.Enclaves
            .Select(one => $"{Kind(one.Name)}: {one.Outcome}, {one.ResidentPages} resident, {one.SwappedPages} swapped out, {one.VaPages} VA pages")
            .Order(StringComparer.Ordinal))
        {
            yield return enclave;
        }

        foreach (VirtualEpcReport guest in report.VirtualEpcs)
        {
            yield return $"{guest.Name}: {guest.Outcome}";
        }
    }

    /// <summary>An enclave's name without its number.</summary>
    private static string Kind(string name) => name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');

    private static string FindRoot()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "EpcActors.sln")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("the tests run outside of the repository");
    }
}
