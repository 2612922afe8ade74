namespace EpcActors.Mount.CgroupFs;

/// <summary>A process of the host.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Parent">Number of its parent.</param>
/// <param name="StartedAt">Ticks since boot: tells a number that was given again.</param>
public readonly record struct HostProcess(int Id, int Parent, long StartedAt);

/// <summary>The processes of the host, as the mount needs them.</summary>
public interface IProcessTable
{
    /// <summary>All processes that have not exited.</summary>
    IReadOnlyList<HostProcess> All();

    /// <summary>The process that a thread belongs to; null when there is none.</summary>
    HostProcess? OfThread(int thread);

    /// <summary>SIGKILL.</summary>
    void Kill(int process);
}
