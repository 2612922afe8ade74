namespace EpcActors.Cli.Running;

/// <summary>One column of a comparison.</summary>
/// <param name="Label">What tells it from the others.</param>
/// <param name="Overrides">Keys that make it so.</param>
internal sealed record Variation(string Label, IReadOnlyList<KeyValuePair<string, string>> Overrides)
{
    /// <summary>Key that names the kernel.</summary>
    public const string KernelKey = "epc.kernel";

    /// <summary>Every combination of a kernel and one value of each varied key; the first varies slowest.</summary>
    /// <exception cref="CommandException">when there is nothing to compare.</exception>
    public static IReadOnlyList<Variation> Combine(
        IReadOnlyList<string> kernels, IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> varied)
    {
        IReadOnlyList<Variation> combined = [new Variation("", [])];
        if (kernels.Count > 0)
        {
            combined = [.. combined.SelectMany(one => kernels.Select(kernel => one.With(KernelKey, kernel, kernel)))];
        }

        foreach ((string key, IReadOnlyList<string> values) in varied)
        {
            combined =
            [
                .. combined.SelectMany(one =>
                    values.Select(value => one.With(key, value, $"{ShortName(key)}={value}"))),
            ];
        }

        if (combined.Count < 2)
        {
            throw CommandException.Usage(
                "there is nothing to compare: name at least two kernels with --kernels a,b or two values with --vary "
                + "key=v1,v2 "
                + "('epc config kernels' lists the kernels)");
        }

        if (combined.GroupBy(one => one.Label).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw CommandException.Usage($"'{twice.Key}' would run twice; name each kernel and each value once");
        }

        return combined;
    }

    /// <summary>The label as the name of a directory that every file system takes.</summary>
    public static IReadOnlyList<string> DirectoryNames(IReadOnlyList<Variation> variations)
    {
        List<string> names = [];
        foreach (Variation one in variations)
        {
            string name = string.Concat(
                    one.Label.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '=' ? c : '-'))
                .Trim('.', '-');
            name =
                name.Length == 0 ? "run"
                : name.Length > 80 ? name[..80]
                : name;
            names.Add(names.Contains(name, StringComparer.OrdinalIgnoreCase) ? $"{name}-{names.Count + 1}" : name);
        }

        return names;
    }

    private Variation With(string key, string value, string label) =>
        new(
            Label.Length == 0 ? label : $"{Label} {label}",
            [.. Overrides, new KeyValuePair<string, string>(key, value)]);

    private static string ShortName(string key) => key[(key.LastIndexOf('.') + 1)..];
}
