using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;

namespace EpcActors.Runs.Oracles;

/// <content>What is between two places: in the hands of which task, and in which books.</content>
public sealed partial class Oracle
{
    private Carried CarriedBy(TaskActor task)
    {
        Carried?[] carried = _carried;
        int index = task.Id.Index;
        return (uint)index < (uint)carried.Length && carried[index] is { } known ? known : NewCarried(task);
    }

    private Carried NewCarried(TaskActor task)
    {
        if (!_isShared)
        {
            return AddCarried(task);
        }

        // A live run makes them all before it starts; a task that comes later (of a test) may come from any thread.
        lock (_gate)
        {
            return AddCarried(task);
        }
    }

    private Carried AddCarried(TaskActor task)
    {
        int index = task.Id.Index;
        if (index >= _carried.Length)
        {
            // A new table instead of a larger one: in a live run others read the old one meanwhile.
            Carried?[] more = new Carried?[Math.Max(index + 1, _carried.Length * 2)];
            _carried.CopyTo(more, 0);
            _carried = more;
        }

        // What was set up on a task's behalf is in that task's hands.
        Carried carried = _carried[index] ?? (task is OperationTask { Owner: { } owner } ? CarriedBy(owner)
            : _isShared ? new SharedCarried(task, _books)
            : new Carried(task, _books));
        return _carried[index] = carried;
    }

    private void CountPending(Carried carried, long pages)
    {
        if (!_ownsCounters)
        {
            carried.UncountedPages += pages;
            carried.Books.PendingFreePages += pages;
        }
    }

    /// <summary>
    /// A page takes the charges of its cgroup and of all above (negative), or leaves them. Charges are not booked one
    /// by one: what they make of each level is known (<see cref="CgroupBook.Usage"/>).
    /// </summary>
    private void BookPage(Carried carried, int cgroup, long bytes)
    {
        if (cgroup >= 0)
        {
            carried.Books.PagedBytes(cgroup) += bytes;
            carried.ChargeBytes += bytes * _levels[cgroup];
        }
    }

    private void OpenMemory(Carried carried, int level, long pages)
    {
        carried.Books.MemoryPages(level) += pages;
        carried.MemoryPages += pages;
    }

    private void OpenMemoryUpward(Carried carried, int payer, long pages)
    {
        if (pages != 0 && payer >= 0)
        {
            carried.Books.MadePages(payer) += pages;
            carried.MemoryPages += pages * _memoryLevels[payer];
        }
    }

    private void TakeSlot(Carried carried, Enclave enclave, int slots)
    {
        _vaSlots[enclave.Index] += slots;
        carried.VaSlots += slots;
    }

    private void Isolate(Carried carried, int pages)
    {
        carried.Books.IsolatedPages += pages;
        carried.Isolated += pages;
    }

    private void Hold(
        EpcPageIndex page,
        ushort cgroup,
        Carried carried,
        long nowNs,
        string how,
        bool mayBeListed = false)
    {
        int other = _sharedHolders is null
            ? _hands.TryHold(page.Value, carried.Number, cgroup, mayBeListed)
            : HoldShared(page, cgroup, carried, mayBeListed);
        if (other >= 0)
        {
            ReportHeld(page, carried, other, nowNs, how);
            return;
        }

        carried.Pages++;
    }

    private int HoldShared(EpcPageIndex page, ushort cgroup, Carried carried, bool mayBeListed)
    {
        int other = _sharedHolders!.TryHold(page.Value, carried.Number, cgroup, mayBeListed);
        if (other < 0)
        {
            carried.Books.Hold(page.Value, cgroup == EpcPage.NoCgroup ? -1 : cgroup);
        }

        return other;
    }

    private void ReportHeld(EpcPageIndex page, Carried carried, int holder, long nowNs, string how) => Violate(
        Rules.PageConservation,
        nowNs,
        $"{page}, {how} by {carried.Task.Name}, is in the hands of {_carried[holder]!.Task.Name}");

    /// <summary>
    /// Takes a page that was somewhere; its descriptor, which now belongs to the taker, says which cgroup is charged.
    /// </summary>
    private void HoldIfAny(EpcPageIndex page, Carried carried, long nowNs, string how, bool mayBeListed = false)
    {
        if (!page.IsNone)
        {
            Hold(page, _pages[page].Cgroup, carried, nowNs, how, mayBeListed);
        }
    }

    private void Release(EpcPageIndex page, Carried carried, long nowNs, string how)
    {
        CheckWoken(carried, nowNs);
        int holder = _sharedHolders is null ? _hands.Release(page.Value) : ReleaseShared(page, carried);
        if (holder != carried.Number)
        {
            ReportNotHeld(page, carried, holder < 0 ? null : _carried[holder]!, nowNs, how);
            return;
        }

        carried.Pages--;
    }

    private int ReleaseShared(EpcPageIndex page, Carried carried)
    {
        int holder = _sharedHolders!.Release(page.Value, out ushort cgroup);
        if (holder >= 0)
        {
            carried.Books.Release(page.Value, cgroup == EpcPage.NoCgroup ? -1 : cgroup);
        }

        return holder;
    }

    private void ReportNotHeld(EpcPageIndex page, Carried carried, Carried? holder, long nowNs, string how)
    {
        if (!_isShared && holder is not null)
        {
            // In a live run another task's is that task's to change: what it still carries is told with this finding.
            holder.Pages--;
        }

        string who = holder is null ? "which does not hold it" : $"while {holder.Task.Name} holds it";
        Violate(Rules.PageConservation, nowNs, $"{page} is {how} by {carried.Task.Name}, {who}");
    }

    private void ReleaseIfAny(EpcPageIndex page, Carried carried, long nowNs, string how)
    {
        if (!page.IsNone)
        {
            Release(page, carried, nowNs, how);
        }
    }

    /// <summary>
    /// A task that leaves the kernel, sleeps or has ended must have nothing in its hands: what it still has is lost.
    /// </summary>
    private void CheckIdle(Carried carried, long nowNs, string when)
    {
        if (carried.IsEmpty || carried.IsReported)
        {
            return;
        }

        carried.IsReported = true;
        foreach ((string rule, string what) in carried.Describe())
        {
            Violate(rule, nowNs, $"{carried.Task.Name} {when} and still has {what}");
        }
    }
}
