using EpcActors.Cluster.Sharing;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Coordination;

/// <summary>Settings of a coordinator: the cluster to form and the scenario to run.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>The scenario, with the faults to bring about.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>Version of this program, with that of the frames; members must have the same.</summary>
    public required string Version { get; init; }

    /// <summary>Fingerprint of the effective configuration; members must have the same.</summary>
    public required string Configuration { get; init; }

    /// <summary>
    /// Sockets of each process that is started here, or expected without being asked for sockets. Other sockets go to
    /// the processes that ask for them.
    /// </summary>
    public required IReadOnlyList<IReadOnlyList<int>> Own { get; init; }

    /// <summary>Time that results may take when the run is over, nanoseconds.</summary>
    public long ResultTimeoutNs { get; init; } = 20_000_000_000;

    /// <summary>
    /// The first part of the tickets of processes that are started here. Not to be guessed, so a run over real
    /// processes leaves it alone.
    /// </summary>
    public string Secret { get; init; } = Guid.NewGuid().ToString("N");

    /// <summary>
    /// A rule that the coordinator leaves out, to see that the simulation finds it. Never on but in tests and in the
    /// simulated cluster.
    /// </summary>
    public ClusterDefect Defect { get; init; }
}

/// <summary>
/// Starts member processes on this machine, and does to them what an experiment asks for. One thread calls it at a
/// time.
/// </summary>
public interface IProcessKeeper
{
    /// <summary>Starts one.</summary>
    /// <param name="ticket">It says this in its hello, so that the coordinator knows it again.</param>
    /// <param name="exited">Called once from any thread when it has ended: its exit code, and its last words.</param>
    /// <exception cref="Transport.ClusterException">it could not be started.</exception>
    IOwnProcess Start(string ticket, Action<int, string> exited);
}

/// <summary>
/// A process that this one has started. One that has ended is not touched: another process may have its id by now.
/// </summary>
public interface IOwnProcess
{
    int Id { get; }

    /// <summary>SIGKILL, or what the system has for it.</summary>
    void Kill();

    /// <summary>SIGSTOP.</summary>
    /// <exception cref="Transport.ClusterException">the system has no such thing.</exception>
    void Pause();

    /// <summary>SIGCONT.</summary>
    void Resume();
}
