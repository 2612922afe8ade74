namespace EpcActors.Engine;

/// <summary>
/// A programmer's error in the emulator itself (never a modelled outcome). Only the engine catches it; it stops the run
/// and reports the place.
/// </summary>
#pragma warning disable CA1710 // The word of the field is violation, not exception.
public sealed class InvariantViolation : Exception
#pragma warning restore CA1710
{
    public InvariantViolation(string message)
        : base(message)
    {
    }

    public InvariantViolation(string message, Exception inner)
        : base(message, inner)
    {
    }
}
