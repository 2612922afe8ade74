namespace EpcActors.Scenarios.Expectations;

/// <summary>
/// An expectation that was read: <c>cgroup /a peak &lt;= 24 MiB</c>, <c>no violation liveness</c>, <c>count enclave x-*
/// outcome == finished &gt;= 2</c>.
/// </summary>
public sealed record ParsedExpectation
{
    public required string Text { get; init; }

    /// <summary>The rule of <c>violation RULE</c>; empty for a comparison.</summary>
    public string Rule { get; init; } = "";

    /// <summary><c>no violation RULE</c>.</summary>
    public bool IsNegated { get; init; }

    /// <summary>Subject of the comparison; null for a violation.</summary>
    public Subject? Subject { get; init; }

    /// <summary>Name or pattern of its things; empty where there is one only.</summary>
    public string Name { get; init; } = "";

    public Quantity? Quantity { get; init; }

    public string Operator { get; init; } = "";

    public ExpectedValue Value { get; init; }

    /// <summary>Of <c>count</c>: compares how many things meet the comparison. Empty: all of them must.</summary>
    public string CountOperator { get; init; } = "";

    public ExpectedValue CountValue { get; init; }

    public bool IsCount => CountOperator.Length > 0;

    /// <summary>True when <see cref="Name"/>, in which <c>*</c> stands for any text, matches a name.</summary>
    public bool Matches(string name) => NamePattern.Matches(Name, name);
}

/// <summary>Names with <c>*</c> for any text.</summary>
internal static class NamePattern
{
    public static bool Matches(string pattern, string name)
    {
        string[] parts = pattern.Split('*');
        if (parts.Length == 1)
        {
            return pattern == name;
        }

        if (!name.StartsWith(parts[0], StringComparison.Ordinal))
        {
            return false;
        }

        int at = parts[0].Length;
        for (int i = 1; i < parts.Length - 1; i++)
        {
            int found = name.IndexOf(parts[i], at, StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }

            at = found + parts[i].Length;
        }

        return name.Length - at >= parts[^1].Length && name.EndsWith(parts[^1], StringComparison.Ordinal);
    }
}

/// <summary>An expectation that cannot be read.</summary>
/// <param name="position">Index of the first character of the word that is wrong.</param>
/// <param name="problem">The problem.</param>
/// <param name="remedy">Text to write instead.</param>
public sealed class ExpectationException(int position, string problem, string remedy)
    : Exception($"{problem}; {remedy}")
{
    public int Position { get; } = position;

    public string Problem { get; } = problem;

    public string Remedy { get; } = remedy;
}

/// <summary>The names that a scenario's expectations can use.</summary>
/// <param name="Cgroups">Paths.</param>
/// <param name="Enclaves">Names of the enclaves, instances by their own.</param>
/// <param name="Guests">Names of the virtual machines.</param>
/// <param name="Nodes">Number of NUMA nodes.</param>
public sealed record ExpectationNames(
    IReadOnlyList<string> Cgroups, IReadOnlyList<string> Enclaves, IReadOnlyList<string> Guests, int Nodes)
{
    /// <summary>Names of an enclave's steps, and their numbers.</summary>
    public Func<string, IReadOnlyList<string>> StepsOf { get; init; } = static _ => [];

    /// <summary>The names of a scenario that was read.</summary>
    public static ExpectationNames Of(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        return new ExpectationNames(
            [.. scenario.Cgroups.Select(one => one.Path)],
            [.. scenario.Enclaves.Select(one => one.Name)],
            [.. scenario.VirtualMachines.Select(one => one.Name)],
            scenario.Machine.Nodes.Count)
        {
            StepsOf = name => scenario.Enclaves.FirstOrDefault(one => one.Name == name) is { } one
                ? StepNames.Of(one) : [],
        };
    }
}
