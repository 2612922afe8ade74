using EpcActors.Engine;
using EpcActors.Kernel.Memory;
using static EpcActors.Kernel.Processes.OomKillerProtocol;

namespace EpcActors.Kernel.Processes;

/// <summary>Requests to the memory controller's out-of-memory killer.</summary>
public static class OomKillerProtocol
{
    /// <summary>Picks the process below a memory cgroup whose enclave's backing is largest.</summary>
    /// <remarks>oom_badness counts the pages that a process has mapped, and the backing of an enclave is not mapped.
    /// Nothing else of a process has a size here, so the backing stands for it.</remarks>
    public struct SelectVictim : IMessage
    {
        public static ushort Code => 0x0C01;

        public static MessageKind Kind => MessageKind.Lifetime;

        /// <summary>Index of the memory cgroup that is over its limit.</summary>
        public int MemoryCgroup;

        /// <summary>Out: the victim; none when the cgroup has no process left.</summary>
        public ActorId Process;

        /// <summary>Out: index of the victim's memory cgroup.</summary>
        public int VictimCgroup;
    }
}

/// <summary>
/// mem_cgroup_out_of_memory under <c>oom_lock</c>: one victim at a time. It looks at every process of the subtree; the
/// kernel does so under RCU while they go on running, so a look without messages hides nothing that matters to EPC.
/// </summary>
/// <remarks>
/// It reads single words only: whether a process lives, its memory cgroup, the pages of its file. They need not be of
/// one moment, as in the kernel.
/// </remarks>
public sealed class OomKiller : Resource, IHandle<SelectVictim>
{
    [Constant]
    private readonly List<(Process Process, BackingStore Backing)> _candidates = [];
    [Constant]
    private readonly int[] _parents;

    /// <param name="id">Address.</param>
    /// <param name="memoryCgroupParents">Parent of each memory cgroup, -1 for the root.</param>
    public OomKiller(ActorId id, int[] memoryCgroupParents)
        : base(id, "oom-killer") => _parents = memoryCgroupParents;

    public void AddCandidate(Process process, BackingStore backing) => _candidates.Add((process, backing));

    public void Handle(ref SelectVictim message, Turn turn)
    {
        message.Process = ActorId.None;
        int largest = -1;
        foreach ((Process process, BackingStore backing) in _candidates)
        {
            if (process.HasExited || !IsBelow(process.MemoryCgroup, message.MemoryCgroup))
            {
                continue;
            }

            if (process.Killed == KillReason.MemoryOom)
            {
                // A victim still exits: wait for its memory and kill no other process (oom_evaluate_task).
                message.Process = process.Id;
                message.VictimCgroup = process.MemoryCgroup;
                return;
            }

            if (backing.File.AllocatedPages > largest)
            {
                largest = backing.File.AllocatedPages;
                message.Process = process.Id;
                message.VictimCgroup = process.MemoryCgroup;
            }
        }
    }

    public override ActorKind ActorKind => ActorKind.OomKiller;

    private bool IsBelow(int memoryCgroup, int root)
    {
        for (int at = memoryCgroup; at >= 0; at = _parents[at])
        {
            if (at == root)
            {
                return true;
            }
        }

        return false;
    }
}
