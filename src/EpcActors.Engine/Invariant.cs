using System.Runtime.CompilerServices;

namespace EpcActors.Engine;

/// <summary>Assertions that are on in every build.</summary>
public static class Invariant
{
    /// <exception cref="InvariantViolation">when <paramref name="condition"/> is false.</exception>
    public static void That(bool condition, string message)
    {
        if (!condition)
        {
            Throw(message);
        }
    }

    /// <summary>As above; the message is put together only when it is needed.</summary>
    /// <exception cref="InvariantViolation">when <paramref name="condition"/> is false.</exception>
    public static void That(
        bool condition,
        [InterpolatedStringHandlerArgument(nameof(condition))] ref InvariantMessage message)
    {
        if (!condition)
        {
            Throw(message.ToStringAndClear());
        }
    }

    private static void Throw(string message) => throw new InvariantViolation(message);
}

/// <summary>Compiler plumbing of <see cref="Invariant.That(bool, ref InvariantMessage)"/>.</summary>
[InterpolatedStringHandler]
public ref struct InvariantMessage
{
    private DefaultInterpolatedStringHandler _text;

    public InvariantMessage(int literalLength, int formattedCount, bool condition, out bool isNeeded)
    {
        isNeeded = !condition;
        _text = condition ? default : new DefaultInterpolatedStringHandler(literalLength, formattedCount);
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string ToStringAndClear() => _text.ToStringAndClear();
}
