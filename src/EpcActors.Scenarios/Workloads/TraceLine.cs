using System.Globalization;

namespace EpcActors.Scenarios.Workloads;

/// <summary>The fields of one line of a trace, taken one by one, separated by blanks or tabs.</summary>
internal ref struct TraceLine
{
    private readonly string _source;
    private readonly int _line;
    private readonly ReadOnlySpan<char> _text;
    private int _position;
    private int _fieldStart;

    public TraceLine(string source, int line, ReadOnlySpan<char> text)
    {
        _source = source;
        _line = line;
        int comment = text.IndexOf('#');
        _text = (comment < 0 ? text : text[..comment]).TrimEnd();
        SkipBlanks();
    }

    /// <summary>Whether no field is left.</summary>
    public readonly bool IsAtEnd => _position == _text.Length;

    /// <summary>The next field.</summary>
    /// <exception cref="TraceFormatException">There is none.</exception>
    public ReadOnlySpan<char> Next(string what, string remedy)
    {
        _fieldStart = _position;
        if (IsAtEnd)
        {
            throw Error($"{what} is missing", remedy);
        }

        while (_position < _text.Length && !IsBlank(_text[_position]))
        {
            _position++;
        }

        ReadOnlySpan<char> field = _text[_fieldStart.._position];
        SkipBlanks();
        return field;
    }

    /// <summary>The next field as a decimal number from 0 to <paramref name="max"/>.</summary>
    /// <exception cref="TraceFormatException">There is none, or it is another thing.</exception>
    public long NextNumber(string what, long max)
    {
        ReadOnlySpan<char> field = Next(what, $"write {what} as a decimal number from 0 to {max}");
        if (!long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out long value) || value > max)
        {
            throw Error($"'{field}' is not a {what}", $"write a decimal number from 0 to {max}");
        }

        return value;
    }

    /// <summary>Refuses anything after the last field.</summary>
    public void End(string form)
    {
        if (!IsAtEnd)
        {
            _fieldStart = _position;
            throw Error($"'{_text[_position..]}' is too much", $"write {form}, one access a line");
        }
    }

    /// <summary>An error at the field taken last.</summary>
    public readonly TraceFormatException Error(string problem, string remedy) =>
        new(_source, _line, _fieldStart + 1, problem, remedy);

    private void SkipBlanks()
    {
        while (_position < _text.Length && IsBlank(_text[_position]))
        {
            _position++;
        }
    }

    private static bool IsBlank(char character) => character is ' ' or '\t';
}
