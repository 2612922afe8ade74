using System.Globalization;
using EpcActors.Results.Text;

namespace EpcActors.Scenarios.Expectations;

/// <summary>Unit of a quantity, and so the notation of its values.</summary>
public enum ValueKind
{
    /// <summary>One of a few words.</summary>
    Word,

    /// <summary>A whole number.</summary>
    Count,

    /// <summary>A number of EPC pages, also written as a size.</summary>
    Pages,

    /// <summary>Bytes, also written as a size or in pages.</summary>
    Bytes,

    /// <summary>A duration, nanoseconds.</summary>
    Duration,

    /// <summary>A part of one, also written in percent.</summary>
    Share,

    /// <summary>A factor, 1 for no difference.</summary>
    Factor,
}

/// <summary>A value of a quantity: a number or a word.</summary>
/// <param name="Number">The number in the unit of its kind; null for a word.</param>
/// <param name="Word">The word, also for a number that has one (<c>max</c>).</param>
public readonly record struct ExpectedValue(decimal? Number, string Word)
{
    /// <summary>No limit: above every number.</summary>
    public static ExpectedValue Max { get; } = new(decimal.MaxValue, "max");

    public static ExpectedValue Of(long number) => new(number, "");

    /// <summary>A measured ratio, to four digits behind the point.</summary>
    public static ExpectedValue Of(double number) => new(Math.Round((decimal)number, 4), "");

    public static ExpectedValue Of(string word) => new(null, word);

    /// <summary>True when <c>this op other</c> holds.</summary>
    public bool Holds(string op, ExpectedValue other)
    {
        if (Number is { } left && other.Number is { } right)
        {
            return op switch
            {
                "==" => left == right,
                "!=" => left != right,
                "<" => left < right,
                "<=" => left <= right,
                ">" => left > right,
                _ => left >= right,
            };
        }

        bool isEqual = Number is null && other.Number is null && Word == other.Word;
        return op switch
        {
            "==" => isEqual,
            "!=" => !isEqual,
            _ => false,
        };
    }

    /// <summary>For people: exact, with its unit, and what they would call it where that differs.</summary>
    public string Text(ValueKind kind)
    {
        if (Number is not { } number || Word.Length > 0)
        {
            return Word;
        }

        string digits = number.ToString("0.####", CultureInfo.InvariantCulture);
        return kind switch
        {
            ValueKind.Bytes when number >= 1024 => $"{digits} B ({Sizes.Text((long)number)})",
            ValueKind.Bytes => $"{digits} B",
            ValueKind.Pages => $"{digits} {(number == 1 ? "page" : "pages")}",
            ValueKind.Duration => Durations.Text((long)number),
            ValueKind.Share => (number * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %",
            ValueKind.Factor => digits + "x",
            ValueKind.Word or ValueKind.Count => digits,
        };
    }
}
