using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Scenarios.Expectations;

/// <summary>
/// Compares what a scenario expects with what its run came to. docs/expectations.md has the language.
/// </summary>
/// <remarks>
/// A live run may miss some expectations without an error, and they are marked as not judged: comparisons of virtual
/// time (slowdowns, shares of time), a race that did not show, a minimum of paging (it depends on which thread is
/// faster), and everything but the verdict where a script acts at moments that meet other work here. Judged are
/// quantities that must be zero (<c>evictions == 0</c>), the end of an enclave, what is left over, and the verdict.
/// <para>A run that its duration cut off with work left (<see cref="RunReport.WorkLeft"/>) says nothing about ends: an
/// expectation that is not met is judged only if the rest
/// of the work could not have met it, because a figure that only grows is above it already, or an enclave has ended
/// otherwise.</para>
/// </remarks>
public static class Expectation
{
    /// <summary>Compares each expectation with the report. One that cannot be read is not met, and says why.</summary>
    public static IReadOnlyList<ExpectationReport> Evaluate(IReadOnlyList<string> expectations, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(expectations);
        ArgumentNullException.ThrowIfNull(report);
        List<ExpectationReport> results = [];
        foreach (string text in expectations)
        {
            try
            {
                results.Add(Evaluate(ExpectationParser.Parse(text), report));
            }
            catch (ExpectationException e)
            {
                results.Add(new ExpectationReport(text, false, e.Message));
            }
        }

        return results;
    }

    private static ExpectationReport Evaluate(ParsedExpectation one, RunReport report)
    {
        if (one.Quantity is not { } quantity)
        {
            bool found = report.Violations.Any(violation => violation.Rule == one.Rule);
            return Judged(new ExpectationReport(one.Text, found != one.IsNegated, found ? "found" : "not found"), one,
                report, []);
        }

        List<ExpectedValue?> values = [.. Values(one, report)];
        if (values.Count == 0 && !one.IsCount)
        {
            return Judged(new ExpectationReport(one.Text, false, "there is no such thing"), one, report, values);
        }

        if (values.Exists(value => value is null))
        {
            string why = report.Live is not null && quantity.Live.HasFlag(LiveNature.IsTime)
                ? WhyNotJudgedLive(one, report) : NotMeasured(quantity);
            return new ExpectationReport(one.Text, false, "not measured") { NotJudged = why };
        }

        int met = values.Count(value => value!.Value.Holds(one.Operator, one.Value));
        bool isMet = one.IsCount ? ExpectedValue.Of(met).Holds(one.CountOperator, one.CountValue) : met == values.Count;
        string text = one.IsCount
            ? met.ToString(CultureInfo.InvariantCulture)
            : string.Join(", ", values.Select(value => value!.Value.Text(quantity.Kind)).Distinct());
        return Judged(new ExpectationReport(one.Text, isMet, text), one, report, values);
    }

    /// <summary>Marks what is not met and proves nothing.</summary>
    private static ExpectationReport Judged(ExpectationReport result, ParsedExpectation one, RunReport report,
        List<ExpectedValue?> values)
    {
        if (result.IsMet)
        {
            return result;
        }

        string why = report.Live is null ? "" : WhyNotJudgedLive(one, report);
        if (why.Length == 0 && report.WorkLeft > 0 && !IsBrokenForGood(one, report, values))
        {
            why = "ended with work left";
        }

        return result with { NotJudged = why };
    }

    private static string NotMeasured(Quantity quantity) => quantity.Name switch
    {
        "slowdown" => "slowdowns were not measured (epc.run.slowdown, --no-slowdown), or the enclave never ran"
            + " its program",
        _ when quantity.Kind == ValueKind.Duration => "there was no fault",
        _ => "it was not measured",
    };

    /// <summary>Reason why an unmet expectation does not count against a live run; empty when it does.</summary>
    private static string WhyNotJudgedLive(ParsedExpectation one, RunReport report)
    {
        bool isVerdict = one.Quantity is null or { Name: "verdict" };
        if (one.Quantity is { } quantity)
        {
            if (quantity.Live.HasFlag(LiveNature.IsTime))
            {
                return "compares virtual time";
            }

            if (quantity.Live.HasFlag(LiveNature.IsWork) && (one.Operator == ">" || one.Operator == ">="))
            {
                return "how much is a matter of who is faster";
            }
        }

        bool isShownRace = one.Quantity is null ? !one.IsNegated
            : one.Operator == "==" && ((isVerdict && one.Value.Word == "violation")
                || (one.Quantity.Name == "outcome" && one.Value.Word == "hung"));
        if (isShownRace)
        {
            return "a race need not show in a live run";
        }

        return report.Live!.Actions > 0 && !isVerdict ? "the script meets other work in a live run" : "";
    }

    /// <summary>An expectation that is not met, and that no further work could have met.</summary>
    private static bool IsBrokenForGood(ParsedExpectation one, RunReport report, List<ExpectedValue?> values)
    {
        const string Running = "running";
        if (one.Quantity is not { } quantity)
        {
            return one.IsNegated;
        }

        bool isOutcome = quantity.Name == "outcome";
        if (one.IsCount)
        {
            // Things that have ended in some way stay so: there may come more of them, never fewer.
            int number = values.Count(value => value is { } known && known.Word != Running
                && known.Holds(one.Operator, one.Value));
            return isOutcome && IsAbove(number, one.CountOperator, one.CountValue);
        }

        if (values.Count == 0)
        {
            return true;
        }

        if (quantity.Name == "verdict")
        {
            return report.Verdict == Verdict.Violation;
        }

        return isOutcome
            ? values.Exists(value => value is { } known && known.Word != Running
                && !known.Holds(one.Operator, one.Value))
            : quantity.Live.HasFlag(LiveNature.OnlyGrows)
                && values.Exists(value => value?.Number is { } reached && IsAbove(reached, one.Operator, one.Value));
    }

    /// <summary>True when a figure that only grows has passed what an upper bound, or an exact value, allows.</summary>
    private static bool IsAbove(decimal reached, string op, ExpectedValue bound) =>
        bound.Number is { } limit && op switch
        {
            "<" => reached >= limit,
            "<=" or "==" => reached > limit,
            _ => false,
        };

    private static IEnumerable<ExpectedValue?> Values(ParsedExpectation one, RunReport report) =>
        one.Subject!.Rows(report).Where(row => one.Name.Length == 0 || one.Matches(row.Name))
            .DistinctBy(row => row.Row, ReferenceEqualityComparer.Instance)
            .Select(row => one.Quantity!.Read(row.Row));
}
