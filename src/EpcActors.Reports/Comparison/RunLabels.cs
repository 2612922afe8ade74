using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Names the runs of a comparison by what tells them apart.</summary>
internal static class RunLabels
{
    public static IReadOnlyList<string> Of(IReadOnlyList<RunReport> runs, IReadOnlyList<string>? given)
    {
        if (given is not null)
        {
            return given.Count == runs.Count
                ? given
                : throw new ArgumentException("There must be one label for each run.", nameof(given));
        }

        // The first that tells all runs apart is enough; a kernel's name stands for all its switches.
        List<Func<RunReport, string>> candidates = [r => r.Kernel, r => r.Engine, r => r.Scenario];
        candidates.AddRange(DifferentSwitches(runs)
            .Where(name => runs.Any(r => r.Switches.Any(s => s.Name == name && s.IsOverridden)))
            .Select<string, Func<RunReport, string>>(name => r => $"{name}={ValueOf(r, name)}"));
        candidates.Add(r => "seed " + r.Seed.ToString(CultureInfo.InvariantCulture));
        string[] labels = [.. runs.Select(_ => "")];
        foreach (Func<RunReport, string> candidate in candidates)
        {
            if (labels.Distinct().Count() == runs.Count && labels[0].Length > 0)
            {
                break;
            }

            if (runs.Select(candidate).Distinct().Count() > 1)
            {
                labels = [.. labels.Select((label, i) => (label + " " + candidate(runs[i])).TrimStart())];
            }
        }

        bool isTold = labels.Distinct().Count() == runs.Count && labels[0].Length > 0;
        return isTold
            ? labels
            : [.. labels.Select((label, i) =>
                string.Create(CultureInfo.InvariantCulture, $"{label} run {i + 1}").TrimStart())];
    }

    /// <summary>
    /// Switches that have not the same value in all runs, in the order of the first run that has them.
    /// </summary>
    public static IReadOnlyList<string> DifferentSwitches(IReadOnlyList<RunReport> runs) =>
        [.. runs.SelectMany(r => r.Switches.Select(s => s.Name)).Distinct()
            .Where(name => runs.Select(r => ValueOf(r, name)).Distinct().Count() > 1)];

    public static string ValueOf(RunReport r, string name) =>
        r.Switches.FirstOrDefault(s => s.Name == name)?.Value ?? "-";
}
