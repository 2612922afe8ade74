namespace EpcActors.Runs.Oracles;

/// <summary>
/// Who has which page in its hands, for a live run: a slot for each page, in chunks that come into being when first
/// touched. Taking and leaving a slot is one atomic operation, so that a page in two hands is seen at the very step
/// that brings it there, whichever threads the two steps run on.
/// </summary>
/// <remarks>
/// A page that changes hands leaves the first ones and comes into the second ones on one resource (a free list, an
/// enclave), whose exclusivity orders the two; so an occupied slot is never one that is about to be left by a step
/// before.
/// </remarks>
internal sealed class SharedHolders
{
    private const int ChunkShift = 12;
    private const int ChunkPages = 1 << ChunkShift;
    private const long MayBeListed = 1L << 16;

    private readonly long[]?[] _chunks;

    public SharedHolders(int pageCount) => _chunks = new long[]?[(pageCount + ChunkPages - 1) >> ChunkShift];

    /// <summary>Puts a page into the hands of a task.</summary>
    /// <returns>-1, or the task that has it already: then nothing is changed.</returns>
    public int TryHold(int page, int task, ushort cgroup, bool mayBeListed)
    {
        long held = ((long)(task + 1) << 32) | (mayBeListed ? MayBeListed : 0) | cgroup;
        return TaskOf(Interlocked.CompareExchange(ref Slot(page), held, 0));
    }

    /// <summary>Takes a page out of whose hands it is in.</summary>
    /// <returns>The task that had it, or -1.</returns>
    public int Release(int page, out ushort cgroup)
    {
        long held = Interlocked.Exchange(ref Slot(page), 0);
        cgroup = CgroupOf(held);
        return TaskOf(held);
    }

    /// <summary>Every page that is in hands, once nothing runs any more.</summary>
    public IEnumerable<(int Page, int Task, ushort Cgroup, bool MayBeListed)> All()
    {
        for (int chunk = 0; chunk < _chunks.Length; chunk++)
        {
            if (_chunks[chunk] is not { } slots)
            {
                continue;
            }

            for (int i = 0; i < slots.Length; i++)
            {
                long held = slots[i];
                if (held != 0)
                {
                    yield return ((chunk << ChunkShift) + i, TaskOf(held), CgroupOf(held), (held & MayBeListed) != 0);
                }
            }
        }
    }

    private static int TaskOf(long held) => (int)(held >> 32) - 1;

    private static ushort CgroupOf(long held) => (ushort)held;

    private ref long Slot(int page)
    {
        ref long[]? place = ref _chunks[page >> ChunkShift];
        long[]? chunk = Volatile.Read(ref place);
        if (chunk is null)
        {
            // Two threads may both make it; the first one's is kept.
            long[] made = new long[ChunkPages];
            chunk = Interlocked.CompareExchange(ref place, made, null) ?? made;
        }

        return ref chunk[page & (ChunkPages - 1)];
    }
}
