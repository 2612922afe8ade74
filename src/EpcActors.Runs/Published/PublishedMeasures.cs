using EpcActors.Kernel;
using EpcActors.Results;

namespace EpcActors.Runs.Published;

/// <summary>Figures of runs as publications give them.</summary>
internal static class PublishedMeasures
{
    private const double Records = 1 << 17;

    /// <summary>Records of the outer table: 100 MB, 8 bytes each.</summary>
    private const double OuterRecords = 100 * Records;

    private static readonly Activity[] OfUser =
        [Activity.Work, Activity.Touch, Activity.Aex, Activity.Eresume, Activity.Eaccept];

    private static readonly Activity[] OfEviction =
        [Activity.Eblock, Activity.Etrack, Activity.Ipi, Activity.IpiPerCpu, Activity.Ewb, Activity.EwbNotTracked];

    /// <summary>Records a second of the join, both tables counted.</summary>
    /// <param name="run">A sample of the probes behind their warm-up.</param>
    /// <param name="innerMb">Size of the inner table, MB.</param>
    public static double JoinRate(MeasuredRun run, int innerMb)
    {
        StepReport sample = Step(run, StepRole.Step, 2);
        StepReport warmUp = Step(run, StepRole.WarmUp, 2);
        double perProbe = (double)sample.TimeNs / sample.Accesses;
        double ns = Step(run, StepRole.Step, 1).TimeNs + warmUp.TimeNs + ((OuterRecords - warmUp.Accesses) * perProbe);
        return ((innerMb * Records) + OuterRecords) / ns * 1e9;
    }

    /// <summary>Times that the second run is slower than the first.</summary>
    public static double JoinSlowdown(IReadOnlyList<MeasuredRun> runs, int fromMb, int toMb) =>
        JoinRate(runs[0], fromMb) / JoinRate(runs[1], toMb);

    /// <summary>Pages loaded back for a probe, percent.</summary>
    public static double JoinMisses(MeasuredRun run)
    {
        StepReport sample = Step(run, StepRole.Step, 2);
        return 100.0 * sample.Reloads / sample.Accesses;
    }

    /// <summary>
    /// Time that a page costs which is loaded back and another written out for it, microseconds: what the second run
    /// takes longer than the first, over what it loads more.
    /// </summary>
    public static double JoinPageUs(IReadOnlyList<MeasuredRun> runs)
    {
        StepReport fits = Step(runs[0], StepRole.Step, 2);
        StepReport exceeds = Step(runs[1], StepRole.Step, 2);
        return (exceeds.TimeNs - fits.TimeNs) / 1000.0 / (exceeds.Reloads - fits.Reloads);
    }

    /// <summary>Cycles of the clock for each page that the only step of a run loads back.</summary>
    public static double CyclesPerReload(MeasuredRun run)
    {
        StepReport step = Step(run, StepRole.Step, 1);
        return Cycles(run, step.TimeNs) / step.Reloads;
    }

    /// <summary>Cycles of EBLOCK, ETRACK, interrupts and EWB for each evicted page.</summary>
    public static double EvictionCycles(MeasuredRun run) =>
        Cycles(run, TimeOf(run, OfEviction)) / run.Report.Cgroups[0].Evictions;

    /// <summary>System time of the whole life of an enclave for each page of its heap, microseconds.</summary>
    public static double SystemUsPerPage(MeasuredRun run)
    {
        long all = run.Report.Profile.Sum(one => one.TimeNs);
        return (all - TimeOf(run, OfUser)) / 1000.0 / run.Scenario.Enclaves[0].HeapPages;
    }

    /// <summary>Time of loading for each page of the heap, microseconds.</summary>
    public static double LoadUsPerPage(MeasuredRun run) =>
        Step(run, StepRole.Load, 0).TimeNs / 1000.0 / run.Scenario.Enclaves[0].HeapPages;

    /// <summary>Time of a step for each page of the heap, microseconds.</summary>
    public static double StepUsPerPage(MeasuredRun run, int step) =>
        Step(run, StepRole.Step, step).TimeNs / 1000.0 / run.Scenario.Enclaves[0].HeapPages;

    /// <summary>Cycles of an access in a step, for each thread.</summary>
    public static double AccessCycles(MeasuredRun run, int step)
    {
        StepReport report = Step(run, StepRole.Step, step);
        return Cycles(run, report.TimeNs) * run.Scenario.Enclaves[0].Threads / report.Accesses;
    }

    /// <summary>The most instances of which none ended before its time; each run has a number of them.</summary>
    public static double InstancesThatLive(IReadOnlyList<MeasuredRun> runs) =>
        runs.Where(run => run.Report.Enclaves.All(one => one.Outcome == EnclaveOutcome.Finished))
            .Select(run => run.Report.Enclaves.Count)
            .DefaultIfEmpty()
            .Max();

    private static double Cycles(MeasuredRun run, long ns) => ns * run.Scenario.Costs.ClockMhz / 1000.0;

    private static long TimeOf(MeasuredRun run, Activity[] activities)
    {
        HashSet<string> names = [.. activities.Select(Activities.Name)];
        return run.Report.Profile.Where(one => names.Contains(one.Activity)).Sum(one => one.TimeNs);
    }

    private static StepReport Step(MeasuredRun run, StepRole role, int number) =>
        run.Report.Enclaves[0].Steps.Single(step => step.Role == role && step.Number == number);
}
