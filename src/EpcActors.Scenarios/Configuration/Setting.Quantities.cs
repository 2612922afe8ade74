using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Values with a unit. A bare number is an error everywhere but for 0: what HOCON makes of it (milliseconds, bytes) is
/// rarely what was meant.
/// </summary>
internal sealed partial class Setting
{
    private const long MiB = 1024 * 1024;
    private const int PageSize = KernelConstants.PageSize;

    private static readonly string[] SizeUnits = ["B", "KiB", "MiB", "GiB", "TiB", "pages", "page"];
    private static readonly string[] DurationUnits = ["ns", "us", "ms", "s", "m", "h", "cycles", "cycle"];

    /// <summary>
    /// A limit of a cgroup: bytes, or <c>max</c>. misc_cg_max_write() takes any number, and
    /// what is not a whole page never comes to be used; memory.max keeps whole pages.
    /// </summary>
    /// <param name="roundsDown">To whole pages.</param>
    public Limit CgroupLimit(bool roundsDown = false)
    {
        May(ValueShape.Word("max"));
        May(ValueShape.Size);
        May(ValueShape.Zero);
        if (StringOrNull?.Trim() == "max")
        {
            return Limit.Max;
        }

        if (IsAboveAnyEpc(out string? number))
        {
            Note($"{number} bytes are more than any machine has: as max");
            return Limit.Max;
        }

        if (!TryBytes("64 MiB, or max", out long bytes, takesBytes: true))
        {
            return default;
        }

        if (bytes < 0)
        {
            Error($"the size {Describe(Value)} is negative", "write for example 64 MiB, or max");
            return default;
        }

        long pages = bytes / PageSize;
        if (bytes % PageSize != 0)
        {
            string meant = MeantBinary(Value!.AsString().Trim());
            Note(
                $"{Describe(Value)} is {Number(bytes)} bytes, no whole number of pages: {Number(pages)}"
                    + $" {(pages == 1 ? "page is" : "pages are")} in effect, as in the "
                    + $"kernel{(meant.Length == 0 ? "" : $" ({meant})")}");
        }

        return roundsDown ? Limit.OfPages(pages) : Limit.OfBytes(bytes);
    }

    /// <summary>A number of bytes that the kernel's u64 holds and a long does not.</summary>
    private bool IsAboveAnyEpc([NotNullWhen(true)] out string? number)
    {
        string text = StringOrNull?.Trim() ?? (Value is HoconNumber ? Value.AsString() : "");
        number = text.EndsWith('B') ? text[..^1].TrimEnd() : text;
        return ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong bytes)
            && bytes > long.MaxValue;
    }

    /// <summary>A size in pages, from 1 to <paramref name="max"/>.</summary>
    /// <param name="max">Most allowed.</param>
    /// <param name="allowZero">0 is a size.</param>
    /// <param name="allowShare">A share of the machine's EPC is one.</param>
    public int Pages(long max = int.MaxValue, bool allowZero = false, bool allowShare = true)
    {
        May(allowShare ? ValueShape.Size : ValueShape.OwnSize);
        if (allowZero)
        {
            May(ValueShape.Zero);
        }

        if (!allowShare && TryPercentText(out _))
        {
            Error(
                $"found {Describe(Value)}; a section cannot be a share of the EPC", "write a size, for example 64 MiB");
            return 1;
        }

        int least = allowZero ? 0 : 1;
        long pages = SizeBytes(least * PageSize, "64 MiB") / PageSize;
        if (pages > max)
        {
            Error(
                $"{Describe(Value)} is {Number(pages)} pages; at most {Number(max)} are possible",
                $"write at most {SizeText(max * PageSize)}");
            return least;
        }

        return (int)pages;
    }

    /// <summary>A size in bytes, not tied to pages.</summary>
    public long Bytes(long min, long max)
    {
        May(ValueShape.Size);
        if (!TryBytes("1 KiB", out long bytes))
        {
            return min;
        }

        if (bytes < min || bytes > max)
        {
            Error($"{Describe(Value)} is out of range", $"allowed: {Number(min)} B to {Number(max)} B");
            return min;
        }

        return bytes;
    }

    /// <summary>A duration in nanoseconds, also in cycles of the cost profile's clock.</summary>
    /// <param name="minimumNs">Smallest allowed.</param>
    /// <param name="unit">What a bare number was probably meant in.</param>
    public long DurationNs(long minimumNs = 0, string unit = "ms")
    {
        May(ValueShape.Duration);
        if (minimumNs == 0)
        {
            May(ValueShape.Zero);
        }

        if (IsMissing)
        {
            return minimumNs;
        }

        if (Value is not (HoconString or HoconNumber))
        {
            Wrong("a duration", $"write for example 10 {unit}");
            return minimumNs;
        }

        string text = Value.AsString().Trim();
        if (IsBareNumber(text, out decimal bare))
        {
            // Nought alone needs no unit.
            if (bare != 0 || minimumNs != 0)
            {
                RefuseWithoutUnit(text, bare, unit);
            }

            return minimumNs;
        }

        long nanoseconds;
        if (TryStripUnit(text, "cycles", "cycle", out string? cycles))
        {
            if (!TryDecimal(cycles, out decimal number) || number > 1_000_000_000_000_000m)
            {
                Wrong("a number of cycles", "write for example 300 cycles");
                return minimumNs;
            }

            nanoseconds = (long)decimal.Round(number * 1000 / Context.ClockMhz, MidpointRounding.AwayFromZero);
        }
        else if (
            !HoconUnits.TryParseDuration(text.Replace('µ', 'u').Replace('μ', 'u'), out nanoseconds, out string? problem)
        )
        {
            Error(WithoutAdvice(problem), DurationRemedy(text, unit));
            return minimumNs;
        }

        if (nanoseconds < minimumNs)
        {
            Error(
                nanoseconds < 0
                    ? $"the duration {Describe(Value)} is negative"
                    : $"the duration {Describe(Value)} is too short",
                minimumNs == 1 ? "it must be longer than 0"
                    : minimumNs == 0 ? "write 0 or more"
                    : $"write at least {Number(minimumNs)} ns");
            return minimumNs;
        }

        return nanoseconds;
    }

    private void RefuseWithoutUnit(string text, decimal bare, string unit)
    {
        if (bare < 0)
        {
            Error($"the duration {text} is negative", $"write for example 10 {unit}, or 0");
        }
        else if (bare == 0)
        {
            Error($"the duration {text} is too short", $"write for example 10 {unit}");
        }
        else
        {
            Error($"the duration {text} has no unit", $"write '{text} {unit}' (units: ns, us, ms, s, m, h, cycles)");
        }
    }

    /// <summary>A size for people: the largest unit that divides it.</summary>
    public static string SizeText(long bytes)
    {
        (string Name, long Bytes)[] units = [("GiB", 1024 * MiB), ("MiB", MiB), ("KiB", 1024)];
        foreach ((string name, long unit) in units)
        {
            if (bytes >= unit && bytes % unit == 0)
            {
                return $"{Number(bytes / unit)} {name}";
            }
        }

        return $"{Number(bytes)} B";
    }

    private long SizeBytes(long minimum, string example)
    {
        if (!TryBytes(example, out long bytes))
        {
            return minimum;
        }

        if (bytes % PageSize != 0)
        {
            Error(
                $"{Describe(Value)} is {Number(bytes)} bytes, which is not a whole number of pages of 4096",
                NearestSizes(bytes));
            return minimum;
        }

        if (bytes < minimum)
        {
            Error($"the size {Describe(Value)} is too small", $"write at least {SizeText(minimum)}");
            return minimum;
        }

        return bytes;
    }

    private bool TryBytes(string example, out long bytes, bool takesBytes = false)
    {
        bytes = 0;
        if (IsMissing)
        {
            return false;
        }

        if (Value is not (HoconString or HoconNumber))
        {
            Wrong("a size", $"write for example {example}");
            return false;
        }

        string text = Value.AsString().Trim();
        if (IsBareNumber(text, out decimal bare))
        {
            if (bare == 0)
            {
                return true;
            }

            if (bare < 0)
            {
                Error($"the size {text} is negative", $"write for example {example}");
                return false;
            }

            Error($"the size {text} has no unit", BareSizeRemedy(text, bare, takesBytes));
            return false;
        }

        if (TryPercentText(out string? percent))
        {
            // Of the machine's EPC, down to whole pages.
            decimal share = ParsePercent(percent, 0, 1_000_000);
            bytes = (long)decimal.Truncate(Context.EpcPages * share / 100) * PageSize;
            return true;
        }

        if (TryStripUnit(text, "pages", "page", out string? pages))
        {
            if (
                long.TryParse(pages, NumberStyles.None, CultureInfo.InvariantCulture, out long count)
                && count <= long.MaxValue / PageSize)
            {
                bytes = count * PageSize;
                return true;
            }

            Wrong("a whole number of pages", "write for example 12288 pages");
            return false;
        }

        if (HoconUnits.TryParseSize(text, out bytes, out string? problem))
        {
            return true;
        }

        Error(WithoutAdvice(problem), SizeRemedy(text, example));
        return false;
    }

    private string NearestSizes(long bytes)
    {
        long below = bytes / PageSize;
        string text = below == 0
            ? $"the nearest: {WithPages(1)}"
            : $"the nearest: {WithPages(below)} or {WithPages(below + 1)}";

        string meant = MeantBinary(Value!.AsString().Trim());
        return meant.Length == 0 ? text : $"{meant}; {text}";

        static string WithPages(long pages) =>
            $"{SizeText(pages * PageSize)} ({Number(pages)} {(pages == 1 ? "page" : "pages")})";
    }

    /// <summary>MB means a million; who writes it for EPC nearly always means MiB. Empty for any other unit.</summary>
    private static string MeantBinary(string size)
    {
        string unit = size[size.TrimEnd('B', 'b').TrimEnd('k', 'K', 'M', 'G', 'T').Length..];
        return unit is "kB" or "MB" or "GB" or "TB"
            ? $"if powers of 1024 were meant, write '{size[..^2].Trim()} {char.ToUpperInvariant(unit[0])}iB'"
            : "";
    }

    /// <summary>
    /// The library lists all units of HOCON after a semicolon; which of them make sense here stands in the remedy.
    /// </summary>
    private static string WithoutAdvice(string problem)
    {
        int advice = problem.IndexOf("; write", StringComparison.Ordinal);
        return advice < 0 ? problem : problem[..advice];
    }

    private static string BareSizeRemedy(string text, decimal number, bool takesBytes)
    {
        if (
            takesBytes
            && number >= MiB
            && number <= long.MaxValue
            && decimal.Truncate(number) == number
            && number % PageSize != 0)
        {
            return $"if bytes were meant, write '{Number((long)number)} B'";
        }

        if (number >= MiB && number <= long.MaxValue && decimal.Truncate(number) == number && number % PageSize == 0)
        {
            return $"if bytes were meant, write '{SizeText((long)number)}'";
        }

        return number < 65_536
            ? $"write '{text} MiB', or '{text} pages' if pages were meant"
            : $"write '{text} pages', or a unit (KiB, MiB, GiB)";
    }

    private static bool TryStripUnit(
        string text,
        string plural,
        string singular,
        [NotNullWhen(true)] out string? number)
    {
        string? unit = text.EndsWith(plural, StringComparison.Ordinal) ? plural
            : text.EndsWith(singular, StringComparison.Ordinal) ? singular
            : null;
        number = unit is null ? null : text[..^unit.Length].Trim();
        return number is not null;
    }

    /// <summary>1e3 has no unit either, though HOCON's units would take it for milliseconds or bytes.</summary>
    private static bool IsBareNumber(string text, out decimal number) => decimal.TryParse(
        text,
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
        CultureInfo.InvariantCulture,
        out number);

    private static bool TryDecimal(string text, out decimal number) =>
        decimal.TryParse(
            text,
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out number);
}
