namespace EpcActors.Engine;

/// <summary>
/// Address of an actor: a dense index given out by the topology, the same in every process that loads the same file.
/// </summary>
/// <remarks>It is an id, never an object reference: a message that carries it can leave the process.</remarks>
public readonly record struct ActorId(int Index)
{
    /// <summary>No actor.</summary>
    public static ActorId None => new(-1);

    public bool IsNone => Index < 0;

    public override string ToString() => IsNone ? "-" : $"#{Index}";
}
