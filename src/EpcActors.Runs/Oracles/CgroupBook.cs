using EpcActors.Kernel.Cgroups;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// What the charges that were seen make of one cgroup. In a live run the cgroup's exclusivity protects it.
/// </summary>
internal struct CgroupBook
{
    /// <summary>Bytes charged.</summary>
    public long Usage;

    /// <summary>Bytes that misc.max allows (<see cref="Limit.Bytes"/>).</summary>
    public long Max;

    /// <summary>The highest usage that an accepted charge led to, bytes.</summary>
    public long Peak;

    /// <summary>Events counted in misc.events.</summary>
    public long Events;

    /// <summary>Events counted in misc.events.local.</summary>
    public long EventsLocal;

    /// <summary>Tasks that wait at this level (switch waiters-first).</summary>
    public int Waiters;
}
