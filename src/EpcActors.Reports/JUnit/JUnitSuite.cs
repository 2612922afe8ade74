namespace EpcActors.Reports;

/// <summary>Outcome of one question, in the four words of JUnit files.</summary>
public enum JUnitOutcome
{
    /// <summary>Asked and answered: it holds.</summary>
    Passed,

    /// <summary>It does not hold.</summary>
    Failed,

    /// <summary>
    /// It should have been answered and was not: cut off, cancelled, nothing explored to its end. Readers count it
    /// with the failures, because a build that proved nothing is not green.
    /// </summary>
    Undecided,

    /// <summary>It was not asked this time, for a reason that is not a fault; the build stays green.</summary>
    Skipped,
}

/// <summary>One question and its answer.</summary>
/// <param name="Name">The same in every run of the same file, so that readers can keep its history.</param>
/// <param name="Outcome">The answer.</param>
public sealed record JUnitCase(string Name, JUnitOutcome Outcome)
{
    /// <summary>One line: what was found, or why there is no answer. Not written for what passed.</summary>
    public string Message { get; init; } = "";

    /// <summary>Kind of the failure, e.g. the rule.</summary>
    public string Type { get; init; } = "";

    /// <summary>Everything that helps: the listing of the schedule, the command that repeats it.</summary>
    public string Text { get; init; } = "";

    /// <summary>
    /// Real time that it took. The questions of one run are answered together: the first has the time.
    /// </summary>
    public TimeSpan Time { get; init; }
}

/// <summary>The answers of one run, race or schedule.</summary>
public sealed record JUnitSuite
{
    /// <summary>The file or race, and what it ran on.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Names between dots: readers group by them. Make them with <see cref="JUnitReport.ClassName"/>.
    /// </summary>
    public required string ClassName { get; init; }

    public required IReadOnlyList<JUnitCase> Cases { get; init; }

    /// <summary>Seed, kernel, version and what else says what ran.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Properties { get; init; } = [];

    /// <summary>Begin of the suite.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Name of the machine that ran it.</summary>
    public string Host { get; init; } = Environment.MachineName;

    /// <summary>The verdict in words.</summary>
    public string Output { get; init; } = "";

    /// <summary>Notes on oddities of the run or its file.</summary>
    public string Notes { get; init; } = "";
}
