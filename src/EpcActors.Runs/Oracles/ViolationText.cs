using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// The words of a finding, put together when there is one. The framework's own handler of interpolated strings is a
/// struct on the stack, which every method that may report something would clear at each call, at every step of a run.
/// </summary>
[InterpolatedStringHandler]
public sealed class ViolationText(int literalLength, int formattedCount)
{
    private readonly StringBuilder _text = new(literalLength + (formattedCount * 8));

    public void AppendLiteral(string value) => _text.Append(value);

    public void AppendFormatted<T>(T value) => AppendFormatted(value, null);

    public void AppendFormatted<T>(T value, string? format) => _text.Append(
        value is IFormattable formattable
            ? formattable.ToString(format, CultureInfo.InvariantCulture)
            : value?.ToString());

    public override string ToString() => _text.ToString();
}
