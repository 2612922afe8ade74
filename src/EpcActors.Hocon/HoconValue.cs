using System.Globalization;

namespace EpcActors.Hocon;

/// <summary>
/// A value of a resolved configuration. Immutable, and safe to read from any thread. Two values are equal when they
/// have the same content: origins, the order of keys and the way a number or a string was written do not count.
/// </summary>
public abstract class HoconValue : IEquatable<HoconValue>
{
    private protected HoconValue(HoconOrigin origin)
    {
        Origin = origin;
    }

    /// <summary>Position of the value in the text; a substituted value keeps the position of its definition.</summary>
    public HoconOrigin Origin { get; }

    /// <summary>The value's type.</summary>
    public abstract HoconValueKind Kind { get; }

    /// <summary>Values in this tree, itself included; saturates, since shared parts count each time.</summary>
    internal virtual long NodeCount => 1;

    /// <summary>Levels of containers in this tree.</summary>
    internal virtual int Depth => 0;

    public abstract bool Equals(HoconValue? other);

    public sealed override bool Equals(object? obj) => Equals(obj as HoconValue);

    public abstract override int GetHashCode();

    /// <summary>The value as one line of JSON.</summary>
    public override string ToString() => HoconRenderer.Render(this, HoconRenderOptions.CompactJson);
}

/// <summary>A string, quoted or not.</summary>
public sealed class HoconString : HoconValue
{
    internal HoconString(HoconOrigin origin, string value, bool isQuoted)
        : base(origin)
    {
        Value = value;
        IsQuoted = isQuoted;
    }

    /// <summary>The text, escapes already replaced.</summary>
    public string Value { get; }

    /// <summary>True when the text, or a part of it, was written between quotes.</summary>
    public bool IsQuoted { get; }

    public override HoconValueKind Kind => HoconValueKind.String;

    public override bool Equals(HoconValue? other) => other is HoconString s && s.Value == Value;

    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);
}

/// <summary>A number by JSON's grammar. It keeps its text, so nothing is lost to rounding.</summary>
public sealed class HoconNumber : HoconValue
{
    internal HoconNumber(HoconOrigin origin, string text)
        : base(origin)
    {
        Text = text;
    }

    /// <summary>The number as it was written in the file.</summary>
    public string Text { get; }

    public override HoconValueKind Kind => HoconValueKind.Number;

    public override bool Equals(HoconValue? other) => other is HoconNumber n
        && (n.Text == Text || NumberText.Canonical(n.Text) == NumberText.Canonical(Text));

    public override int GetHashCode() => NumberText.Canonical(Text).GetHashCode(StringComparison.Ordinal);
}

/// <summary><c>true</c> or <c>false</c>.</summary>
public sealed class HoconBoolean : HoconValue
{
    internal HoconBoolean(HoconOrigin origin, bool value)
        : base(origin)
    {
        Value = value;
    }

    public bool Value { get; }

    public override HoconValueKind Kind => HoconValueKind.Boolean;

    public override bool Equals(HoconValue? other) => other is HoconBoolean b && b.Value == Value;

    public override int GetHashCode() => Value ? 1 : 2;
}

/// <summary><c>null</c>: set, but to nothing. It converts to no other type.</summary>
public sealed class HoconNull : HoconValue
{
    internal HoconNull(HoconOrigin origin)
        : base(origin)
    {
    }

    public override HoconValueKind Kind => HoconValueKind.Null;

    public override bool Equals(HoconValue? other) => other is HoconNull;

    public override int GetHashCode() => 0;
}

/// <summary>Syntax of a JSON number, and its value.</summary>
internal static class NumberText
{
    public static bool IsJsonNumber(ReadOnlySpan<char> text)
    {
        int i = 0;
        if (i < text.Length && text[i] == '-')
        {
            i++;
        }

        int first = i;
        i = SkipDigits(text, i);
        if (i == first || (text[first] == '0' && i - first > 1))
        {
            return false;
        }

        if (i < text.Length && text[i] == '.')
        {
            int fraction = i + 1;
            i = SkipDigits(text, fraction);
            if (i == fraction)
            {
                return false;
            }
        }

        if (i < text.Length && text[i] is 'e' or 'E')
        {
            i++;
            if (i < text.Length && text[i] is '+' or '-')
            {
                i++;
            }

            int exponent = i;
            i = SkipDigits(text, exponent);
            if (i == exponent)
            {
                return false;
            }
        }

        return i == text.Length;
    }

    /// <summary>The same text for all ways to write one number: sign, digits, exponent of the last digit.</summary>
    public static string Canonical(string number)
    {
        int e = number.AsSpan().IndexOfAny('e', 'E');
        ReadOnlySpan<char> mantissa = e < 0 ? number : number.AsSpan(0, e);
        long exponent = 0;
        if (e >= 0 && !long.TryParse(number.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out exponent))
        {
            return number; // 1e99999999999999999999: not worth more than its text
        }

        bool negative = mantissa[0] == '-';
        int point = mantissa.IndexOf('.');
        string digits = mantissa.ToString().Replace(".", "", StringComparison.Ordinal).TrimStart('-').TrimStart('0');
        string significant = digits.TrimEnd('0');
        if (significant.Length == 0)
        {
            return "0";
        }

        int decimals = point < 0 ? 0 : mantissa.Length - point - 1;
        Int128 last = (Int128)exponent + (digits.Length - significant.Length) - decimals;
        return string.Create(CultureInfo.InvariantCulture, $"{(negative ? "-" : "")}{significant}e{last}");
    }

    /// <summary>False when the value does not fit 28 digits.</summary>
    public static bool TryDecimal(ReadOnlySpan<char> text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
        && (value != 0 || HasOnlyZeroDigits(text));

    public static double ToDouble(ReadOnlySpan<char> text) =>
        double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    // decimal turns 1e-40 into 0 without a word.
    private static bool HasOnlyZeroDigits(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (c is 'e' or 'E')
            {
                break;
            }

            if (c is >= '1' and <= '9')
            {
                return false;
            }
        }

        return true;
    }

    private static int SkipDigits(ReadOnlySpan<char> text, int i)
    {
        while (i < text.Length && char.IsAsciiDigit(text[i]))
        {
            i++;
        }

        return i;
    }
}
