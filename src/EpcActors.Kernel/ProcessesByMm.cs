using EpcActors.Engine;

namespace EpcActors.Kernel;

/// <summary>
/// The process of each address space (mm->owner). A task that pays for the enclave of another process looks here for
/// each page. Ids are dense, so a lookup is one load.
/// </summary>
public sealed class ProcessesByMm
{
    private ActorId[] _processes = [];

    /// <summary>Says which process an address space belongs to.</summary>
    public void Set(ActorId mm, ActorId process)
    {
        int before = _processes.Length;
        if (mm.Index >= before)
        {
            Array.Resize(ref _processes, Math.Max(mm.Index + 1, before * 2));
            Array.Fill(_processes, ActorId.None, before, _processes.Length - before);
        }

        _processes[mm.Index] = process;
    }

    /// <summary>The process of an address space; <see cref="ActorId.None"/> when it has none here.</summary>
    public ActorId Of(ActorId mm) => (uint)mm.Index < (uint)_processes.Length ? _processes[mm.Index] : ActorId.None;
}
