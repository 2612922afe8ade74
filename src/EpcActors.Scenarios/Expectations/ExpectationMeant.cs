namespace EpcActors.Scenarios.Expectations;

/// <summary>
/// Guess of the subject of an expectation without one: "web peak" is that of a cgroup, or of an enclave.
/// </summary>
internal static class ExpectationMeant
{
    private static readonly string[] Order = ["cgroup", "enclave", "node", "vm", "memory", "ksgxd"];

    /// <summary>Remedy with the subject; null when no subject has a quantity of this name.</summary>
    /// <param name="words">All words before the operator.</param>
    /// <param name="names">Names of the scenario; null when it is not known.</param>
    public static string? Remedy(IReadOnlyList<string> words, ExpectationNames? names)
    {
        Subject[] subjects =
        [
            .. Order.Select(word =>
                ExpectationTable.Subjects.First(one => one.Word == word && one.Names != NameOf.Step)),
        ];
        return Named(subjects, words, names, isExact: true)
            ?? Named(subjects, words, names, isExact: false)
            ?? Unnamed(subjects, words, names);
    }

    private static string? Named(
        IEnumerable<Subject> subjects, IReadOnlyList<string> words, ExpectationNames? names, bool isExact)
    {
        foreach (Subject subject in subjects)
        {
            if (words.Count > 1 && Named(subject, words[0], names, isExact) is { } name
                && subject.Find(string.Join('-', words.Skip(1))) is { } quantity)
            {
                return $"write '{subject.Word} {name} {quantity.Name}'";
            }
        }

        return null;
    }

    private static string? Unnamed(IEnumerable<Subject> subjects, IReadOnlyList<string> words, ExpectationNames? names)
    {
        foreach (Subject subject in subjects)
        {
            if (subject.Find(string.Join('-', words)) is { } quantity)
            {
                string name = subject.Names == NameOf.Nothing ? ""
                    : Known(subject, names) is [.., var last] ? " " + last : " NAME";
                return $"write '{subject.Word}{name} {quantity.Name}'";
            }
        }

        return null;
    }

    /// <summary>
    /// The subject that goes by this name: a path, the last part of one, an enclave or all its instances.
    /// </summary>
    private static string? Named(Subject subject, string word, ExpectationNames? names, bool isExact)
    {
        if (subject.Names is NameOf.Nothing or NameOf.Node)
        {
            return null;
        }

        IReadOnlyList<string> known = Known(subject, names);
        return isExact
            ? known.FirstOrDefault(one => one == word)
            : known.FirstOrDefault(one => one.EndsWith('/' + word.TrimStart('/'), StringComparison.Ordinal))
            ?? (known.Any(one => one.StartsWith(word + '-', StringComparison.Ordinal)) ? word + "-*" : null);
    }

    private static IReadOnlyList<string> Known(Subject subject, ExpectationNames? names) =>
        names is null
            ? []
            : subject.Names switch
            {
                NameOf.Cgroup => names.Cgroups,
                NameOf.Enclave => names.Enclaves,
                NameOf.Guest => names.Guests,
                NameOf.Node => ["0"],
                NameOf.Nothing or NameOf.Step => [],
            };
}
