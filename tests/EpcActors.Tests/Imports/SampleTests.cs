using EpcActors.Imports;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Imports;

/// <summary>Every file of config/samples becomes a scenario that loads, says what it assumes, and runs.</summary>
public sealed class SampleTests
{
    /// <summary>Samples, what they are, and how many enclaves and guests they have.</summary>
    public static TheoryData<string, InputFormat, int> Samples => new()
    {
        { "pods.yaml", InputFormat.Kubernetes, 12 },
        { "shop.yaml", InputFormat.Kubernetes, 3 },
        { "deployment.yaml", InputFormat.Kubernetes, 6 },
        { "list.json", InputFormat.Kubernetes, 3 },
        { "azure.yaml", InputFormat.Kubernetes, 1 },
        { "redis.manifest", InputFormat.Gramine, 1 },
        { "python.manifest.template", InputFormat.Gramine, 1 },
        { "Occlum.json", InputFormat.Occlum, 1 },
        { "Enclave.config.xml", InputFormat.SgxSdk, 1 },
        { "qemu.txt", InputFormat.Qemu, 3 },
        { "libvirt.xml", InputFormat.Libvirt, 2 },
        { "cgroup", InputFormat.Cgroup, 3 },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_is_known_by_its_content_and_loads(string name, InputFormat format, int count)
    {
        ScenarioText text = ScenarioSource.Read(Importing.SamplePath(name), ImportOptions.Default);
        Scenario scenario = Importing.Load(text);

        Assert.Equal(format, text.Format);
        Assert.Equal(count, scenario.Enclaves.Count + scenario.VirtualMachines.Count);
        Assert.Contains("assumed", text.Text, StringComparison.Ordinal);
        Assert.All(text.Text.Split('\n'), line => Assert.True(line.Length <= 120, line));
    }

    /// <summary>What it runs is what it says but for the length: some thousand accesses show no less.</summary>
    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_runs(string name, InputFormat format, int count)
    {
        ScenarioText text = ScenarioSource.Read(Importing.SamplePath(name), ImportOptions.Default);
        Scenario scenario = Importing.Load(text);
        scenario = scenario with { Run = scenario.Run with { MeasuresSlowdown = false, DurationNs = 100_000_000 } };
        RunReport report = new ScenarioRunner(scenario, null).Run("", CancellationToken.None);

        Assert.Empty(report.Violations);
        long work = report.Enclaves.Sum(one => one.Accesses) + report.VirtualEpcs.Sum(one => one.Faults);
        Assert.True(work > 1000, $"{format}: {work} accesses");
        Assert.All(report.Enclaves, one => Assert.Contains(
            one.Outcome, (EnclaveOutcome[])[EnclaveOutcome.Finished, EnclaveOutcome.Running]));
        Assert.Equal(count, report.Enclaves.Count + report.VirtualEpcs.Count);
    }

    [Fact]
    public void Every_sample_is_in_the_list()
    {
        string[] listed =
        [
            .. Samples.Select(row => (string)row[0]).Where(name => name != "cgroup"),
            .. TraceImportTests.Samples.Select(row => (string)row[0]),
        ];
        string[] there =
        [
            .. Directory.EnumerateFiles(Importing.SamplePath("")).Select(Path.GetFileName).OfType<string>(),
        ];

        Assert.Equal(there.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }
}
