using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Expectations;

/// <summary>Reads the values of expectations, with their units.</summary>
internal static class ValueReader
{
    /// <summary>No size or duration comes near it, and scaled by any unit it is still a decimal.</summary>
    private const decimal Most = 10_000_000_000_000_000;

    private static readonly (string Unit, decimal Factor)[] ByteUnits =
    [
        ("B", 1), ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("pages", KernelConstants.PageSize), ("page", KernelConstants.PageSize),
    ];

    private static readonly (string Unit, decimal Factor)[] TimeUnits =
    [
        ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
            ("min", 60_000_000_000), ("h", 3_600_000_000_000),
    ];

    /// <summary>A value to show how one is written.</summary>
    public static string Example(Quantity quantity) => quantity.Kind switch
    {
        ValueKind.Word => quantity.Words[0],
        ValueKind.Count => "1000",
        ValueKind.Pages => "4096 pages, or 16 MiB",
        ValueKind.Bytes => "24 MiB",
        ValueKind.Duration => "50 us",
        ValueKind.Share => "20 %",
        ValueKind.Factor => "1.1",
    };

    /// <summary>A value of a quantity.</summary>
    /// <param name="quantity">Of what.</param>
    /// <param name="text">The text.</param>
    /// <param name="at">Its position in the expectation.</param>
    /// <exception cref="ExpectationException">It is not a value of the quantity.</exception>
    public static ExpectedValue Read(Quantity quantity, string text, int at)
    {
        if (quantity.Kind == ValueKind.Word)
        {
            return quantity.Words.Contains(text)
                ? ExpectedValue.Of(text)
                : throw new ExpectationException(at, $"{quantity.Name} is never '{text}'",
                    Suggestions.Remedy(text, [.. quantity.Words]));
        }

        if (quantity.HasMax && text == "max")
        {
            return ExpectedValue.Max;
        }

        int digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c is '.' or '-' or '+').Count();
        string number = text[..digits];
        string unit = text[digits..].Trim();
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out decimal value))
        {
            throw new ExpectationException(at, $"'{text}' is not a value of {quantity.Name}",
                $"write for example {Example(quantity)}");
        }

        if (value < 0 && quantity.Name != "free-page-counter")
        {
            throw new ExpectationException(at, $"{quantity.Name} is never negative",
                $"write for example {Example(quantity)}");
        }

        if (value > Most)
        {
            throw new ExpectationException(at, $"{number} is too large", $"write for example {Example(quantity)}");
        }

        int unitAt = at + text.Length - unit.Length;
        return new ExpectedValue(Scale(quantity, value, text, unit, at, unitAt), "");
    }

    private static decimal Scale(Quantity quantity, decimal value, string text, string unit, int at, int unitAt)
    {
        switch (quantity.Kind)
        {
            case ValueKind.Bytes:
                return Whole(value * Factor(quantity, unit.Length == 0 ? "B" : unit, ByteUnits, unitAt), "bytes",
                    text, at);
            case ValueKind.Pages when unit.Length > 0:
                return Whole(value * Factor(quantity, unit, ByteUnits, unitAt) / KernelConstants.PageSize, "pages",
                    text, at);
            case ValueKind.Duration:
                if (unit.Length == 0 && value != 0)
                {
                    throw new ExpectationException(at, $"the duration {text} has no unit",
                        $"write '{text} us' (units: ns, us, ms, s, m, h)");
                }

                return value * Factor(quantity, unit.Length == 0 ? "ns" : unit.Replace('µ', 'u').Replace('μ', 'u'),
                    TimeUnits, unitAt);
            case ValueKind.Share:
                return unit is "%" ? value / 100 : NoUnit(quantity, value, unit, unitAt);
            case ValueKind.Factor:
                return unit is "x" or "×" ? value : NoUnit(quantity, value, unit, unitAt);
            default:
                return Whole(NoUnit(quantity, value, unit, unitAt), "", text, at);
        }
    }

    private static decimal Factor(Quantity quantity, string unit, (string Unit, decimal Factor)[] units, int at)
    {
        foreach ((string name, decimal factor) in units)
        {
            if (name == unit)
            {
                return factor;
            }
        }

        string[] names = [.. units.Select(one => one.Unit)];
        string? meant = names.FirstOrDefault(name => string.Equals(name, unit, StringComparison.OrdinalIgnoreCase))
            ?? names.FirstOrDefault(name => string.Equals(name, unit + "B", StringComparison.OrdinalIgnoreCase))
            ?? names.FirstOrDefault(name => string.Equals(name, unit + "iB", StringComparison.OrdinalIgnoreCase));
        string list = $"units of {quantity.Name}: {string.Join(", ", names)}";
        throw new ExpectationException(at, $"there is no unit '{unit}'", meant is null ? list
            : $"did you mean '{meant}'? ({list})");
    }

    private static decimal NoUnit(Quantity quantity, decimal value, string unit, int at) => unit.Length == 0
        ? value
        : throw new ExpectationException(at, $"{quantity.Name} has no unit '{unit}'",
            $"write for example {Example(quantity)}");

    private static decimal Whole(decimal value, string of, string text, int at) => value == decimal.Truncate(value)
        ? value
        : throw new ExpectationException(at, $"{text} is not a whole number{(of.Length == 0 ? "" : " of " + of)}",
            "write a whole number");
}
