using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Kernel.Tasks;

/// <summary>
/// One step of the program of an enclave's threads after the build. All threads do a step together and meet at a
/// barrier after it. Only thread 0 makes the system calls.
/// </summary>
public abstract record ProgramStep
{
    private ProgramStep()
    {
    }

    /// <summary>Touches every page of the heap once, in ascending order.</summary>
    /// <param name="Kind">Kind of the accesses.</param>
    /// <param name="WorkNs">User code between two touches, nanoseconds.</param>
    /// <param name="ByOne">True: thread 0 touches all of them; false: each thread its share.</param>
    public sealed record TouchHeap(AccessKind Kind, long WorkNs, bool ByOne) : ProgramStep;

    /// <summary>Touches pages as patterns say, one pattern per thread.</summary>
    /// <param name="Patterns">Per thread.</param>
    /// <param name="Accesses">Per thread, after the warm-up; negative: until the end of the run.</param>
    /// <param name="WorkNs">User code between two accesses, nanoseconds.</param>
    /// <param name="WarmUp">Accesses of each thread before those that are measured.</param>
    public sealed record RunPattern(IReadOnlyList<AccessPattern> Patterns, long Accesses, long WorkNs, long WarmUp)
        : ProgramStep;

    /// <summary>Replays a recorded trace, each thread its own accesses: thread 1 of 8 also those of thread 9.</summary>
    /// <param name="Trace">The trace.</param>
    /// <param name="TraceEnclave">Whose accesses.</param>
    /// <param name="GapsAreArrivals">
    /// True: the thread sleeps until the times of the trace. False: the time between two accesses is work of the
    /// program, and a fault adds to it.
    /// </param>
    public sealed record ReplayTrace(AccessTrace Trace, int TraceEnclave, bool GapsAreArrivals) : ProgramStep;

    /// <summary>EACCEPT on every page of the heap, each thread its share.</summary>
    public sealed record AcceptHeap : ProgramStep;

    /// <summary>MODIFY_TYPES to TRIM over the heap.</summary>
    public sealed record ChangeType : ProgramStep;

    /// <summary>RESTRICT_PERMISSIONS over the heap; EACCEPT has to follow.</summary>
    public sealed record RestrictPermissions : ProgramStep;

    /// <summary>REMOVE_PAGES over the heap.</summary>
    public sealed record RemoveHeap : ProgramStep;

    /// <summary>Sleeps outside the enclave.</summary>
    public sealed record Pause(long Ns) : ProgramStep;

    /// <summary>fork(): a child process gets a mapping of the enclave and runs a program of its own in it.</summary>
    public sealed record ForkChild(EnclaveThread Child) : ProgramStep;
}
