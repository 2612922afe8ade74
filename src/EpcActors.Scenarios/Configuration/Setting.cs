using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// One value of a configuration with its key. Each conversion reports what is wrong to the context and goes on with a
/// harmless value, so that one run finds all errors.
/// </summary>
internal sealed partial class Setting(
    LoadContext context, HoconValue? value, HoconOrigin origin, string path, string schema = "")
{
    /// <summary>
    /// Null when the key is required and missing: that is reported already, and no conversion reports more.
    /// </summary>
    public HoconValue? Value { get; } = value;

    public HoconOrigin Origin { get; } = origin;

    public string Path { get; } = path;

    /// <summary>The key with placeholders for names, e.g. <c>epc.enclaves.&lt;name&gt;.threads</c>.</summary>
    public string Schema { get; } = schema;

    public LoadContext Context { get; } = context;

    public bool IsMissing => Value is null;

    /// <summary>The text of a string; null for anything else.</summary>
    public string? StringOrNull => (Value as HoconString)?.Value;

    public void Error(string message, string remedy = "") => Context.Error(Origin, Path, message, remedy);

    /// <summary>
    /// An error at a word of a text, when the text stands on one line without escapes, as such texts do.
    /// </summary>
    /// <param name="position">Index of the word's first character in the text.</param>
    /// <param name="message">What is wrong with it.</param>
    /// <param name="remedy">What to write instead.</param>
    public void ErrorAt(int position, string message, string remedy)
    {
        int column = Origin.Column + position + (Value is HoconString { IsQuoted: true } ? 1 : 0);
        Context.Error(Origin with { Column = Origin.Line == 0 ? 0 : column }, Path, message, remedy);
    }

    /// <summary>Says what the value may be, for the schema. Each conversion says it of itself.</summary>
    public void May(ValueShape shape) => Context.Shapes?.Add(Schema, shape);

    /// <summary>True for a word that stands beside other forms of the value, such as <c>auto</c>.</summary>
    public bool Is(string word)
    {
        May(ValueShape.Word(word));
        return StringOrNull == word;
    }

    public void Note(string message) => Context.Note(Origin, Path, message);

    /// <summary>Any text.</summary>
    public string Text(string example)
    {
        May(ValueShape.Text);
        switch (Value)
        {
            case HoconString or HoconNumber or HoconBoolean:
                return Value.AsString();
            case not null:
                Wrong("a text", $"write for example {example}");
                break;
        }

        return "";
    }

    /// <summary>A whole number from <paramref name="min"/> to <paramref name="max"/>.</summary>
    /// <param name="min">Least allowed.</param>
    /// <param name="max">Most allowed.</param>
    /// <param name="isOpen">The most depends on the rest of the configuration.</param>
    public long Integer(long min, long max, bool isOpen = false)
    {
        May(ValueShape.Integer(min, isOpen ? long.MaxValue : max));
        return WholeNumber(min, max);
    }

    /// <summary>The same where the value may be more, which the caller says.</summary>
    public long WholeNumber(long min, long max)
    {
        if (IsMissing)
        {
            return min;
        }

        if (TryInteger(Value!, out long number))
        {
            if (number >= min && number <= max)
            {
                return number;
            }

            Error($"{Number(number)} is out of range", $"allowed: {Number(min)} to {Number(max)}");
        }
        else
        {
            Wrong("a whole number", $"allowed: {Number(min)} to {Number(max)}");
        }

        return min;
    }

    public int Int(int min, int max, bool isOpen = false) => (int)Integer(min, max, isOpen);

    /// <summary>A seed: a whole number of 64 bits without sign.</summary>
    public ulong Seed()
    {
        May(ValueShape.Integer(0, long.MaxValue));
        if (Value is HoconNumber or HoconString
            && ulong.TryParse(Value.AsString(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
        {
            return seed;
        }

        if (!IsMissing)
        {
            Wrong("a whole number from 0 to 18446744073709551615", "write for example 42");
        }

        return 0;
    }

    /// <summary>A real number.</summary>
    public double Real(double min, double max)
    {
        May(ValueShape.Real(min, max));
        if (Value is HoconNumber or HoconString
            && double.TryParse(Value.AsString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number))
        {
            if (number >= min && number <= max)
            {
                return number;
            }

            Error(
                $"{Value.AsString()} is out of range",
                string.Create(CultureInfo.InvariantCulture, $"allowed: {min} to {max}"));
        }
        else if (!IsMissing)
        {
            Wrong("a number", string.Create(CultureInfo.InvariantCulture, $"allowed: {min} to {max}"));
        }

        return min;
    }

    /// <summary>True for <c>off</c>, or any of HOCON's words for it.</summary>
    public bool IsOff()
    {
        May(ValueShape.Off);
        return TryOnOff(Value, out bool isOn) && !isOn;
    }

    /// <summary><c>on</c> or <c>off</c>, or any of HOCON's words for them.</summary>
    public bool OnOff()
    {
        May(ValueShape.Switch);
        if (TryOnOff(Value, out bool isOn))
        {
            return isOn;
        }

        if (!IsMissing)
        {
            Wrong("on or off", "write on or off");
        }

        return false;
    }

    /// <summary>One member of an enumeration, in kebab case.</summary>
    public T Choice<T>(string what)
        where T : struct, Enum => Enum.GetValues<T>()[Choice(Words<T>.All, what)];

    /// <summary>One word of a list. Returns its index.</summary>
    public int Choice(IReadOnlyList<string> words, string what)
    {
        May(ValueShape.Words(words));
        if (IsMissing)
        {
            return 0;
        }

        if (Value is not (HoconString or HoconBoolean or HoconNumber))
        {
            Wrong(what, $"allowed: {Suggestions.List(words)}");
            return 0;
        }

        string word = Value.AsString();
        for (int i = 0; i < words.Count; i++)
        {
            if (string.Equals(words[i], word, StringComparison.Ordinal))
            {
                return i;
            }
        }

        // on and off of an enumeration that has these words may also be written true and false.
        if (TryOnOff(Value, out bool isOn))
        {
            int index = IndexOf(words, isOn ? "on" : "off");
            if (index >= 0)
            {
                return index;
            }
        }

        Error($"'{word}' is not {what}", Suggestions.Remedy(word, [.. words]));
        return 0;
    }

    /// <summary>
    /// The values of a list, or of an object whose keys are whole numbers, by these; null for anything else.
    /// </summary>
    public IReadOnlyList<HoconValue>? List =>
        Value switch
        {
            HoconArray array => array,
            HoconObject { Keys.Count: > 0 } o
                when o.Keys.All(key => int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out _)) =>
            [
                .. o.OrderBy(pair => int.Parse(pair.Key, CultureInfo.InvariantCulture)).Select(pair => pair.Value),
            ],
            _ => null,
        };

    /// <summary>The values of a list, with their keys; empty for anything else, which is reported.</summary>
    public IReadOnlyList<Setting> Items(string what)
    {
        May(ValueShape.List);
        if (List is { } list)
        {
            return [.. list.Select((item, i) =>
                new Setting(Context, item, item.Origin, $"{Path}[{Number(i)}]", $"{Schema}[]"))];
        }

        if (!IsMissing)
        {
            Wrong($"a list of {what}", "put it between [ and ]");
        }

        return [];
    }

    /// <summary>Reports a value of the wrong type.</summary>
    public void Wrong(string expected, string remedy = "") =>
        Error($"found {Describe(Value)}; expected {expected}", remedy);

    public static string Describe(HoconValue? value) => value switch
    {
        null => "nothing",
        HoconString s => $"'{(s.Value.Length <= 60 ? s.Value : s.Value[..60] + "…")}'",
        HoconNumber n => n.Text,
        HoconBoolean b => b.Value ? "true" : "false",
        HoconNull => "null",
        HoconArray => "a list",
        _ => "an object",
    };

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static bool TryOnOff([NotNullWhen(true)] HoconValue? value, out bool isOn)
    {
        isOn = value is HoconBoolean { Value: true } or HoconString { Value: "on" or "yes" or "true" };
        return isOn || value is HoconBoolean or HoconString { Value: "off" or "no" or "false" };
    }

    private static bool TryInteger(HoconValue value, out long number)
    {
        number = 0;
        return value is HoconNumber or HoconString
            && long.TryParse(value.AsString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    private static int IndexOf(IReadOnlyList<string> words, string word)
    {
        for (int i = 0; i < words.Count; i++)
        {
            if (words[i] == word)
            {
                return i;
            }
        }

        return -1;
    }
}
