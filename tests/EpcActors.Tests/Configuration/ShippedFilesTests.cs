using EpcActors.Domain.Kernel;
using EpcActors.Lab.Configuration;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Tests.Configuration;

/// <summary>Every file that comes with the project loads, and says what its name says.</summary>
public sealed class ShippedFilesTests
{
    public static TheoryData<string> Kernels => [.. BuiltInFiles.Names("kernels")];

    public static TheoryData<string> Costs => [.. BuiltInFiles.Names("costs")];

    public static TheoryData<string> Machines => [.. BuiltInFiles.Names("machines")];

    [Fact]
    public void The_quickstart_loads_without_a_note()
    {
        string file = Loading.RepositoryPath("config/quickstart.conf");
        LoadedScenario loaded = ScenarioLoader.LoadWithNotes(file, [], null, ConfigEnvironment.Default);
        Assert.Empty(loaded.Notes);
        Assert.Equal("epc-cgroup-v8", loaded.Scenario.Kernel);
        Assert.Equal(["/", "/pods", "/pods/web", "/pods/batch"], loaded.Scenario.Cgroups.Select(c => c.Path));
        Assert.Equal(["web", "batch"], loaded.Scenario.Enclaves.Select(e => e.Name));
        Assert.Equal(32L << 20, loaded.Scenario.Cgroups[2].MaxBytes);
        Assert.Equal(new ScriptAction.SetMax(300_000_000, 3, 16L << 20), Assert.Single(loaded.Scenario.Script));
        Assert.Equal(["verdict == pass"], loaded.Scenario.Expectations);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_kernel_loads_and_nothing_counts_as_overridden(string kernel)
    {
        Scenario scenario = Loading.Load($"epc.kernel = \"{kernel}\"");
        Assert.Equal(kernel, scenario.Kernel);
        Assert.DoesNotContain(scenario.SwitchList, s => s.IsOverridden);
    }

    [Theory]
    [MemberData(nameof(Costs))]
    public void Every_cost_profile_loads(string costs)
    {
        Scenario scenario = Loading.Load($"epc.costs = \"{costs}\"");
        Assert.Equal(costs, scenario.Costs.Name);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Every_machine_loads(string machine)
    {
        Scenario scenario = Loading.Load($"epc.machine = \"{machine}\"");
        Assert.Equal(machine, scenario.Machine.Name);
        Assert.True(scenario.Machine.EpcPages > 0);
    }
}
