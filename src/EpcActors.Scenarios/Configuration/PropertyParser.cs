using System.Globalization;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Reads properties: <c>always|finally|sometimes QUANTITY == != &lt; &lt;= &gt; &gt;= QUANTITY or NUMBER</c>.
/// </summary>
public static class PropertyParser
{
    private static readonly string[] Kinds = ["always", "finally", "sometimes"];
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>
    /// One property. Whether its quantities exist is seen when a machine is there (<see cref="PropertyCheck"/>).
    /// </summary>
    /// <exception cref="RaceTextException">The text is none.</exception>
    public static RaceProperty Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        WordReader words = new(text);
        string word = words.Next("always, finally or sometimes");
        int kind = Array.IndexOf(Kinds, word);
        if (kind < 0)
        {
            throw words.Wrong($"'{word}' does not say when it must hold", Suggestions.Remedy(word, Kinds));
        }

        string left = words.Next("a quantity");
        string comparison = words.Next("a comparison");
        if (!Comparisons.Contains(comparison))
        {
            throw words.Wrong($"'{comparison}' is not a comparison", $"allowed: {string.Join(' ', Comparisons)}");
        }

        string right = words.Next("a number or a quantity");
        words.End();
        return new RaceProperty((PropertyKind)kind, text.Trim(), left, comparison, right);
    }

    /// <summary>As <see cref="Parse(string)"/>; the quantities must exist.</summary>
    /// <exception cref="RaceTextException">The text is none, or names what is not there.</exception>
    public static RaceProperty Parse(string text, RaceNames names)
    {
        RaceProperty property = Parse(text);
        int right = text.LastIndexOf(property.Right, StringComparison.Ordinal);
        int kind = text.IndexOf(Kinds[(int)property.Kind], StringComparison.Ordinal);
        int left = text.IndexOf(property.Left, kind + Kinds[(int)property.Kind].Length, StringComparison.Ordinal);
        Check(property.Left, left);
        if (!IsNumber(property.Right, out _))
        {
            Check(property.Right, right);
        }

        return property;

        void Check(string quantity, int at)
        {
            if (Quantities.Problem(quantity, names) is { } problem)
            {
                throw new RaceTextException(text, at, problem.Problem, problem.Remedy);
            }
        }
    }

    internal static bool IsNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}

/// <summary>A property of one machine, ready to be looked at.</summary>
public sealed class PropertyCheck
{
    private readonly Func<long> _left;
    private readonly Func<long> _right;
    private readonly Func<long, long, bool> _compare;
    private readonly Func<bool>? _holds;
    private readonly Func<string>? _describe;

    /// <param name="property">The property.</param>
    /// <param name="quantities">The machine's quantities.</param>
    /// <exception cref="RaceTextException">It names a quantity that is not there.</exception>
    public PropertyCheck(RaceProperty property, Quantities quantities)
    {
        ArgumentNullException.ThrowIfNull(property);
        ArgumentNullException.ThrowIfNull(quantities);
        Property = property;
        if (property.Code is { } code)
        {
            (_holds, _describe) = code(quantities);
            (_left, _right, _compare) = (static () => 0, static () => 0, static (_, _) => true);
            return;
        }

        _left = quantities.Get(property.Left);
        _right = PropertyParser.IsNumber(property.Right, out long number)
            ? () => number
            : quantities.Get(property.Right);
        _compare = property.Comparison switch
        {
            "==" => static (a, b) => a == b,
            "!=" => static (a, b) => a != b,
            "<" => static (a, b) => a < b,
            "<=" => static (a, b) => a <= b,
            ">" => static (a, b) => a > b,
            ">=" => static (a, b) => a >= b,
            _ => throw new RaceTextException(property.Text, 0, $"'{property.Comparison}' is not a comparison"),
        };
    }

    public RaceProperty Property { get; }

    /// <summary>True when the comparison holds in the machine's present state.</summary>
    public bool Holds() => _holds is not null ? _holds() : _compare(_left(), _right());

    /// <summary>Both sides as they are: <c>usage(/a) is 5, max(/a) is 4</c>.</summary>
    public string Describe()
    {
        if (_describe is not null)
        {
            return _describe();
        }

        string left = string.Create(CultureInfo.InvariantCulture, $"{Property.Left} is {_left()}");
        return PropertyParser.IsNumber(Property.Right, out _)
            ? left
            : string.Create(CultureInfo.InvariantCulture, $"{left}, {Property.Right} is {_right()}");
    }
}
