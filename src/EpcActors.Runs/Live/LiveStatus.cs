using EpcActors.Kernel.Cgroups;

namespace EpcActors.Runs.Live;

/// <summary>
/// State of a live run at one moment, for the watcher. Each figure is read at a moment of its own, while the actors go
/// on.
/// </summary>
public sealed record LiveStatus
{
    /// <summary>Time since the run began, and the longest that it may take, nanoseconds.</summary>
    public required long NowNs { get; init; }

    public required long LimitNs { get; init; }

    /// <summary>Requests handled so far.</summary>
    public required long Steps { get; init; }

    public required long Faults { get; init; }

    public required long Evictions { get; init; }

    /// <summary>
    /// Tasks that were started and have not ended; of those, how many are under way rather than asleep or waiting.
    /// </summary>
    public required int Tasks { get; init; }

    public required int GoingTasks { get; init; }

    /// <summary>Of those requests: by kind of the message and of both ends.</summary>
    public IReadOnlyList<LiveMessages> Messages { get; init; } = [];

    /// <summary>In the order of the scenario; the root first.</summary>
    public required IReadOnlyList<LiveCgroup> Cgroups { get; init; }

    public required IReadOnlyList<LiveNode> Nodes { get; init; }

    public required long FreePageCounter { get; init; }

    /// <summary>
    /// Audits of a cut so far; when the last one ended, -1 before the first, and how long it took, nanoseconds.
    /// </summary>
    public required int Audits { get; init; }

    public required long LastAuditNs { get; init; }

    public required long LastAuditTookNs { get; init; }

    /// <summary>Rules broken so far.</summary>
    public required int Violations { get; init; }
}

/// <summary>A cgroup of a <see cref="LiveStatus"/>.</summary>
public readonly record struct LiveCgroup(string Path, long CurrentBytes, Limit Max, long Events, long Faults);

/// <summary>A node of a <see cref="LiveStatus"/>.</summary>
public readonly record struct LiveNode(int Id, long FreePages, long CapacityPages);
