using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Kernel;

namespace EpcActors.Scenarios.Configuration;

/// <summary>Reads <c>epc.costs</c>.</summary>
internal static class CostBinder
{
    /// <summary>A second of a fast CPU: far more than anything here can cost.</summary>
    private const int MaxCycles = 1_000_000_000;

    /// <summary>These two are waiting itself: the engine measures it.</summary>
    private static readonly Activity[] Measured = [Activity.MutexWait, Activity.SpinWait, Activity.Work];

    /// <summary>Activities that have a price.</summary>
    public static IReadOnlyList<Activity> Priced { get; } =
        [.. Enum.GetValues<Activity>().Distinct().Where(activity => !Measured.Contains(activity))];

    /// <param name="reader">The effective costs.</param>
    /// <param name="file">The file of the named profile; empty without one.</param>
    public static CostProfile Read(ObjectReader reader, ObjectReader file)
    {
        string profile = reader.TryGet("profile", out Setting? name) ? name.StringOrNull ?? "" : "";
        foreach (string text in (string[])["title", "description"])
        {
            if (reader.TryGet(text, out Setting? setting))
            {
                setting.Text("what it stands for");
            }
        }

        int clock = ReadClock(reader.Get("clock", "2900 MHz"));
        int remote = reader.Get("remote", "140 %").WholePercent(100, 10_000);
        int spin = ReadCycles(reader.Get("mutex-spin", "30000"));
        int[] cycles = new int[Activities.Count];
        bool isChanged = !SameAsFile("clock") || !SameAsFile("remote") || !SameAsFile("mutex-spin");
        foreach (Activity activity in Priced)
        {
            string key = Activities.Key(activity);
            cycles[(int)activity] = ReadCycles(reader.Get(key, "1000"));
            isChanged |= !SameAsFile(key);
        }

        reader.Finish("the costs");
        return new CostProfile
        {
            Name = isChanged ? $"{profile} (changed)" : profile,
            ClockMhz = clock,
            Cycles = cycles,
            RemotePercent = remote,
            MutexSpinCycles = spin,
        };

        bool SameAsFile(string key) =>
            file.TryGet(key, out Setting? own)
            && reader.TryGet(key, out Setting? effective)
            && own.Value!.Equals(effective.Value);
    }

    private static int ReadCycles(Setting setting)
    {
        setting.May(ValueShape.Cycles(MaxCycles));
        string? text = setting.StringOrNull?.Trim();
        if (text is not null && text.EndsWith("cycles", StringComparison.Ordinal))
        {
            if (
                int.TryParse(
                    text[..^"cycles".Length].Trim(),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out int cycles)
                && cycles <= MaxCycles)
            {
                return cycles;
            }
        }
        else if (setting.Value is HoconNumber)
        {
            return (int)setting.WholeNumber(0, MaxCycles);
        }

        if (!setting.IsMissing)
        {
            setting.Wrong("a number of cycles", "write for example 12000, or 12000 cycles");
        }

        return 0;
    }

    private static int ReadClock(Setting setting)
    {
        const int Fallback = 1000;
        setting.May(ValueShape.Clock);
        if (setting.IsMissing)
        {
            return Fallback;
        }

        string text = (setting.StringOrNull ?? "").Trim();
        decimal scale =
            text.EndsWith("GHz", StringComparison.Ordinal) ? 1000
            : text.EndsWith("MHz", StringComparison.Ordinal) ? 1
            : 0;
        if (
            scale > 0
            && decimal.TryParse(
                text[..^3].Trim(),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out decimal number)
            && number * scale is >= 1 and <= 100_000
            && decimal.Truncate(number * scale) == number * scale)
        {
            return (int)(number * scale);
        }

        if (setting.Value is HoconNumber bare)
        {
            setting.Error($"the clock {bare.Text} has no unit", $"write '{bare.Text} MHz', or GHz");
        }
        else
        {
            setting.Wrong("a clock in whole MHz, up to 100 GHz", "write for example 2900 MHz or 2.9 GHz");
        }

        return Fallback;
    }
}
