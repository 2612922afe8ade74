using EpcActors.Results;

namespace EpcActors.Scenarios.Expectations;

/// <summary>
/// Rules by which a live run judges a quantity. In a live run work costs nothing, and threads meet differently each
/// time.
/// </summary>
[Flags]
public enum LiveNature
{
    None = 0,

    /// <summary>A time, or a comparison of times: a live run says nothing about it.</summary>
    IsTime = 1,

    /// <summary>It only grows: above a bound it stays above.</summary>
    OnlyGrows = 2,

    /// <summary>The amount depends on which thread is faster: a live run says nothing about a minimum.</summary>
    IsWork = 4,

    /// <summary>Work is counted, and counts only grow.</summary>
    Work = OnlyGrows | IsWork,
}

/// <summary>Something of a subject that an expectation can compare.</summary>
/// <param name="Name">Name, in words joined by hyphens.</param>
/// <param name="Kind">Kind of its values.</param>
/// <param name="Summary">Its meaning, in a line.</param>
/// <param name="Read">Its value in a row of the report; null when it was not measured.</param>
public sealed record Quantity(string Name, ValueKind Kind, string Summary, Func<object, ExpectedValue?> Read)
{
    public LiveNature Live { get; init; }

    /// <summary>The values of a word.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary><c>max</c> is a value of it: no limit.</summary>
    public bool HasMax { get; init; }
}

/// <summary>Kind of names of a subject's members.</summary>
public enum NameOf
{
    /// <summary>There is one only.</summary>
    Nothing,

    Cgroup,

    Enclave,

    /// <summary>An enclave and a step of its program.</summary>
    Step,

    Guest,

    Node,
}

/// <summary>Subject of expectations: the machine, a cgroup, an enclave …</summary>
/// <param name="Word">The word that an expectation begins with.</param>
/// <param name="Names">Kind of names of its members.</param>
/// <param name="Pattern">The word and what follows it, for people.</param>
/// <param name="Quantities">Quantities that can be compared.</param>
/// <param name="Rows">Names and rows in a report.</param>
public sealed record Subject(
    string Word,
    NameOf Names,
    string Pattern,
    IReadOnlyList<Quantity> Quantities,
    Func<RunReport, IEnumerable<(string Name, object Row)>> Rows)
{
    /// <summary>A quantity by its name: hyphens, underscores and blanks are one.</summary>
    public Quantity? Find(string name)
    {
        string key = name.Replace('_', '-').Replace(' ', '-');
        return Quantities.FirstOrDefault(one => one.Name == key);
    }
}

/// <summary>
/// Every quantity that an expectation can name. The check at load, the judgement of a report, the list in <c>epc config
/// quantities</c>, config/reference.conf and
/// docs/expectations.md all come from this table.
/// </summary>
public static class ExpectationTable
{
    private static readonly IReadOnlyList<Quantity> Latencies =
    [
        Latency("fault-p50", "median latency of a page fault", one => one.P50Ns),
        Latency("fault-p90", "90th percentile of the same", one => one.P90Ns),
        Latency("fault-p99", "99th percentile of the same", one => one.P99Ns),
        Latency("fault-p99.9", "99.9th percentile of the same", one => one.P999Ns),
        Latency("fault-max", "longest page fault", one => one.MaxNs),
    ];

    /// <summary>The words of <c>verdict</c>.</summary>
    public static IReadOnlyList<string> Verdicts { get; } = ["pass", "violation", "inconclusive"];

    /// <summary>The words of <c>outcome</c>, in the order of <see cref="EnclaveOutcome"/>.</summary>
    public static IReadOnlyList<string> Outcomes { get; } = [.. Enum.GetValues<EnclaveOutcome>().Select(Word)];

    /// <summary>All subjects; the machine first, whose word may be left out.</summary>
    public static IReadOnlyList<Subject> Subjects { get; } =
        [Machine(), Ksgxd(), Cgroups(), Enclaves(), Steps(), Guests(), MemoryCgroups(), Nodes()];

    /// <summary>An outcome as reports and expectations write it.</summary>
    public static string Word(EnclaveOutcome outcome) => outcome switch
    {
        EnclaveOutcome.Finished => "finished",
        EnclaveOutcome.Running => "running",
        EnclaveOutcome.Enomem => "enomem",
        EnclaveOutcome.Sigbus => "sigbus",
        EnclaveOutcome.Killed => "killed",
        EnclaveOutcome.OomKilled => "oom-killed",
        EnclaveOutcome.Hung => "hung",
        EnclaveOutcome.Sigsegv => "sigsegv",
    };

    private static Subject Machine() => new(
        "machine",
        NameOf.Nothing,
        "machine",
        [
            new("verdict", ValueKind.Word, "what the run says of the kernel",
                Of<RunReport>(r => r.Verdict.ToString().ToLowerInvariant())) { Words = Verdicts },
            Number<RunReport>("violations", ValueKind.Count, "broken rules", r => r.Violations.Count,
                LiveNature.OnlyGrows),
            Number<RunReport>("time", ValueKind.Duration, "how long the run took, virtual time", r => r.VirtualTimeNs,
                LiveNature.IsTime),
            Number<RunReport>("faults", ValueKind.Count, "page faults served", r => r.FaultLatency.Count,
                LiveNature.Work),
            Number<RunReport>("fault-retries", ValueKind.Count, "faults that came back without a page", r =>
                Root(r)?.FaultRetries ?? 0, LiveNature.Work),
            Number<RunReport>("accesses", ValueKind.Count, "page accesses made by enclaves", r => Root(r)?.Accesses
                ?? 0, LiveNature.Work),
            Number<RunReport>("evictions", ValueKind.Count, "pages written out", r => Root(r)?.Evictions ?? 0,
                LiveNature.Work),
            Number<RunReport>("reloads", ValueKind.Count, "pages loaded back", r => Root(r)?.Reloads ?? 0,
                LiveNature.Work),
            .. Latencies.Select(one => one with { Read = row => one.Read(((RunReport)row).FaultLatency) }),
            Ratio<RunReport>("slowdown", ValueKind.Factor, "mean of the enclaves' slowdowns", r => Root(r)?.Slowdown),
            Number<RunReport>("capacity-pages", ValueKind.Pages, "EPC of all nodes", r =>
                r.Nodes.Sum(n => n.CapacityPages)),
            Number<RunReport>("free-pages", ValueKind.Pages, "pages on the free lists of all nodes at the end", r =>
                r.Nodes.Sum(n => n.FreePages)),
            Number<RunReport>("free-page-counter", ValueKind.Pages, "sgx_nr_free_pages at the end", r =>
                r.FreePageCounter),
            Number<RunReport>("poisoned-pages", ValueKind.Pages, "poisoned pages of all nodes", r =>
                r.Nodes.Sum(n => n.PoisonedPages), LiveNature.OnlyGrows),
            Number<RunReport>("allocations", ValueKind.Pages, "pages allocated from all nodes", r =>
                r.Nodes.Sum(n => n.Allocations), LiveNature.Work),
            Number<RunReport>("remote-allocations", ValueKind.Pages, "of those, for a CPU of another node", r =>
                r.Nodes.Sum(n => n.RemoteAllocations), LiveNature.Work),
            Number<RunReport>("reclaimed-pages", ValueKind.Pages,
                "pages freed by sgx_reclaim_pages, for all callers", r => r.Reclaim.Pages, LiveNature.Work),
            Number<RunReport>("young-pages", ValueKind.Pages, "pages that reclaim spared as young", r =>
                r.Reclaim.Young, LiveNature.Work),
            Number<RunReport>("ipi-waves", ValueKind.Count, "rounds of interprocessor interrupts", r =>
                r.Reclaim.IpiWaves, LiveNature.Work),
        ],
        r => [("", r)]);

    private static Subject Ksgxd() => new(
        "ksgxd",
        NameOf.Nothing,
        "ksgxd",
        [
            Number<KsgxdReport>("wakeups", ValueKind.Count, "times that it was woken", k => k.Wakeups, LiveNature.Work),
            Number<KsgxdReport>("pages-reclaimed", ValueKind.Pages, "pages that it reclaimed", k => k.PagesReclaimed,
                LiveNature.Work),
            Ratio<KsgxdReport>("busy-share", ValueKind.Share, "share of virtual time that it worked", k => k.BusyShare),
        ],
        r => [("", r.Ksgxd)]);

    private static Subject Cgroups() => new(
        "cgroup",
        NameOf.Cgroup,
        "cgroup PATH",
        [
            Limit<CgroupReport>("max", "misc.max at the end, or max", c => c.MaxBytes),
            Number<CgroupReport>("current", ValueKind.Bytes, "misc.current at the end", c => c.CurrentBytes),
            Number<CgroupReport>("peak", ValueKind.Bytes, "misc.peak", c => c.PeakBytes, LiveNature.OnlyGrows),
            Number<CgroupReport>("events", ValueKind.Count, "misc.events: charges refused here and below", c =>
                c.Events, LiveNature.Work),
            Number<CgroupReport>("events-local", ValueKind.Count, "misc.events.local: charges refused by this limit",
                c => c.EventsLocal, LiveNature.Work),
            Number<CgroupReport>("faults", ValueKind.Count, "page faults served, here and below", c => c.Faults,
                LiveNature.Work),
            Number<CgroupReport>("fault-retries", ValueKind.Count, "faults that came back without a page", c =>
                c.FaultRetries, LiveNature.Work),
            Number<CgroupReport>("accesses", ValueKind.Count, "page accesses", c => c.Accesses, LiveNature.Work),
            Number<CgroupReport>("evictions", ValueKind.Count, "pages written out", c => c.Evictions, LiveNature.Work),
            Number<CgroupReport>("reloads", ValueKind.Count, "pages loaded back", c => c.Reloads, LiveNature.Work),
            .. Latencies.Select(one => one with { Read = row => one.Read(((CgroupReport)row).FaultLatency) }),
            Ratio<CgroupReport>("slowdown", ValueKind.Factor, "mean of its enclaves' slowdowns", c => c.Slowdown),
        ],
        r => r.Cgroups.Select(one => (one.Path, (object)one)));

    private static Subject Enclaves() => new(
        "enclave",
        NameOf.Enclave,
        "enclave NAME",
        [
            new("outcome", ValueKind.Word, "how it ended", Of<EnclaveReport>(e => Word(e.Outcome))) { Words =
                Outcomes },
            Number<EnclaveReport>("time", ValueKind.Duration, "from its start to its end", e => e.EndNs - e.StartNs,
                LiveNature.IsTime),
            Number<EnclaveReport>("faults", ValueKind.Count, "page faults of its threads", e => e.Faults,
                LiveNature.Work),
            Number<EnclaveReport>("accesses", ValueKind.Count, "page accesses of its threads", e => e.Accesses,
                LiveNature.Work),
            Number<EnclaveReport>("evictions", ValueKind.Count, "pages of it that were written out", e => e.Evictions,
                LiveNature.Work),
            Number<EnclaveReport>("reloads", ValueKind.Count, "pages of it that were loaded back", e => e.Reloads,
                LiveNature.Work),
            Number<EnclaveReport>("resident-pages", ValueKind.Pages,
                "pages in the EPC at the end, its SECS among them", e => e.ResidentPages),
            Number<EnclaveReport>("swapped-pages", ValueKind.Pages, "pages swapped out at the end", e =>
                e.SwappedPages),
            Number<EnclaveReport>("va-pages", ValueKind.Pages, "its VA pages at the end", e => e.VaPages),
            Ratio<EnclaveReport>("slowdown", ValueKind.Factor,
                "against the same program alone with enough EPC on its own socket", e => e.Slowdown),
        ],
        r => r.Enclaves.Select(one => (one.Name, (object)one)));

    private static Subject Steps() => new(
        "step",
        NameOf.Step,
        "enclave NAME step STEP",
        [
            Number<StepReport>("time", ValueKind.Duration, "from the first thread's begin to the last one's end",
                s => s.TimeNs, LiveNature.IsTime),
            Number<StepReport>("accesses", ValueKind.Count, "page accesses in it", s => s.Accesses, LiveNature.Work),
            Number<StepReport>("faults", ValueKind.Count, "page faults in it", s => s.Faults, LiveNature.Work),
            new("fault-mean", ValueKind.Duration, "mean latency of these faults",
                row => row is StepReport { Faults: > 0 } s ? ExpectedValue.Of(s.FaultNs / s.Faults) : null)
            {
                Live = LiveNature.IsTime,
            },
            Number<StepReport>("reloads", ValueKind.Count, "pages loaded back in it", s => s.Reloads, LiveNature.Work),
            Ratio<StepReport>("slowdown", ValueKind.Factor, "against the same step of the program alone",
                s => s.Slowdown),
        ],
        r => r.Enclaves.SelectMany(
            e => e.Steps.SelectMany(s => StepNames(s).Select(name => ($"{e.Name} {name}", (object)s)))));

    /// <summary>A step by its name, and by its number.</summary>
    private static string[] StepNames(StepReport step) => step.Role == StepRole.Step && !step.Name.Contains('/')
        ? [step.Name, step.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)]
        : [step.Name];

    private static Subject Guests() => new(
        "vm",
        NameOf.Guest,
        "vm NAME",
        [
            new("outcome", ValueKind.Word, "how the guest ended", Of<VirtualEpcReport>(v => Word(v.Outcome)))
            {
                Words = [Word(EnclaveOutcome.Finished), Word(EnclaveOutcome.Running), Word(EnclaveOutcome.Sigbus),
                    Word(EnclaveOutcome.Killed)],
            },
            Number<VirtualEpcReport>("pages", ValueKind.Pages, "size of its vEPC", v => v.Pages),
            Number<VirtualEpcReport>("faults", ValueKind.Count, "page faults in its vEPC", v => v.Faults,
                LiveNature.Work),
        ],
        r => r.VirtualEpcs.Select(one => (one.Name, (object)one)));

    private static Subject MemoryCgroups() => new(
        "memory",
        NameOf.Cgroup,
        "memory PATH",
        [
            Limit<MemoryCgroupReport>("max", "memory.max, or max", m => m.MaxBytes),
            Number<MemoryCgroupReport>("current", ValueKind.Bytes,
                "memory.current at the end: RAM behind evicted pages", m => m.CurrentBytes),
            Number<MemoryCgroupReport>("peak", ValueKind.Bytes, "memory.peak", m => m.PeakBytes, LiveNature.OnlyGrows),
            Number<MemoryCgroupReport>("oom-kills", ValueKind.Count, "victims of its out-of-memory killer", m =>
                m.OomKills, LiveNature.OnlyGrows),
        ],
        r => r.MemoryCgroups.Select(one => (one.Path, (object)one)));

    private static Subject Nodes() => new(
        "node",
        NameOf.Node,
        "node NUMBER",
        [
            Number<NodeReport>("cpus", ValueKind.Count, "hardware threads", n => n.Cpus),
            Number<NodeReport>("capacity-pages", ValueKind.Pages, "its EPC", n => n.CapacityPages),
            Number<NodeReport>("free-pages", ValueKind.Pages, "pages on its free list at the end", n => n.FreePages),
            Number<NodeReport>("poisoned-pages", ValueKind.Pages, "its poisoned pages", n => n.PoisonedPages,
                LiveNature.OnlyGrows),
            Number<NodeReport>("allocations", ValueKind.Pages, "pages allocated from it", n => n.Allocations,
                LiveNature.Work),
            Number<NodeReport>("remote-allocations", ValueKind.Pages, "of those, for a CPU of another node", n =>
                n.RemoteAllocations, LiveNature.Work),
        ],
        r => r.Nodes.Select(one => (one.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), (object)one)));

    private static CgroupReport? Root(RunReport r) => r.Cgroups.Count == 0 ? null : r.Cgroups[0];

    private static Func<object, ExpectedValue?> Of<T>(Func<T, string> word) => row => ExpectedValue.Of(word((T)row));

    private static Quantity Number<T>(string name, ValueKind kind, string summary, Func<T, long> value,
        LiveNature live = LiveNature.None) =>
        new(name, kind, summary, row => ExpectedValue.Of(value((T)row))) { Live = live };

    private static Quantity Ratio<T>(string name, ValueKind kind, string summary, Func<T, double?> value) =>
        new(name, kind, summary, row => value((T)row) is { } number && double.IsFinite(number)
            ? ExpectedValue.Of(number) : null)
        { Live = LiveNature.IsTime };

    private static Quantity Limit<T>(string name, string summary, Func<T, long?> value) =>
        new(name, ValueKind.Bytes, summary, row => value((T)row) is { } bytes ? ExpectedValue.Of(bytes)
            : ExpectedValue.Max)
        { HasMax = true };

    private static Quantity Latency(string name, string summary, Func<LatencyReport, long> value) =>
        new(name, ValueKind.Duration, summary, row => row is LatencyReport { Count: > 0 } one
            ? ExpectedValue.Of(value(one)) : null)
        { Live = LiveNature.IsTime };
}
