namespace EpcActors.Engine.Live;

/// <summary>An engine cannot be made as its settings say: the user's mistake, not the emulator's.</summary>
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
