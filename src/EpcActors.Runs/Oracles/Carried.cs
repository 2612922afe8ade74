using EpcActors.Engine;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// What one task has between two places, by the messages that went by: taken and not given yet, or given and not taken
/// yet.
/// </summary>
internal class Carried(TaskActor task, Books books)
{
    private readonly KernelTask? _kernelTask = task as KernelTask;

    public TaskActor Task => task;

    /// <summary>Number of the task among all.</summary>
    public int Number { get; } = task.Id.Index;

    /// <summary>
    /// Where the message that is looked at is booked: the one book of a simulation, in a live run that of the resource
    /// that handles it.
    /// </summary>
    public Books Books = books;

    /// <summary>EPC pages in its hands.</summary>
    public int Pages;

    /// <summary>Of those, the ones that it means to keep there.</summary>
    public int KeptPages => _kernelTask is not null ? _kernelTask.KeptPages : IsExternal ? Pages : 0;

    /// <summary>Cgroups that count it as waiting (switch waiters-first): one it has left refuses faults.</summary>
    public int Waits;

    /// <summary>Of <see cref="ChargeBytes"/>, those that stand for pages elsewhere.</summary>
    public long KeptChargeBytes =>
        _kernelTask is not null ? _kernelTask.KeptChargeBytes : IsExternal ? ChargeBytes : 0;

    /// <summary>
    /// An actor outside of the engine, as a TestProbe: it may keep what it took and charged until the end, and is
    /// booked for it until then.
    /// </summary>
    private bool IsExternal => task.ActorKind == ActorKind.External;

    /// <summary>EPC charges without a page (or, negative, pages without a charge), over all levels; bytes.</summary>
    public long ChargeBytes;

    /// <summary>RAM charges without a page of backing store, over all levels.</summary>
    public long MemoryPages;

    /// <summary>VA slots taken for pages that are not written out yet.</summary>
    public int VaSlots;

    /// <summary>Pages isolated from an LRU.</summary>
    public int Isolated;

    /// <summary>Pages that it put on free lists (negative: took off them) and has not counted.</summary>
    public long UncountedPages;

    /// <summary>Cgroup that the charge for the next page was made to, -1 for none.</summary>
    public int ChargedCgroup = -1;

    /// <summary>Of a part: all levels have granted the next charge.</summary>
    public bool IsGranted;

    /// <summary>Cgroup that a charge was last given back to, -1 for none.</summary>
    public int UnchargedCgroup = -1;

    /// <summary>
    /// The page that it took last. No verdict needs it, but the published numbers of states count it: see <see
    /// cref="Word"/>.
    /// </summary>
    public int FreshPage = -1;

    /// <summary>Cgroup that was charged for it, -1 for none.</summary>
    public int FreshCgroup = -1;

    /// <summary>Its last load from the racy counter, and the time of it.</summary>
    public long LoadedPages;
    public long LoadedNs;
    public long LoadNumber = -1;

    /// <summary>When it was first refused a page since it last got one, -1 for never; nanoseconds.</summary>
    public long RefusedSinceNs = -1;

    /// <summary>Duties that follow from what it saw.</summary>
    public Owed Owed;

    /// <summary>Its debts were reported already.</summary>
    public bool IsReported;

    public bool IsEmpty =>
        (VaSlots | Isolated | Waits) == 0
        && (MemoryPages | UncountedPages) == 0
        && ChargeBytes == KeptChargeBytes
        && Pages == KeptPages;

    /// <summary>
    /// What later verdicts depend on, in one number; 0 for a task that never carried anything. The values that only a
    /// report tells (what was loaded, and when) are left out.
    /// </summary>
    public ulong Word
    {
        get
        {
            ReadOnlySpan<long> values =
            [
                Pages,
                ChargeBytes,
                MemoryPages,
                VaSlots,
                Isolated,
                UncountedPages,
                ChargedCgroup + 1,
                UnchargedCgroup + 1,
                FreshPage + 1,
                FreshCgroup + 1,
                IsReported ? 1 : 0,
            ];
            ulong word = 0;
            foreach (long value in values)
            {
                word = (word * 0x9E3779B97F4A7C15) + (ulong)value;
            }

            return word;
        }
    }

    /// <summary>Its possessions, by the rule that each breaks.</summary>
    public IEnumerable<(string Rule, string What)> Describe()
    {
        if (Pages != KeptPages)
        {
            yield return (Rules.PageConservation, $"{Pages - KeptPages} EPC pages in its hands");
        }

        if (ChargeBytes != KeptChargeBytes)
        {
            yield return (
                Rules.CgroupUsage,
                $"charged {ChargeBytes - KeptChargeBytes} bytes, over all levels, more than it has pages for");
        }

        if (UncountedPages != 0)
        {
            yield return (Rules.FreePageCounter, $"{UncountedPages:+0;-0} pages to add to sgx_nr_free_pages");
        }

        if (Isolated != 0)
        {
            yield return (Rules.LruMembership, $"{Isolated} isolated pages");
        }

        if (VaSlots != 0)
        {
            yield return (Rules.VaSlots, $"{Counted.Of(VaSlots, "VA slot")} that no page uses");
        }

        if (Waits != 0)
        {
            yield return (Rules.CgroupLimit, $"{Counted.Of(Waits, "cgroup")} that count it as waiting");
        }

        if (MemoryPages != 0)
        {
            yield return (
                Rules.BackingCharge,
                $"charged {Counted.Of(MemoryPages, "page")} of RAM, over all levels, more than it made");
        }
    }
}

/// <summary>
/// The same in a live run, with what the task alone has seen of progress and the lack of it: counts of its own, where a
/// simulation has one for all tasks, so that no two threads write to one place. Others read them when a run seems to
/// have stalled; a moment's old value does no harm then.
/// </summary>
internal sealed class SharedCarried(TaskActor task, Books books) : Carried(task, books)
{
    /// <summary>The last progress of anybody that it has seen; the counts are since then.</summary>
    public long ProgressNs;

    /// <summary>Rounds of reclaim in a row that freed nothing.</summary>
    public long EmptyBatches;

    /// <summary>Young pages that it skipped.</summary>
    public long YoungPages;

    /// <summary>When it last skipped one.</summary>
    public long LastScanNs;

    /// <summary>Since when it looks as if it hung, -1 for not; and its reports since then.</summary>
    public long SuspectSinceNs = -1;
    public int SuspectReports;

    public CacheLines Distance;
}
