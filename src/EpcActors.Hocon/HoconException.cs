namespace EpcActors.Hocon;

/// <summary>
/// The one error this library raises for bad input: syntax, includes, substitutions, wrong types. The message starts
/// with the origin and says what was found, what was expected and, where there is one, the remedy.
/// </summary>
public sealed class HoconException : Exception
{
    /// <summary>Creates the error; <see cref="Exception.Message"/> becomes <c>file:line:column: detail</c>.</summary>
    public HoconException(HoconOrigin origin, string detail, Exception? cause = null)
        : base($"{origin}: {detail}", cause)
    {
        Origin = origin;
        Detail = detail;
    }

    /// <summary>Position of the error.</summary>
    public HoconOrigin Origin { get; }

    /// <summary>The message without the position.</summary>
    public string Detail { get; }
}
