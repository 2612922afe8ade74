using EpcActors.Imports;
using EpcActors.Imports.Traces;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;
using EpcActors.Scenarios.Workloads.Fitting;

namespace EpcActors.Tests.Imports;

/// <summary>A fitted trace is a scenario that loads, and does what the fit says.</summary>
[Trait("tier", "slow")] // Fits, and runs of what was fitted.
public sealed class TraceFitTests
{
    private static FittedTrace Fitted(string text) => FittedTrace.Of(
        TraceImport.Read(new StringReader(text), "web.trace", TraceFormat.Plain, new TraceImportOptions()),
        "web.trace");

    private static string Trace(string enclave, AccessPattern pattern, int accesses, int gapUs) => string.Concat(
        Enumerable.Range(0, accesses).Select(i =>
        {
            PageAccess access = pattern.Next();
            return $"{i * gapUs} {enclave} {access.Page} {"rwx"[(int)access.Kind]}\n";
        }));

    private static string Summary(FittedTrace fitted)
    {
        using StringWriter writer = new() { NewLine = "\n" };
        fitted.WriteSummary(writer);
        return writer.ToString();
    }

    private static AccessPattern Store(ulong seed) => new MixedPattern(
        3000,
        [
            new MixedPart(
                new ZipfPattern(1000, 0.9, PlacementOrder.Scattered, new AccessMix(3, 1), new Prng(seed)), 0, 3),
            new MixedPart(new SweepPattern(2000, new AccessMix(3, 1), new Prng(seed)), 1000, 1),
        ],
        new Prng(seed));

    /// <summary>The text is the workload: the loader's pattern makes the same accesses as the fitted one.</summary>
    [Theory]
    [InlineData("zipf")]
    [InlineData("uniform")]
    [InlineData("hotspot")]
    [InlineData("records")]
    [InlineData("preset")]
    [InlineData("sweep")]
    [InlineData("mixed")]
    public void The_scenario_has_the_pattern_of_the_fit(string kind)
    {
        AccessMix mix = new(9, 1);
        Prng prng = new(7);
        AccessPattern pattern = kind switch
        {
            "zipf" => new ZipfPattern(1200, 0.8, PlacementOrder.Scattered, mix, prng),
            "uniform" => new UniformPattern(1200, mix, prng),
            "hotspot" => new HotspotPattern(1200, 120, 900, mix, prng),
            "records" => WorkloadPresets.Find("ycsb-a")!.CreatePattern(1200, prng),
            "preset" => WorkloadPresets.Find("ycsb-f")!.CreatePattern(1200, prng),
            "sweep" => new SweepPattern(1200, mix, prng),
            _ => Store(7),
        };
        FittedTrace fitted = Fitted(Trace("web", pattern, 60_000, 2));
        Scenario scenario = Importing.LoadScenario("fit.conf", fitted.Scenario(ImportOptions.Default));

        FittedWorkload workload = Assert.Single(fitted.Fits).Workload!;
        EnclaveSpec web = Importing.Enclave(scenario, "web");
        Assert.Equal((workload.HeapPages, 1, "/web"), (web.HeapPages, web.Threads, scenario.Cgroups[web.Cgroup].Path));
        StepSpec.Pattern step = Assert.IsType<StepSpec.Pattern>(Assert.Single(web.Steps));
        Assert.Equal(60_000, step.WarmUp + step.Accesses);
        Assert.Equal(2000, step.WorkNs, 2.0);
        AccessPattern own = workload.CreatePattern(new Prng(3));
        AccessPattern loaded = step.Factory(web.HeapPages, new Prng(3));
        for (int i = 0; i < 5000; i++)
        {
            Assert.Equal(own.Next(), loaded.Next());
        }
    }

    [Fact]
    public void Skew_working_set_scan_writes_and_the_error_are_told()
    {
        string summary = Summary(Fitted(Trace("web", Store(9), 100_000, 1)));

        Assert.Matches(
            @"^web: zipf with a skew of 0\.(8[6-9]|9[0-4])\d? over (9[89]\d|10[01]\d|1000) pages \(3\.9 MiB\); "
                + @"2[45](\.\d)? % of the accesses scan (1,9[6-9]\d|2,0[0-3]\d) pages in order beside them\n",
            summary);
        Assert.Matches(@"\n  1 thread, 2[45](\.\d)? % writes\n", summary);
        Assert.Matches(@"\n  miss ratio of an LRU, over sizes up to all pages: 0\.\d+ % off on average, ", summary);
        Assert.Matches(@"\n  95 % hits: 2,\d+ pages, 2,\d+ in the trace\n", summary);
    }

    /// <summary>One enclave that fits does not speak for the other one.</summary>
    [Fact]
    public void Each_enclave_has_its_own_answer()
    {
        FittedTrace fitted = Fitted(
            Trace("web", Store(9), 50_000, 0)
            + Trace("db", new SweepPattern(50, AccessMix.ReadOnly, new Prng(1)), 60, 0));

        Assert.Equal([FitVerdict.Fits, FitVerdict.TooShort], fitted.Fits.Select(one => one.Verdict));
        Assert.True(fitted.AnyFits && !fitted.AllFit);
        Assert.Contains(
            "db: too short to fit: 60 accesses, 10 of them to a page that was touched before; it takes 1,000",
            Summary(fitted),
            StringComparison.Ordinal);
        Scenario scenario = Importing.LoadScenario("fit.conf", fitted.Scenario(ImportOptions.Default));
        Assert.Equal("web", Assert.Single(scenario.Enclaves).Name);
    }

    /// <summary>Without time between the accesses their rate is not known: the default holds.</summary>
    [Fact]
    public void A_trace_without_time_says_nothing_of_the_work() =>
        Assert.DoesNotContain(
            "work =",
            Fitted(Trace("web", Store(9), 20_000, 0)).Scenario(ImportOptions.Default),
            StringComparison.Ordinal);
}
