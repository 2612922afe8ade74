using EpcActors.Kernel.Tasks;

namespace EpcActors.Scenarios;

/// <summary>
/// Room of a live machine for what comes from outside while it runs: cgroups that are made, processes that start, and
/// the tasks that make an administrator's system calls.
/// </summary>
/// <param name="Calls">Source of the system calls.</param>
/// <param name="Signals">
/// Source of the signals. They have tasks of their own: a write to memory.max waits until processes have ended, so it
/// must not keep the signals that end them.
/// </param>
/// <param name="Orders">Source of the processes' orders.</param>
public sealed record OutsideSpec(ISystemCalls Calls, ISystemCalls Signals, IProcessOrders Orders)
{
    /// <summary>Places for cgroups; removed ones that have pages still take one.</summary>
    public int Cgroups { get; init; } = 256;

    /// <summary>Places for processes with an enclave, at the same time.</summary>
    public int Processes { get; init; } = 64;

    /// <summary>Pages of the linear range of each enclave, a power of two.</summary>
    public required int EnclavePages { get; init; }

    /// <summary>Tasks that make system calls: so many overlap.</summary>
    public int CallTasks { get; init; } = 32;
}
