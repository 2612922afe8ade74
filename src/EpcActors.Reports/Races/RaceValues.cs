using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The quantities of a trace over its steps.</summary>
internal static class RaceValues
{
    /// <summary>Value after a step, null when the step does not say.</summary>
    public static long? After(RaceStep step, int quantity) =>
        quantity < step.Values.Count ? step.Values[quantity] : null;

    /// <summary>Value before a step: that of the last one before it that says it.</summary>
    public static long? Before(RaceTrace trace, RaceStep step, int quantity)
    {
        int at = step.Number - 1;
        if (at < 0 || at >= trace.Steps.Count || !ReferenceEquals(trace.Steps[at], step))
        {
            at = 0;
            while (at < trace.Steps.Count && !ReferenceEquals(trace.Steps[at], step))
            {
                at++;
            }
        }

        for (int i = at - 1; i >= 0; i--)
        {
            if (After(trace.Steps[i], quantity) is { } value)
            {
                return value;
            }
        }

        return quantity < trace.Before.Count ? trace.Before[quantity] : null;
    }

    public static bool Changes(RaceTrace trace, int quantity)
    {
        long? last = quantity < trace.Before.Count ? trace.Before[quantity] : null;
        foreach (RaceStep step in trace.Steps)
        {
            long? now = After(step, quantity);
            if (now is not null && last is not null && now != last)
            {
                return true;
            }

            last = now ?? last;
        }

        return false;
    }

    /// <summary>Characters that the name and every value of a quantity need.</summary>
    public static int Width(RaceTrace trace, int quantity)
    {
        int width = ConsoleText.CellWidth(ConsoleText.Visible(trace.Quantities[quantity]));
        foreach (long value in trace.Steps.Where(s => quantity < s.Values.Count).Select(s => s.Values[quantity])
            .Concat(trace.Before.Skip(quantity).Take(1)))
        {
            width = Math.Max(width, value.ToString(CultureInfo.InvariantCulture).Length);
        }

        return width;
    }
}
