namespace EpcActors.Cluster.Wire;

/// <summary>
/// Bytes that came over the wire are not what this program writes. The message says what was expected, what was found,
/// and where.
/// </summary>
public sealed class WireFormatException : Exception
{
    public WireFormatException()
    {
    }

    public WireFormatException(string message)
        : base(message)
    {
    }

    public WireFormatException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
