namespace EpcActors.Mount.Live;

/// <summary>An open device of a process of the host: the process as the machine has it.</summary>
public sealed class OutsideHandle
{
    private int _isClosing;

    internal OutsideHandle(int place, int process)
    {
        Place = place;
        Process = process;
    }

    /// <summary>Number of the process on the host.</summary>
    public int Process { get; }

    internal int Place { get; }

    internal bool IsClosing => Volatile.Read(ref _isClosing) != 0;

    /// <summary>The exit of the process, once it was begun.</summary>
    internal Task? Exit { get; set; }

    /// <summary>True for the first caller.</summary>
    internal bool BeginClose() => Interlocked.Exchange(ref _isClosing, 1) == 0;
}
