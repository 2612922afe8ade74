using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Fields of a step for its phrase. A field that the trace leaves out has its default value.</summary>
internal sealed class PhraseValues(RaceTrace trace, RaceStep step)
{
    /// <summary>Name of the lane without the kind in front: <c>/a</c> of <c>cgroup:/a</c>.</summary>
    public string Owner { get; } = OwnerOf(LaneName(trace, step));

    /// <summary>The whole name of the lane.</summary>
    public string Lane { get; } = LaneName(trace, step);

    /// <summary>As answered, or as asked when the answer left it alone.</summary>
    public string Text(string field, string missing = "0") =>
        Find(step.Answer, field) ?? Find(step.Request, field) ?? missing;

    public bool Yes(string field) => Text(field, "no") is "yes" or "true" or "True" or "1";

    /// <summary>Number of an EPC page, without the mark that tells it from a page of the enclave.</summary>
    public string Epc(string field) => Bare(Text(field));

    public bool IsNone(string field) => Text(field) is "none" or "-" or "-1" or "epc:-1";

    public long? Number(string field) =>
        long.TryParse(Bare(Text(field)), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : null;

    /// <summary>
    /// Value that the task read with its last <paramref name="message"/> before this step, from the same resource.
    /// </summary>
    public long? LastRead(string message, string field)
    {
        for (int i = IndexOf(step) - 1; i >= 0; i--)
        {
            RaceStep before = trace.Steps[i];
            if (
                before.Task == step.Task
                && before.Resource == step.Resource
                && before.Message == message
                && !before.IsParked)
            {
                return new PhraseValues(trace, before).Number(field);
            }
        }

        return null;
    }

    public static string OwnerOf(string lane) => lane[(lane.IndexOf(':', StringComparison.Ordinal) + 1)..];

    private static string Bare(string value) => value.StartsWith("epc:", StringComparison.Ordinal) ? value[4..] : value;

    private int IndexOf(RaceStep wanted)
    {
        // Steps are numbered from 1 without gaps, unless the trace was cut.
        int guess = wanted.Number - 1;
        if (guess >= 0 && guess < trace.Steps.Count && ReferenceEquals(trace.Steps[guess], wanted))
        {
            return guess;
        }

        for (int i = 0; i < trace.Steps.Count; i++)
        {
            if (ReferenceEquals(trace.Steps[i], wanted))
            {
                return i;
            }
        }

        return 0;
    }

    private static string LaneName(RaceTrace trace, RaceStep step) =>
        step.Resource >= 0 && step.Resource < trace.Resources.Count ? trace.Resources[step.Resource].Name : "";

    private static string? Find(IReadOnlyList<KeyValuePair<string, string>> fields, string name)
    {
        foreach ((string key, string value) in fields)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }
}
