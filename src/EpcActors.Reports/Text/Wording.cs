using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Reports;

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
        EnclaveOutcome.Sigsegv => "sigsegv",
    };

    /// <summary>True for an end that was not requested.</summary>
    public static bool IsBad(EnclaveOutcome outcome) => outcome switch
    {
        EnclaveOutcome.Finished or EnclaveOutcome.Running => false,
        EnclaveOutcome.Enomem or EnclaveOutcome.Sigbus or EnclaveOutcome.Killed or EnclaveOutcome.OomKilled
            or EnclaveOutcome.Hung or EnclaveOutcome.Sigsegv => true,
    };

    /// <summary>PASS, VIOLATION or INCONCLUSIVE.</summary>
    public static string Title(Verdict verdict) => Key(verdict).ToUpperInvariant();

    /// <summary>The verdict in one sentence.</summary>
    public static string Sentence(RunReport r)
    {
        string sentence = r.Verdict switch
        {
            Verdict.Pass => $"every rule held for {Units.Duration(r.VirtualTimeNs)} of {TimeName(r)}, "
                + Counted(r.Steps, "step"),
            Verdict.Violation => Broken(r),
            Verdict.Inconclusive when r.WorkLeft > 0 => $"no rule was broken, but {CutOff(r)}"
                + (r.Live is null ? "" : "; how long work takes is a matter of the host"),
            Verdict.Inconclusive => "the run was cancelled or its budget ended before it could be judged",
        };
        if (r.Verdict == Verdict.Violation && r.WorkLeft > 0)
        {
            sentence += $"; {CutOff(r)}";
        }

        int unmet = r.Expectations.Count(e => e.IsUnmet);
        return unmet == 0
            ? sentence
            : $"{sentence}; {unmet} of {Counted(r.Expectations.Count, "expectation")} not met";
    }

    /// <summary>That the duration cut the run off, and what it left.</summary>
    public static string CutOff(RunReport r) =>
        $"epc.run.duration cut the run off after {Durations.Text(r.CutOffNs)} with {Counted(r.WorkLeft, "program")} "
        + "still at work";

    /// <summary>End of an enclave, for people.</summary>
    public static string Outcome(EnclaveReport e) => e.IsCutOff ? "cut off" : Key(e.Outcome);

    /// <summary><c>1 rule</c>, <c>2 rules</c>.</summary>
    public static string Counted(long count, string noun) =>
        Units.Count(count) + " " + (count == 1 ? noun : Results.Text.Counted.Plural(noun));

    /// <summary><c>1 retry</c>, <c>2 retries</c>.</summary>
    public static string Retries(long count) => Units.Count(count) + (count == 1 ? " retry" : " retries");

    /// <summary><c>1 of 30 enclaves left out</c>.</summary>
    public static string LeftOut(long left, long all, string noun) =>
        $"{Units.Count(left)} of {Counted(all, noun)} left out";

    /// <summary>The counter's value against the length of the lists.</summary>
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
        $"{Wording.Counted(k.Wakeups, "wake-up")}, {Wording.Counted(k.PagesReclaimed, "page")} reclaimed"
        + (k.BusyShare is { } share ? $", busy {Units.Percent(share)} of virtual time" : "");

    /// <summary>Name of the times of a run.</summary>
    public static string TimeName(RunReport r) => r.Live is null ? "virtual time" : "real time";

    /// <summary>Result of the audits of a live run.</summary>
    public static string Audits(LiveReport live) =>
        live.Cuts == 0
            ? "at the end only"
            : $"of a consistent cut, while the actors went on: {Units.Duration((long)(live.CutMs * 1e6))} altogether, "
                + "the longest "
                + Units.Duration((long)(live.LongestCutMs * 1e6));

    /// <summary>For the command of a live run.</summary>
    public const string CannotBeRepeated =
        "A live run cannot be repeated exactly: real threads meet each other elsewhere each time. Run it several "
            + "times, or search with epc race find or epc check.";

    /// <summary>Sign of an expectation.</summary>
    public static string Sign(ExpectationReport e) => e.IsMet ? "✓" : e.IsUnmet ? "✗" : "–";

    /// <summary>Value that was found, and the reason why it was not judged; may be empty.</summary>
    public static string Found(ExpectationReport e) =>
        string.Join(
            "; ",
            (string[])
                [
                    .. e.Found.Length > 0 ? (string[])[$"found: {e.Found}"] : [],
                    .. e.NotJudged.Length > 0 ? (string[])[$"not judged: {e.NotJudged}"] : [],
                ]);

    private static string Broken(RunReport r)
    {
        List<string> rules = [.. r.Violations.Select(v => v.Rule).Distinct()];
        return rules.Count == 0
            ? "a rule was broken"
            : $"{Counted(rules.Count, "rule")} broken: {string.Join(", ", rules)}";
    }
}
