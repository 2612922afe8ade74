using EpcActors.Actors.Enclaves;
using EpcActors.Actors.Tasks;
using EpcActors.Domain.Epc;
using EpcActors.Engine;

namespace EpcActors.Lab.Oracles;

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

        // A live run makes them all before it starts; whoever comes later (a test's task) may come from any thread.
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

    private void OpenCharge(Carried carried, int cgroup, long bytes)
    {
        carried.Books.ChargeBytes(cgroup) += bytes;
        carried.ChargeBytes += bytes;
    }

    private void OpenChargeUpward(Carried carried, int cgroup, long bytes)
    {
        for (int level = cgroup; level >= 0; level = _parents[level])
        {
            OpenCharge(carried, level, bytes);
        }
    }

    private void OpenMemory(Carried carried, int level, long pages)
    {
        carried.Books.MemoryPages(level) += pages;
        carried.MemoryPages += pages;
    }

    private void OpenMemoryUpward(Carried carried, int payer, long pages)
    {
        if (pages == 0)
        {
            return;
        }

        for (int level = payer; level >= 0; level = _memoryParents[level])
        {
            OpenMemory(carried, level, pages);
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

    private void Hold(EpcPageIndex page, ushort cgroup, Carried carried, long nowNs, string how, bool mayBeListed = false)
    {
        if (_sharedHolders is { } shared)
        {
            int other = shared.TryHold(page.Value, carried.Task.Id.Index, cgroup, mayBeListed);
            if (other < 0)
            {
                carried.Pages++;
                carried.Books.Hold(page.Value, cgroup == EpcPage.NoCgroup ? -1 : cgroup);
            }
            else
            {
                ReportHeld(page, carried, _carried[other]!, nowNs, how);
            }
        }
        else
        {
            int other = _hands.TryHold(page.Value, carried.Task.Id.Index, cgroup, mayBeListed);
            if (other < 0)
            {
                carried.Pages++;
            }
            else
            {
                ReportHeld(page, carried, _carried[other]!, nowNs, how);
            }
        }
    }

    private void ReportHeld(EpcPageIndex page, Carried carried, Carried holder, long nowNs, string how) => Violate(
        Rules.PageConservation,
        nowNs,
        $"{page}, {how} by {carried.Task.Name}, is in the hands of {holder.Task.Name}");

    /// <summary>Takes a page that was somewhere; its descriptor, whoever takes it's from now on, says which cgroup is charged.</summary>
    private void HoldIfAny(EpcPageIndex page, Carried carried, long nowNs, string how, bool mayBeListed = false)
    {
        if (!page.IsNone)
        {
            Hold(page, _topology.Machine.Pages[page].Cgroup, carried, nowNs, how, mayBeListed);
        }
    }

    private void Release(EpcPageIndex page, Carried carried, long nowNs, string how)
    {
        CheckWoken(carried, nowNs);
        Carried? holder;
        if (_sharedHolders is { } shared)
        {
            int task = shared.Release(page.Value, out ushort cgroup);
            holder = task < 0 ? null : _carried[task]!;
            if (holder is not null)
            {
                carried.Books.Release(page.Value, cgroup == EpcPage.NoCgroup ? -1 : cgroup);
            }

            if (holder == carried)
            {
                // Another task's is that task's to change: what it goes on to carry is told with the finding below.
                carried.Pages--;
            }
        }
        else
        {
            int task = _hands.Release(page.Value, out _);
            holder = task < 0 ? null : _carried[task]!;
            if (holder is not null)
            {
                holder.Pages--;
            }
        }

        if (holder != carried)
        {
            ReportNotHeld(page, carried, holder, nowNs, how);
        }
    }

    private void ReportNotHeld(EpcPageIndex page, Carried carried, Carried? holder, long nowNs, string how)
    {
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

    /// <summary>A task that leaves the kernel, sleeps or has ended must have nothing in its hands: what it still has is lost.</summary>
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
