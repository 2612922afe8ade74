using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Runs.Calibration;

/// <summary>A microbenchmark of a real machine as a scenario, and the costs that it measures.</summary>
internal sealed class Microbenchmark
{
    /// <summary>Reads of pages that are there.</summary>
    public static readonly Microbenchmark Access = new("access", "random reads of a heap that is in the EPC",
        [Activity.Touch]);

    private static readonly Activity[] ExitAndEntry =
        [Activity.Aex, Activity.Eresume, Activity.PageFault, Activity.Pte];

    /// <summary>No interrupts: the only thread of the enclave is outside of it when a page of it goes.</summary>
    private static readonly Microbenchmark Swap = new("swap", "a heap of twice the EPC read in order, over and over",
    [
        .. ExitAndEntry, Activity.Age, Activity.Backing, Activity.Eblock, Activity.Etrack, Activity.Ewb,
        Activity.Eldu, Activity.MutexHandOver,
    ]);

    private static readonly Microbenchmark FirstTouch =
        new("first-touch", "each page of an added heap read once", ExitAndEntry);

    private static readonly Microbenchmark Eaug =
        new("eaug", "each page of a growing heap written once", [.. ExitAndEntry, Activity.Eaug, Activity.Eaccept]);

    private readonly string _file;

    private Microbenchmark(string file, string what, IReadOnlyList<Activity> measures)
    {
        _file = file;
        What = what;
        Measures = measures;
    }

    /// <summary>What it does, in a few words.</summary>
    public string What { get; }

    /// <summary>The costs that its time consists of, but for small ones that every path of the kernel has.</summary>
    public IReadOnlyList<Activity> Measures { get; }

    public static Microbenchmark Of(FaultKind kind) => kind switch
    {
        FaultKind.Swap => Swap,
        FaultKind.FirstTouch => FirstTouch,
        FaultKind.Eaug => Eaug,
    };

    /// <summary>The costs of a profile.</summary>
    /// <param name="profile">A name, or the path of a file.</param>
    /// <param name="files">Where files come from.</param>
    /// <exception cref="ConfigurationException">There is no such profile, or something in it is wrong.</exception>
    public static CostProfile Costs(string profile, IHoconIncluder files) => Access.Load(profile, files).Costs;

    /// <summary>Time of an access of the measured step with these costs, nanoseconds.</summary>
    /// <param name="costs">Costs of the machine.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public double Ns(CostProfile costs, CancellationToken cancellationToken)
    {
        Scenario scenario = Load("xeon-icx", ConfigEnvironment.Default.Files) with { Costs = costs };
        RunReport report = new ScenarioRunner(scenario).Run("", cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        StepReport step = report.Enclaves[0].Steps.Last(one => one.Role == StepRole.Step);
        return (double)step.TimeNs / step.Accesses;
    }

    private Scenario Load(string profile, IHoconIncluder files) => ScenarioLoader.Load(
        BuiltInFiles.FileName("calibrate", _file),
        [new KeyValuePair<string, string>("epc.costs", System.Text.Json.JsonSerializer.Serialize(profile))],
        null,
        ConfigEnvironment.Default with { Files = files, Variables = static _ => null });
}
