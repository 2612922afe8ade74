using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Lab.Results;

namespace EpcActors.Lab.Runs;

/// <summary>
/// What a scenario expects of its report, one comparison to a line: <c>verdict == pass</c>, <c>violation liveness</c>,
/// <c>enclave web outcome == finished</c>, <c>count enclave large-* outcome == finished >= 1</c>, <c>cgroup /pods/a current &lt;= 65536</c>,
/// <c>ksgxd busy_share == 0</c>, <c>faults > 1000</c>, <c>reloads == 0</c>.
/// </summary>
/// <remarks>
/// A live run that does not meet one of these has done nothing wrong, and they are marked as not judged: what compares virtual time (slowdowns, shares of time), a race that did
/// not show, a least amount of paging (who is faster decides that), and everything but the verdict where a script interferes at moments that meet other work here. What must not be
/// (<c>evictions == 0</c>), how an enclave ends, what is left over, and the verdict are judged.
/// <para>A live run that its duration cut off with work left (<see cref="RunReport.WorkLeft"/>) says nothing about ends: an expectation that is not met is judged only if the rest
/// of the work could not have met it, because a figure that only grows is above it already, or an enclave has ended otherwise.</para>
/// </remarks>
public static partial class Expectation
{
    private const string Running = "running";

    /// <summary>Compares each expectation with the report. One that cannot be read is not met, and says why.</summary>
    public static IReadOnlyList<ExpectationReport> Evaluate(IReadOnlyList<string> expectations, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(expectations);
        ArgumentNullException.ThrowIfNull(report);
        List<ExpectationReport> results = [];
        foreach (string text in expectations)
        {
            ExpectationReport result = Evaluate(text, report);
            results.Add(result.IsMet || report.Live is null ? result : result with { NotJudged = WhyNotJudged(text, report) });
        }

        return results;
    }

    /// <summary>What is wrong with the text of an expectation, or null.</summary>
    public static string? Check(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Violation().IsMatch(text) || Count().IsMatch(text) || Comparison().IsMatch(text)
            ? null
            : "an expectation is '<thing> <op> <value>', 'violation <rule>', 'no violation <rule>' or 'count <things> <op> <value> <op> <number>'";
    }

    /// <summary>Why an expectation that is not met is nothing against a live run; empty when it is.</summary>
    private static string WhyNotJudged(string text, RunReport report)
    {
        if (VirtualTime().IsMatch(text))
        {
            return "compares virtual time";
        }

        if (ShownRace().IsMatch(text))
        {
            return "a race need not show in a live run";
        }

        if (LeastAmount().IsMatch(text))
        {
            return "how much is a matter of who is faster";
        }

        bool isVerdict = Violation().IsMatch(text) || text.TrimStart().StartsWith("verdict", StringComparison.Ordinal);
        if (report.Live!.Actions > 0 && !isVerdict)
        {
            return "the script meets other work in a live run";
        }

        return report.WorkLeft > 0 && !IsBrokenForGood(text, report) ? "ended with work left" : "";
    }

    /// <summary>An expectation that is not met, and that no further work could have met.</summary>
    private static bool IsBrokenForGood(string text, RunReport report)
    {
        if (Violation().Match(text) is { Success: true } violation)
        {
            return violation.Groups["no"].Success;
        }

        if (Count().Match(text) is { Success: true } count)
        {
            // Things that have ended in some way stay so: there may come more of them, never fewer.
            int number = Values(count.Groups["what"].Value, report).Count(
                value => value != Running && Holds(value, count.Groups["op"].Value, count.Groups["value"].Value));
            return EndsWithOutcome(count.Groups["what"].Value) && IsAbove(number, count.Groups["op2"].Value, count.Groups["number"].Value);
        }

        if (Comparison().Match(text) is not { Success: true } comparison)
        {
            return true;
        }

        string what = comparison.Groups["what"].Value;
        string op = comparison.Groups["op"].Value;
        string expected = comparison.Groups["value"].Value;
        List<string> values = [.. Values(what, report)];
        if (values.Count == 0)
        {
            return true;
        }

        if (what.Trim() == "verdict")
        {
            return report.Verdict == Verdict.Violation;
        }

        return EndsWithOutcome(what)
            ? values.Exists(value => value != Running && !Holds(value, op, expected))
            : OnlyGrows().IsMatch(what)
                && values.Exists(value => double.TryParse(value, CultureInfo.InvariantCulture, out double reached) && IsAbove(reached, op, expected));
    }

    /// <summary>True when a figure that only grows has passed what an upper bound, or an exact value, allows.</summary>
    private static bool IsAbove(double reached, string op, string bound) =>
        double.TryParse(bound, CultureInfo.InvariantCulture, out double limit) && op switch
        {
            "<" => reached >= limit,
            "<=" or "==" => reached > limit,
            _ => false,
        };

    private static bool EndsWithOutcome(string what) => what.TrimEnd().EndsWith(" outcome", StringComparison.Ordinal);

    private static ExpectationReport Evaluate(string text, RunReport report)
    {
        if (Violation().Match(text) is { Success: true } violation)
        {
            string rule = violation.Groups["rule"].Value;
            bool found = report.Violations.Any(one => one.Rule == rule);
            return new ExpectationReport(text, found != violation.Groups["no"].Success, found ? "found" : "not found");
        }

        if (Count().Match(text) is { Success: true } count)
        {
            int number = Values(count.Groups["what"].Value, report)
                .Count(value => Holds(value, count.Groups["op"].Value, count.Groups["value"].Value));
            bool isMet = Holds(number.ToString(CultureInfo.InvariantCulture), count.Groups["op2"].Value, count.Groups["number"].Value);
            return new ExpectationReport(text, isMet, number.ToString(CultureInfo.InvariantCulture));
        }

        if (Comparison().Match(text) is { Success: true } comparison)
        {
            List<string> values = [.. Values(comparison.Groups["what"].Value, report)];
            bool isMet = values.Count > 0
                && values.TrueForAll(value => Holds(value, comparison.Groups["op"].Value, comparison.Groups["value"].Value));
            return new ExpectationReport(text, isMet, values.Count == 0 ? "there is no such thing" : string.Join(", ", values.Distinct()));
        }

        return new ExpectationReport(text, false, Check(text) ?? "");
    }

    private static IEnumerable<string> Values(string what, RunReport report)
    {
        string[] words = what.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case ["verdict"]:
                return [report.Verdict.ToString().ToLowerInvariant()];
            case ["faults"]:
                return [Text(report.FaultLatency.Count)];
            case ["reloads"]:
                return [Text(report.Cgroups.Count == 0 ? 0 : report.Cgroups[0].Reloads)];
            case ["evictions"]:
                return [Text(report.Cgroups.Count == 0 ? 0 : report.Cgroups[0].Evictions)];
            case ["free_page_counter"]:
                return [Text(report.FreePageCounter)];
            case ["ksgxd", string field]:
                return field switch
                {
                    "wakeups" => [Text(report.Ksgxd.Wakeups)],
                    "pages_reclaimed" => [Text(report.Ksgxd.PagesReclaimed)],
                    "busy_share" => [report.Ksgxd.BusyShare?.ToString("0.####", CultureInfo.InvariantCulture) ?? "unknown"],
                    _ => [],
                };
            case ["enclave", string name, string field]:
                return report.Enclaves.Where(one => Matches(one.Name, name)).Select(one => Field(one, field)).OfType<string>();
            case ["cgroup", string path, string field]:
                return report.Cgroups.Where(one => Matches(one.Path, path)).Select(one => Field(one, field)).OfType<string>();
            case ["vm", string name, string field]:
                return report.VirtualEpcs.Where(one => Matches(one.Name, name))
                    .Select(one => field == "outcome" ? OutcomeText(one.Outcome) : field == "pages" ? Text(one.Pages) : null).OfType<string>();
            case ["memory", string path, string field]:
                return report.MemoryCgroups.Where(one => Matches(one.Path, path))
                    .Select(one => field == "oom_kills" ? Text(one.OomKills) : field == "current" ? Text(one.CurrentBytes) : null).OfType<string>();
            case ["node", string id, string field]:
                return report.Nodes.Where(one => id == "*" || Text(one.Id) == id)
                    .Select(one => field switch
                    {
                        "free_pages" => Text(one.FreePages),
                        "poisoned_pages" => Text(one.PoisonedPages),
                        "allocations" => Text(one.Allocations),
                        "remote_allocations" => Text(one.RemoteAllocations),
                        _ => null,
                    }).OfType<string>();
            default:
                return [];
        }
    }

    private static string? Field(EnclaveReport enclave, string field) => field switch
    {
        "outcome" => OutcomeText(enclave.Outcome),
        "faults" => Text(enclave.Faults),
        "evictions" => Text(enclave.Evictions),
        "reloads" => Text(enclave.Reloads),
        "resident_pages" => Text(enclave.ResidentPages),
        "swapped_pages" => Text(enclave.SwappedPages),
        "va_pages" => Text(enclave.VaPages),
        "slowdown" => enclave.Slowdown?.ToString("0.###", CultureInfo.InvariantCulture) ?? "unknown",
        _ => null,
    };

    private static string? Field(CgroupReport cgroup, string field) => field switch
    {
        "current" => Text(cgroup.CurrentBytes),
        "peak" => Text(cgroup.PeakBytes),
        "events" => Text(cgroup.Events),
        "events_local" => Text(cgroup.EventsLocal),
        "faults" => Text(cgroup.Faults),
        "evictions" => Text(cgroup.Evictions),
        "reloads" => Text(cgroup.Reloads),
        "slowdown" => cgroup.Slowdown?.ToString("0.###", CultureInfo.InvariantCulture) ?? "unknown",
        _ => null,
    };

    private static string OutcomeText(EnclaveOutcome outcome) => outcome switch
    {
        EnclaveOutcome.Finished => "finished",
        EnclaveOutcome.Running => Running,
        EnclaveOutcome.Enomem => "enomem",
        EnclaveOutcome.Sigbus => "sigbus",
        EnclaveOutcome.Killed => "killed",
        EnclaveOutcome.OomKilled => "oom-killed",
        EnclaveOutcome.Hung => "hung",
        EnclaveOutcome.Sigsegv => "sigsegv",
    };

    private static bool Holds(string value, string op, string expected)
    {
        if (double.TryParse(value, CultureInfo.InvariantCulture, out double left)
            && double.TryParse(expected, CultureInfo.InvariantCulture, out double right))
        {
            return op switch
            {
                "==" => left == right,
                "!=" => left != right,
                "<" => left < right,
                "<=" => left <= right,
                ">" => left > right,
                _ => left >= right,
            };
        }

        return op switch
        {
            "==" => string.Equals(value, expected, StringComparison.Ordinal),
            "!=" => !string.Equals(value, expected, StringComparison.Ordinal),
            _ => false,
        };
    }

    private static bool Matches(string name, string pattern) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\b(slowdown|busy_share)\b")]
    private static partial Regex VirtualTime();

    [GeneratedRegex(@"\b(faults|evictions|reloads|events|events_local|allocations|remote_allocations|wakeups|pages_reclaimed)\s*>")]
    private static partial Regex LeastAmount();

    [GeneratedRegex(@"\b(faults|evictions|reloads|events|events_local|peak|allocations|remote_allocations|wakeups|pages_reclaimed|poisoned_pages|oom_kills)\s*$")]
    private static partial Regex OnlyGrows();

    [GeneratedRegex(@"^\s*violation\s|^\s*verdict\s*==\s*violation\b|\soutcome\s*==\s*hung\b")]
    private static partial Regex ShownRace();

    [GeneratedRegex(@"^\s*(?<no>no\s+)?violation\s+(?<rule>[a-z-]+)\s*$")]
    private static partial Regex Violation();

    [GeneratedRegex(@"^\s*count\s+(?<what>.+?)\s*(?<op>==|!=|<=|>=|<|>)\s*(?<value>\S+)\s*(?<op2>==|!=|<=|>=|<|>)\s*(?<number>\d+)\s*$")]
    private static partial Regex Count();

    [GeneratedRegex(@"^\s*(?<what>(?!count\s).+?)\s*(?<op>==|!=|<=|>=|<|>)\s*(?<value>[^\s<>=]+)\s*$")]
    private static partial Regex Comparison();
}
