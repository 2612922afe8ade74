using System.Globalization;

namespace EpcActors.Hocon;

/// <summary>Position of a value, a key or an error in the text.</summary>
/// <param name="Source">The file's path as it was given, or the name given to the text.</param>
/// <param name="Line">1-based; 0 when the source has no lines (an environment variable).</param>
/// <param name="Column">1-based, in UTF-16 units; 0 when the source has no lines.</param>
public readonly record struct HoconOrigin(string Source, int Line, int Column)
{
    /// <summary><c>file:line:column</c>, or the source alone when it has no lines.</summary>
    public override string ToString() => Line == 0
        ? Source
        : string.Create(CultureInfo.InvariantCulture, $"{Source}:{Line}:{Column}");
}
