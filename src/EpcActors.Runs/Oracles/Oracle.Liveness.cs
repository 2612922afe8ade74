using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Runs.Oracles;

/// <content>Progress, and the lack of it.</content>
/// <remarks>
/// In a live run every thread comes by here, so the fields are written racily, and seldom: what a task counts it counts
/// for itself (<see cref="SharedCarried"/>), and the time of the last progress is kept to a small part of the window.
/// What others own (lengths of lists) is read without asking, when a run has stalled for the whole window. Real time
/// also passes while the machine does something else, so nothing is judged at first sight: the finding must hold for
/// some more of the window, in which the task came by again and again. And what counts of the window is the time in
/// which the process ran and something could move (<see cref="RunClock"/>): a process that was stopped is not a hang,
/// nor is one that waits for another which was stopped.
/// </remarks>
public sealed partial class Oracle
{
    /// <summary>
    /// Share of CPU time that ksgxd used since the run stalled, or null when it did not: 0 for one that sleeps through
    /// it. A live run cannot say.
    /// </summary>
    public double? KsgxdShareOfStall(long nowNs) =>
        IsHopeless && !_isShared && _stalledSinceNs >= 0 && nowNs > _stalledSinceNs
            ? (double)(Engine.Simulation.TimedEngine.BusyNs(_topology.Ksgxd) - _ksgxdBusyWhenStalledNs)
                / (nowNs - _stalledSinceNs)
            : null;

    private void OnFaultRetry(TaskActor task, long startNs, long endNs, long page)
    {
        long stalledNs = Ran(Math.Max(startNs, LastProgressNs), endNs);
        NoteStall(stalledNs, endNs);
        if (
            stalledNs > _livenessWindowNs
            && !IsScanning(endNs)
            && AnythingReclaimable(out string where)
            && IsConfirmed(task, LastProgressNs, endNs))
        {
            GiveUp(
                task,
                endNs,
                $"{task.Name} faults on page {page} since {Durations.Text(startNs)} without a page (EBUSY, NOPAGE, "
                    + "again), nothing has moved since "
                + $"{Durations.Text(LastProgressNs)}, and {where}; {DescribeCounter()}");
        }
    }

    private void OnYoung(TaskActor task, long endNs)
    {
        if (_isShared)
        {
            SharedCarried own = SinceProgress(task);
            own.YoungPages++;
            own.LastScanNs = endNs;
            return;
        }

        _youngSinceProgress++;
        _lastScanNs = endNs;
    }

    private void OnEmptyBatch(TaskActor task, long endNs)
    {
        long batches = _isShared ? ++SinceProgress(task).EmptyBatches : ++_emptyBatches;
        if (
            batches >= 1000
            && Ran(LastProgressNs, endNs) > _livenessWindowNs
            && HasScannedEverything()
            && IsConfirmed(task, LastProgressNs, endNs))
        {
            GiveUp(task, endNs, $"{batches} rounds of reclaim in a row freed nothing; the last page moved at "
                + $"{Durations.Text(LastProgressNs)}");
        }
    }

    /// <summary>A task goes round and round since a moment, and looks at nothing else.</summary>
    private bool IsEndless(TaskActor task, long startNs, long endNs) =>
        Ran(startNs, endNs) > _livenessWindowNs && IsConfirmed(task, startNs, endNs);

    /// <summary>
    /// Time between two moments that counts against the window. A simulation has no other time, and most spans are too
    /// short to matter.
    /// </summary>
    private long Ran(long fromNs, long toNs) =>
        _clock is null || toNs - fromNs <= _livenessWindowNs >> 2 ? toNs - fromNs : _clock.Between(fromNs, toNs);

    private void NoteStall(long stalledNs, long nowNs)
    {
        if (_stalledSinceNs < 0 && stalledNs > _livenessWindowNs / 2)
        {
            _stalledSinceNs = nowNs;
            _ksgxdBusyWhenStalledNs = _isShared ? 0 : Engine.Simulation.TimedEngine.BusyNs(_topology.Ksgxd);
        }
    }

    /// <summary>
    /// A scan that goes once over an LRU full of young pages frees nothing for a long time and is not a hang; one that
    /// goes round and round is.
    /// </summary>
    private bool IsScanning(long nowNs) => Ran(LastScanNs(), nowNs) < _livenessWindowNs && !HasScannedEverything();

    private bool HasScannedEverything()
    {
        long listed = 0;
        foreach (Cgroup cgroup in _topology.Cgroups)
        {
            listed += cgroup.LruPages;
        }

        long young = _isShared ? YoungPagesOfAll() : _youngSinceProgress;
        return young == 0 || young > 4 * listed;
    }

    private long LastScanNs()
    {
        long last = _lastScanNs;
        foreach (Carried? one in _isShared ? _carried : [])
        {
            last = Math.Max(last, one is SharedCarried shared ? Volatile.Read(ref shared.LastScanNs) : 0);
        }

        return last;
    }

    private long YoungPagesOfAll()
    {
        long progressNs = LastProgressNs;
        long young = 0;
        foreach (Carried? one in _carried)
        {
            if (one is SharedCarried shared && Volatile.Read(ref shared.ProgressNs) == progressNs)
            {
                young += Volatile.Read(ref shared.YoungPages);
            }
        }

        return young;
    }

    /// <summary>A task's own counts, begun anew after progress of any task.</summary>
    private SharedCarried SinceProgress(TaskActor task)
    {
        SharedCarried own = (SharedCarried)CarriedBy(task);
        long progressNs = LastProgressNs;
        if (own.ProgressNs != progressNs)
        {
            own.EmptyBatches = 0;
            own.YoungPages = 0;
            own.ProgressNs = progressNs;
        }

        return own;
    }

    /// <summary>
    /// Live runs: what looks like a hang for the first time may be a process that was stopped for that long, and whose
    /// other threads go on in a moment.
    /// </summary>
    private bool IsConfirmed(TaskActor task, long progressNs, long nowNs)
    {
        const int Reports = 16;
        if (!_isShared)
        {
            return true;
        }

        SharedCarried own = (SharedCarried)CarriedBy(task);
        if (own.SuspectSinceNs < 0 || own.SuspectSinceNs < progressNs)
        {
            own.SuspectSinceNs = nowNs;
            own.SuspectReports = 0;
        }

        return ++own.SuspectReports > Reports && Ran(own.SuspectSinceNs, nowNs) > _livenessWindowNs / 4;
    }

    private long LastProgressNs => Volatile.Read(ref _lastProgressNs);

    private void Progress(long nowNs)
    {
        if (_isShared)
        {
            // Every fault of every thread comes by: as long as the time is about right its cache line stays with all of
            // them.
            if (nowNs - LastProgressNs > _livenessWindowNs >> 10)
            {
                Volatile.Write(ref _lastProgressNs, nowNs);
                _stalledSinceNs = -1;
            }

            return;
        }

        _lastProgressNs = nowNs;
        _emptyBatches = 0;
        _youngSinceProgress = 0;
        _stalledSinceNs = -1;
    }

    /// <summary>
    /// A task asked for a page and got none. Asking for ever, while nothing moves and something could be reclaimed, is
    /// a hang.
    /// </summary>
    private void Refused(Carried carried, long nowNs, string how)
    {
        if (carried.RefusedSinceNs < 0)
        {
            carried.RefusedSinceNs = nowNs;
            return;
        }

        long stalledNs = Ran(Math.Max(carried.RefusedSinceNs, LastProgressNs), nowNs);
        NoteStall(stalledNs, nowNs);
        if (stalledNs > _livenessWindowNs && !IsHopeless && !IsScanning(nowNs) && AnythingReclaimable(out string where)
            && IsConfirmed(carried.Task, LastProgressNs, nowNs))
        {
            GiveUp(
                carried.Task,
                nowNs,
                $"{carried.Task.Name} {how} again and again since {Durations.Text(carried.RefusedSinceNs)}, nothing "
                    + $"has moved since {Durations.Text(LastProgressNs)}, and {where}; "
                + DescribeCounter());
        }
    }

    private string DescribeCounter() =>
        $"sgx_nr_free_pages says {CounterValue} (wakes ksgxd below {KernelConstants.NrLowPages}) with "
        + $"{Counted.Of(ListedFreePages, "page")} on the free lists, "
        + $"ksgxd {(_topology.KsgxdWaitQueue.HasSleeper ? "sleeps" : "is awake")}";

    private bool AnythingReclaimable(out string where)
    {
        foreach (Cgroup cgroup in _topology.Cgroups)
        {
            if (cgroup.LruPages > 0)
            {
                where = $"{Counted.Of(cgroup.LruPages, "page")} of {cgroup.Path} could be reclaimed";
                return true;
            }
        }

        where = "nothing could be reclaimed";
        return false;
    }

    private void GiveUp(TaskActor task, long nowNs, string detail)
    {
        // Several threads of a live run may come to it at once; who waits for the end may look at any time.
        lock (_gate)
        {
            Hung.Add(task);
            _isHopeless = true;
        }

        Violate(Rules.Liveness, nowNs, detail);
    }
}
