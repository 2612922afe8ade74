using System.Diagnostics.CodeAnalysis;
using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <content>Shares: percentages of a whole.</content>
internal sealed partial class Setting
{
    /// <summary>
    /// A part of <paramref name="wholePages"/> pages: a percentage of them, or a size of their own. Pages.
    /// </summary>
    public int PartOfPages(int wholePages, string whole, bool allowZero)
    {
        int least = allowZero ? 0 : 1;
        May(ValueShape.Size);
        if (allowZero)
        {
            May(ValueShape.Zero);
        }

        if (TryPercentText(out string? text))
        {
            decimal percent = ParsePercent(text, 0, 100, instead: 100);
            return (int)Math.Max(least, decimal.Truncate(wholePages * percent / 100));
        }

        int pages = Pages(allowZero: allowZero);
        if (pages > wholePages)
        {
            Error(
                $"{Describe(Value)} is more than {whole} has ({SizeText((long)wholePages * PageSize)})",
                "write a smaller size, or a percentage");
            return wholePages;
        }

        return pages;
    }

    /// <summary>A percentage.</summary>
    public decimal Percent(decimal min, decimal max)
    {
        May(ValueShape.Percent);
        if (min == 0)
        {
            May(ValueShape.Zero);
        }

        if (IsMissing)
        {
            return min;
        }

        if (TryPercentText(out string? text))
        {
            return ParsePercent(text, min, max);
        }

        if (Value is HoconNumber or HoconString && IsBareNumber(Value.AsString().Trim(), out decimal bare))
        {
            if (bare == 0 && min == 0)
            {
                return 0;
            }

            Error(
                $"the percentage {Value.AsString()} has no unit",
                bare < min || bare > max
                    ? $"write for example {Math.Clamp(10, min, max)} %"
                    : $"write '{Value.AsString()} %'");
            return min;
        }

        Wrong("a percentage", "write for example 10 %");
        return min;
    }

    /// <summary>A percentage in whole percent.</summary>
    public int WholePercent(int min, int max)
    {
        decimal percent = Percent(min, max);
        if (percent != decimal.Truncate(percent))
        {
            Error(
                $"{Describe(Value)} is not a whole percentage",
                $"write {decimal.Truncate(percent)} % or {decimal.Truncate(percent) + 1} %");
        }

        return (int)percent;
    }

    /// <param name="text">The number before the sign.</param>
    /// <param name="min">Least allowed.</param>
    /// <param name="max">Most allowed.</param>
    /// <param name="instead">What to go on with after an error; the least allowed if null.</param>
    private decimal ParsePercent(string text, decimal min, decimal max, decimal? instead = null)
    {
        if (!TryDecimal(text, out decimal percent))
        {
            Wrong("a percentage", "write for example 10 %");
            return instead ?? min;
        }

        if (percent < min || percent > max)
        {
            Error($"{Describe(Value)} is out of range", $"allowed: {min} % to {max} %");
            return instead ?? min;
        }

        return percent;
    }

    private bool TryPercentText([NotNullWhen(true)] out string? number)
    {
        number = null;
        string? text = StringOrNull?.Trim();
        if (text is null || !text.EndsWith('%'))
        {
            return false;
        }

        number = text[..^1].Trim();
        return true;
    }
}
