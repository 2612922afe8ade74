using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Oracles;

/// <content>Audits, at an instant and at a consistent cut.</content>
public sealed partial class Oracle
{
    /// <summary>
    /// What the last audit cost, in units of about a nanosecond that are the same on every machine; 0 before the first.
    /// </summary>
    public long AuditWork => _audit?.Work ?? 0;

    /// <summary>
    /// Visits every resource at one instant and compares, exactly: what tasks carry is known. For a simulation between
    /// two steps, and for a live run whose threads have all stopped: no request is being handled, and every task is at
    /// its next one or has ended.
    /// </summary>
    /// <param name="nowNs">Time of the run, virtual or real.</param>
    /// <param name="atRest">No task is under way, so none may carry anything.</param>
    public void Audit(long nowNs, bool atRest)
    {
        CheckCounter(CounterDrift, nowNs, "found by an audit");
        foreach (Carried? carried in _carried)
        {
            if (carried is not null && (atRest || carried.Task.HasStopped))
            {
                CheckIdle(carried, nowNs, carried.Task.HasStopped ? "has ended" : "is at rest");
            }
        }

        if (atRest)
        {
            CheckBackingLeft(nowNs);
        }

        if (_topology.KsgxdWaitQueue.HasSleeper && _hasOneCounter)
        {
            // What it owed is judged when its sleep ends; one that never ends is judged here.
            CheckKsgxdMaySleep(CarriedBy(_topology.Ksgxd), nowNs);
        }

        // A cut that was not finished ends here: its sums are begun anew.
        _cut = null;
        Books open = AllBooks();
        _audit ??= new Audit(_topology, _vaSlots);
        _auditNs = nowNs;
        Action<string, string> violate = _violateAtAudit ??= (rule, detail) => Violate(rule, _auditNs, detail);
        _audit.Run(_sharedHolders is { } shared ? shared.All() : _hands.All(), open, atRest, violate);
        foreach (Cgroup cgroup in _topology.Cgroups)
        {
            CheckUsage(cgroup, violate);
        }

        if (_isShared && atRest)
        {
            CheckBooksClosed(open, nowNs);
        }
    }

    /// <summary>
    /// Begins an audit of a live run that goes on: see <see cref="CutAudit"/> for who is to be visited when. One at a
    /// time; a cut that is dropped (the run ends) needs no more than not to be finished.
    /// </summary>
    public CutAudit BeginCut()
    {
        Invariant.That(_isShared, "cuts are for live runs: a simulation is audited at an instant");
        Invariant.That(_cut is null, "a cut begins before the last one was finished");
        _audit ??= new Audit(_topology, _vaSlots);
        _audit.BeginCut();
        return _cut = new CutAudit(this, _topology.Resources.Count, _booksOf!.Length, NewBooks());
    }

    internal void VisitForCut(CutAudit cut, Resource resource)
    {
        Invariant.That(ReferenceEquals(cut, _cut), "a resource is visited for a cut that was dropped");
        if (resource is Cgroup cgroup)
        {
            CheckUsage(cgroup, _audit!.Find);
            _audit.CountCharges(cgroup, _cgroups[cgroup.Index].Usage, cut.Open);
        }

        _audit!.VisitForCut(resource, _booksOf![resource.Id.Index], cut.Open);
    }

    internal void FinishCut(CutAudit cut, long nowNs)
    {
        Invariant.That(ReferenceEquals(cut, _cut), "a cut is finished that was dropped");
        cut.Open.Settle(_parents, _memoryParents);
        _audit!.FinishCut(cut.Open, (rule, detail) => Violate(rule, nowNs, detail));
        _cut = null;
    }

    private static Books[] MakeBooks(Topology topology)
    {
        Books[] books = new Books[topology.Resources.Max(resource => resource.Id.Index) + 1];
        foreach (Resource resource in topology.Resources)
        {
            books[resource.Id.Index] = new SharedBooks(topology.Cgroups.Count, topology.MemoryCgroups.Count);
        }

        return books;
    }

    private Books NewBooks() => new(_topology.Cgroups.Count, _topology.MemoryCgroups.Count, isForAll: true);

    /// <summary>Pages put on free lists and not counted yet; of a live run when nothing runs.</summary>
    private long PendingFreePages => _booksOf is null ? _books.PendingFreePages : AllBooks().PendingFreePages;

    /// <summary>
    /// The books of the run, summed up: in a simulation until the next call, of a live one when nothing runs.
    /// </summary>
    private Books AllBooks()
    {
        Books sum = _booksOf is null ? _sum ??= NewBooks() : NewBooks();
        sum.Clear();
        if (_booksOf is null)
        {
            sum.Add(_books);
        }

        foreach (Books? books in _booksOf ?? [])
        {
            if (books is not null)
            {
                sum.Add(books);
            }
        }

        for (int i = 0; i < _cgroups.Length; i++)
        {
            sum.ChargeBytes(i) += _cgroups[i].Usage;
        }

        sum.Settle(_parents, _memoryParents);
        return sum;
    }

    /// <summary>By cgroup: how many levels a charge to it is counted at.</summary>
    private static int[] Levels(int[] parents)
    {
        int[] levels = new int[parents.Length];
        for (int i = 0; i < levels.Length; i++)
        {
            levels[i] = parents[i] < 0 ? 1 : levels[parents[i]] + 1;
        }

        return levels;
    }

    private void CheckUsage(Cgroup cgroup, Action<string, string> violate)
    {
        if (_cgroups[cgroup.Index].Usage != cgroup.UsageBytes)
        {
            violate(
                Rules.CgroupUsage,
                $"{cgroup.Name}: misc.current says {cgroup.UsageBytes}, the charges that went by make "
                + $"{_cgroups[cgroup.Index].Usage}");
        }
    }

    /// <summary>
    /// When no task is at work, the backing store has pages for what is swapped out, and no others. Kernels that keep
    /// all of it are exempt (R24).
    /// </summary>
    private void CheckBackingLeft(long nowNs)
    {
        if (_topology.Machine.Switches.BackingFreedAfterLoad == Fix.Absent)
        {
            return;
        }

        foreach (EnclaveActors actors in _topology.Enclaves)
        {
            if (actors.Backing.File.AllocatedPages > 0 && FirstLeft(actors) is { } what)
            {
                Violate(
                    Rules.BackingLeak,
                    nowNs,
                    $"{actors.Backing.Name} still has {what}, and no page that it is for is swapped out");
            }
        }
    }

    /// <summary>
    /// The end of a live run: nothing is between two places, so every account is even. Each was compared with what
    /// resources hold; here an error would show that made both sides wrong.
    /// </summary>
    private void CheckBooksClosed(Books open, long nowNs)
    {
        long keptPages = 0;
        long keptBytes = 0;
        HashSet<Carried> seen = [];
        foreach (Carried? carried in _carried)
        {
            if (carried is not null && seen.Add(carried))
            {
                keptPages += carried.KeptPages;
                keptBytes += Math.Abs(carried.KeptChargeBytes);
            }
        }

        Check(Rules.PageConservation, open.HandPages - keptPages, "pages are in hands");
        Check(Rules.FreePageCounter, open.PendingFreePages, "pages are not counted");
        Check(Rules.LruMembership, open.IsolatedPages, "pages are isolated");
        for (int i = 0; i < _topology.MemoryCgroups.Count; i++)
        {
            Check(
                Rules.BackingCharge,
                open.MemoryPages(i),
                $"pages of RAM of {_topology.MemoryCgroups[i].Name} have no page of backing store");
        }

        for (int i = 0; i < _topology.Cgroups.Count && keptBytes == 0; i++)
        {
            Check(Rules.CgroupUsage, open.ChargeBytes(i), $"bytes of {_topology.Cgroups[i].Name} have no page");
        }

        for (int i = 0; i < _vaSlots.Length; i++)
        {
            Check(Rules.VaSlots, _vaSlots[i], $"VA slots of {_topology.Enclaves[i].Enclave.Name} have no page");
        }

        void Check(string rule, long left, string what)
        {
            if (left != 0)
            {
                Violate(rule, nowNs, $"all tasks are at rest, and {left} {what}");
            }
        }
    }

    private static string? FirstLeft(EnclaveActors actors)
    {
        BackingFile file = actors.Backing.File;
        for (int first = 0; first < file.IndexCount; first += BackingFile.PcmdPerPage)
        {
            bool isUsed = false;
            for (int index = first; index < first + BackingFile.PcmdPerPage; index++)
            {
                bool isOut = IsSwappedOut(actors.Enclave, index);
                isUsed |= isOut;
                if (!isOut && file.HasContents(index))
                {
                    return $"contents page {index}";
                }
            }

            if (!isUsed && file.HasPcmdPage(first))
            {
                return $"the PCMD page of {first} and the 31 behind it";
            }
        }

        return null;
    }

    private static bool IsSwappedOut(Enclave enclave, int index) =>
        index < enclave.Entries.PageCount
            ? enclave.Entries[index].State is EnclavePageState.Swapped or EnclavePageState.BeingReclaimed
            : index == enclave.Entries.PageCount
                && (enclave.SecsSlot >= 0 || (enclave.SecsPage.IsNone && enclave.IsCreated));
}
