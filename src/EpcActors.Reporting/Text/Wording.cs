using EpcActors.Lab.Results;

namespace EpcActors.Reporting;

/// <summary>The words that every report uses for the same thing.</summary>
internal static class Wording
{
    /// <summary>Value of <c>verdict</c> in the JSON report.</summary>
    public static string Key(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "pass",
        Verdict.Violation => "violation",
        Verdict.Inconclusive => "inconclusive",
    };

    /// <summary>Value of <c>outcome</c> in the JSON report.</summary>
    public static string Key(EnclaveOutcome outcome) => outcome switch
    {
        EnclaveOutcome.Finished => "finished",
        EnclaveOutcome.Running => "running",
        EnclaveOutcome.Enomem => "enomem",
        EnclaveOutcome.Sigbus => "sigbus",
        EnclaveOutcome.Killed => "killed",
        EnclaveOutcome.OomKilled => "oom-killed",
        EnclaveOutcome.Hung => "hung",
    };

    /// <summary>True for an end that nobody asked for.</summary>
    public static bool IsBad(EnclaveOutcome outcome) => outcome switch
    {
        EnclaveOutcome.Finished or EnclaveOutcome.Running => false,
        EnclaveOutcome.Enomem or EnclaveOutcome.Sigbus or EnclaveOutcome.Killed or EnclaveOutcome.OomKilled
            or EnclaveOutcome.Hung => true,
    };

    /// <summary>PASS, VIOLATION or INCONCLUSIVE.</summary>
    public static string Title(Verdict verdict) => Key(verdict).ToUpperInvariant();

    /// <summary>The verdict in one sentence.</summary>
    public static string Sentence(RunReport r)
    {
        string sentence = r.Verdict switch
        {
            Verdict.Pass => $"every rule held for {Units.Duration(r.VirtualTimeNs)} of virtual time, "
                + $"{Units.Count(r.Steps)} steps",
            Verdict.Violation => Broken(r),
            Verdict.Inconclusive => "the run was cancelled or its budget ended before it could be judged",
        };
        int unmet = r.Expectations.Count(e => !e.IsMet);
        return unmet == 0
            ? sentence
            : $"{sentence}; {unmet} of {Counted(r.Expectations.Count, "expectation")} not met";
    }

    /// <summary><c>1 rule</c>, <c>2 rules</c>.</summary>
    public static string Counted(long count, string noun) => Units.Count(count) + " " + noun + (count == 1 ? "" : "s");

    /// <summary>What the counter says against what the lists hold.</summary>
    public static string CounterAgainstLists(RunReport r)
    {
        long free = r.Nodes.Sum(n => n.FreePages);
        long drift = r.FreePageCounter - free;
        string difference = drift == 0 ? "they agree"
            : drift > 0 ? $"the counter is {Units.Count(drift)} too high"
            : $"the counter is {Units.Count(-drift)} too low";
        return $"sgx_nr_free_pages {Units.Count(r.FreePageCounter)}, free lists {Units.Count(free)}: {difference}";
    }

    /// <summary>ksgxd in one line.</summary>
    public static string Ksgxd(KsgxdReport k) =>
        $"{Wording.Counted(k.Wakeups, "wake-up")}, {Wording.Counted(k.PagesReclaimed, "page")} reclaimed, "
        + $"busy {Units.Percent(k.BusyShare)} of virtual time";

    private static string Broken(RunReport r)
    {
        List<string> rules = [.. r.Violations.Select(v => v.Rule).Distinct()];
        return rules.Count == 0
            ? "a rule was broken"
            : $"{Counted(rules.Count, "rule")} broken: {string.Join(", ", rules)}";
    }
}
