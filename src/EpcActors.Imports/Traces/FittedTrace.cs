using System.Globalization;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads.Fitting;

namespace EpcActors.Imports.Traces;

/// <summary>Workloads for the enclaves of a trace: what they are, how near they come, and a scenario of them.</summary>
public sealed class FittedTrace
{
    private readonly List<(RecordedEnclave Recorded, WorkloadFit Fit)> _fits = [];
    private readonly string _source;

    private FittedTrace(string source) => _source = source;

    /// <summary>Fits a workload to each enclave of a trace.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="source">Its name, for comments.</param>
    public static FittedTrace Of(ImportedTrace trace, string source)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(source);
        FittedTrace fitted = new(source);
        foreach (RecordedEnclave one in trace.Recorded())
        {
            fitted._fits.Add((one, WithKinds(WorkloadFitter.Fit(one.Accesses), one.Enclave)));
        }

        return fitted;
    }

    /// <summary>The fits, one for each enclave of the trace.</summary>
    public IEnumerable<WorkloadFit> Fits => _fits.Select(static one => one.Fit);

    /// <summary>Whether each enclave has a workload that fits.</summary>
    public bool AllFit => Fits.All(static one => one.Verdict == FitVerdict.Fits);

    /// <summary>Whether any has.</summary>
    public bool AnyFits => Fits.Any(static one => one.Verdict == FitVerdict.Fits);

    /// <summary>What was found, for people.</summary>
    public void WriteSummary(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        foreach ((RecordedEnclave recorded, WorkloadFit fit) in _fits)
        {
            foreach (string line in Lines(recorded, fit))
            {
                writer.WriteLine(line);
            }
        }
    }

    /// <summary>A scenario of the workloads that fit: HOCON for <c>epc run</c> and <c>epc size</c>.</summary>
    /// <param name="options">The machine, if it was named.</param>
    /// <exception cref="ConfigurationException">There is no such machine.</exception>
    public string Scenario(ImportOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ImportLog log = new();
        ScenarioDraft draft = new() { Title = $"workloads fitted to {_source}" };
        draft.Head.Add($"Made by epc trace fit of {_source}.");
        MachineChoice.Named(draft, options, log);
        log.ThrowIfErrors();
        UniqueNames names = new();
        foreach ((RecordedEnclave recorded, WorkloadFit fit) in _fits)
        {
            if (fit is { Verdict: FitVerdict.Fits, Workload: { } workload })
            {
                Add(draft, names.Next(recorded.Enclave.Name), recorded, fit, workload);
            }
        }

        return ScenarioWriter.Write(draft);
    }

    private void Add(
        ScenarioDraft draft,
        string name,
        RecordedEnclave recorded,
        WorkloadFit fit,
        FittedWorkload workload)
    {
        long accesses = Math.Max(1, fit.Accesses / workload.Threads);
        long workNs = recorded.DurationNs * workload.Threads / fit.Accesses;
        string path = "/" + name;
        draft.Cgroups.Add(new CgroupDraft(path));
        draft.Enclaves.Add(new EnclaveDraft(name)
        {
            Comments = [.. Lines(recorded, fit).Select(static line => line.Trim())],
            Cgroup = path,
            Heap = new Sourced(
                HoconText.Pages(workload.HeapPages),
                $"the trace touches {Counted.Of(recorded.Enclave.Pages, "page")}"),
            Pages = workload.HeapPages,
            Threads = new Sourced(HoconText.Number(workload.Threads), ""),
            Steps = new Sourced(FittedText.Step(workload, accesses, workNs), ""),
        });
    }

    /// <summary>The shares of writes and fetches are counted: a cache does not tell kinds of access apart.</summary>
    private static WorkloadFit WithKinds(WorkloadFit fit, TracedEnclave enclave) => fit.Workload is null ? fit
        : fit with
        {
            Workload = fit.Workload with
            {
                WritesPerMille = PerMille(enclave.Writes, enclave.Accesses),
                ExecutesPerMille = Math.Min(
                    PerMille(enclave.Executes, enclave.Accesses),
                    1000 - PerMille(enclave.Writes, enclave.Accesses)),
            },
        };

    private static int PerMille(long part, long all) => (int)(((part * 1000) + (all / 2)) / all);

    private static IEnumerable<string> Lines(RecordedEnclave recorded, WorkloadFit fit)
    {
        string name = recorded.Enclave.Name;
        if (fit.Workload is not { } workload)
        {
            yield return $"{name}: too short to fit: {Counted.Of(recorded.Enclave.Accesses, "access", "N0")}, "
                + $"{Number(recorded.Accesses.Repeats)} of them to a page that was touched before; it takes "
                + $"{Number(WorkloadFitter.LeastRepeats)} of these, and half as many as there are pages "
                + $"({Number(recorded.Accesses.PageCount)})";
            yield break;
        }

        string words = FittedText.Words(workload);
        if (fit.Verdict == FitVerdict.NoneFits)
        {
            yield return $"{name}: no preset fits";
            yield return $"  the nearest: {words}";
        }
        else
        {
            yield return $"{name}: {words}";
            yield return $"  {Counted.Of(workload.Threads, "thread")}"
                + (workload.Threads == recorded.Enclave.Threads ? "" : $" for the {recorded.Enclave.Threads} of the "
                    + "trace, which do not all do the same")
                + (workload.Preset.Length > 0 ? "" : $", {Share(workload.WritesPerMille / 1000.0)} writes");
        }

        if (fit.Accesses < recorded.Enclave.Accesses)
        {
            yield return $"  accesses of a thread that follow one another on a page count as one: "
                + $"{Number(fit.Accesses)} of {Number(recorded.Enclave.Accesses)}";
        }

        yield return $"  miss ratio of an LRU, over sizes up to all pages: {Share(fit.MeanDifference)} off on average, "
            + $"at most {Share(fit.LargestDifference)}, at {Counted.Of(fit.LargestAtPages, "page", "N0")}"
            + (fit.LargestNearby < fit.LargestDifference - 0.005
                ? $" ({Share(fit.LargestNearby)} at a size within {Share(WorkloadFitter.SizeSlack)} of it)"
                : "");
        if (fit.Verdict == FitVerdict.NoneFits)
        {
            yield return $"  a fit is {Share(WorkloadFitter.MostMean)} off on average at most, and "
                + $"{Share(WorkloadFitter.MostLargest)} at a size within {Share(WorkloadFitter.SizeSlack)}";
        }

        if (recorded.Accesses.Repeats == 0)
        {
            yield return "  no page is touched twice: the trace says nothing of what a larger EPC would save";
        }
        else
        {
            yield return $"  95 % hits: {Counted.Of(fit.FittedPagesForHits, "page", "N0")}, "
                + $"{Number(fit.PagesForHits)} in the trace";
        }
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##} %");
}
