namespace EpcActors.Engine;

/// <summary>Activities that the engine itself accounts; the cost table of the actors begins after them.</summary>
public static class EngineActivity
{
    /// <summary>Spinning or waiting for a mutex.</summary>
    public const int MutexWait = 0;

    /// <summary>Cache lines and wake-ups when a contended mutex changes hands, once per waiter.</summary>
    public const int MutexHandOver = 1;

    /// <summary>Spin on a spin lock that another CPU holds.</summary>
    public const int SpinWait = 2;

    /// <summary>First index free for the actors.</summary>
    public const int Count = 3;
}
