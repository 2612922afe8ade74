using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using EpcActors.Hocon;

namespace EpcActors.Imports.Kubernetes;

/// <summary>
/// A quantity as Kubernetes writes it: a decimal number with a suffix (n u m, none, k M G T P E; Ki Mi Gi Ti Pi Ei)
/// or an exponent (1e9, 1E9). Exact, since a rounded byte is a wrong limit.
/// </summary>
/// <param name="Numerator">Of the value as a fraction.</param>
/// <param name="Denominator">A power of ten, at least 1.</param>
internal readonly partial record struct Quantity(BigInteger Numerator, BigInteger Denominator)
{
    /// <summary>Kubernetes keeps 63 bits; a larger text is a mistake.</summary>
    private const int MostExponent = 40;

    /// <summary>Examples of a quantity, for remedies.</summary>
    public const string Form =
        "a number, alone or with Ki, Mi, Gi (powers of 1024) or k, M, G (powers of 1000) behind it";

    /// <summary>Whether it has no fraction. Extended resources take whole numbers only.</summary>
    public bool IsWhole => Numerator % Denominator == 0;

    /// <summary>The whole number, or the next larger one, as Kubernetes rounds; at most 2^63 - 1.</summary>
    public long Ceiling
    {
        get
        {
            BigInteger value = BigInteger.DivRem(Numerator, Denominator, out BigInteger rest);
            value += rest.Sign > 0 ? 1 : 0;
            return value > long.MaxValue ? long.MaxValue : value < long.MinValue ? long.MinValue : (long)value;
        }
    }

    /// <summary>Reads one.</summary>
    public static bool TryParse(string text, out Quantity quantity)
    {
        quantity = default;
        if (text.Length > 64 || Form_().Match(text) is not { Success: true } parts)
        {
            return false;
        }

        string fraction = parts.Groups["fraction"].Value;
        BigInteger mantissa = BigInteger.Parse(
            "0" + parts.Groups["whole"].Value + fraction, NumberStyles.None, CultureInfo.InvariantCulture);
        string suffix = parts.Groups["suffix"].Value;
        int ten = -fraction.Length;
        int two = 0;
        if (suffix.EndsWith('i'))
        {
            two = 10 * (1 + "KMGTPE".IndexOf(suffix[0], StringComparison.Ordinal));
        }
        else if (suffix.Length == 1)
        {
            ten += suffix[0] switch
            {
                'n' => -9,
                'u' => -6,
                'm' => -3,
                _ => 3 * (1 + "kMGTPE".IndexOf(suffix[0], StringComparison.Ordinal)),
            };
        }
        else if (parts.Groups["exponent"] is { Success: true } exponent)
        {
            if (!int.TryParse(exponent.ValueSpan, NumberStyles.AllowLeadingSign, null, out int power)
                || Math.Abs(power) > MostExponent)
            {
                return false;
            }

            ten += power;
        }

        if (parts.Groups["sign"].Value == "-")
        {
            mantissa = -mantissa;
        }

        quantity = ten >= 0
            ? new Quantity(mantissa * BigInteger.Pow(10, ten) * BigInteger.Pow(2, two), 1)
            : new Quantity(mantissa * BigInteger.Pow(2, two), BigInteger.Pow(10, -ten));
        return true;
    }

    /// <summary>Remedy for a text that is not a quantity: the one that was meant, when it can be told.</summary>
    public static string Remedy(string text)
    {
        if (text.EndsWith('K') && TryParse(text[..^1], out _))
        {
            return $"write {text[..^1]}Ki (powers of 1024) or {text[..^1]}k (powers of 1000)";
        }

        if (HoconUnits.TryParseSize(text, out long bytes, out _) && bytes > 0)
        {
            string meant = bytes % 1048576 == 0
                ? $"{(bytes / 1048576).ToString(CultureInfo.InvariantCulture)}Mi"
                : bytes.ToString(CultureInfo.InvariantCulture);
            return $"write {meant}";
        }

        return $"write {Form}";
    }

    [GeneratedRegex(
        @"^(?<sign>[+-])?((?<whole>\d+)(\.(?<fraction>\d*))?|\.(?<fraction>\d+))"
            + @"((?<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?<exponent>[+-]?\d{1,3}))?$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form_();
}
