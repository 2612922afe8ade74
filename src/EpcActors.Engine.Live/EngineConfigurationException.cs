namespace EpcActors.Engine.Live;

/// <summary>The settings of an engine are not valid: a mistake of the user, not of the emulator.</summary>
#pragma warning disable CA1032 // Made here with a message, always.
public sealed class EngineConfigurationException : Exception
#pragma warning restore CA1032
{
    public EngineConfigurationException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public EngineConfigurationException(string message)
        : base(message)
    {
    }
}
