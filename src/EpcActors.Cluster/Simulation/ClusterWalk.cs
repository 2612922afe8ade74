using EpcActors.Exploration;
using EpcActors.Kernel.Random;

namespace EpcActors.Cluster.Simulation;

/// <summary>Rule by which a run picks the task that makes the next step.</summary>
public enum WalkKind
{
    /// <summary>
    /// Every task that can do something is as likely as every other, but for the pace of its process or link.
    /// </summary>
    Random,

    /// <summary>As above, but stays with the last task seven times out of eight.</summary>
    Sticky,

    /// <summary>
    /// Priorities (probabilistic concurrency testing), dealt anew now and then so that no task starves.
    /// </summary>
    Priorities,
}

/// <summary>
/// A random walk for a cluster: processes and links are fast or slow for a while, so that messages are late by as much
/// as a whole reclaim; tasks that could do nothing now (a delivery of an empty link) are passed over. From
/// <see cref="FaultPlan.FairFrom"/> on all are equally fast and no fault comes.
/// </summary>
public sealed class ClusterWalk : IStrategy
{
    private const int Full = 64;
    private const int TickerPace = 6;
    private const int Tries = 64;
    private const int TickEvery = 24;

    /// <summary>Every so many steps what is on its way to the coordinator goes first.</summary>
    private const int PromptEvery = 8;

    private readonly SimulatedCluster _cluster;
    private readonly WalkKind _kind;
    private readonly IStrategy? _inner;
    private readonly UsefulTasks _useful;
    private Prng _order;
    private Prng _network;
    private int[] _pace = [];
    private ulong[] _priority = [];
    private int _nextDeal;
    private bool _wasFair;
    private int _sparePick;

    /// <param name="cluster">The cluster.</param>
    /// <param name="kind">Rule that picks.</param>
    /// <param name="inner">Picks instead among the tasks that could do something, up to the time from which all are
    /// equally fast: any strategy, which need not know clusters. Null for none.</param>
    public ClusterWalk(SimulatedCluster cluster, WalkKind kind, IStrategy? inner = null)
    {
        _cluster = cluster;
        _kind = kind;
        _inner = inner;
        _useful = new UsefulTasks(cluster);
    }

    public override string ToString() => _inner is null ? $"cluster-{_kind}" : $"cluster-{_inner}";

    private bool IsFair => _cluster.Now >= _cluster.Setup.Plan.FairFrom;

    public void Begin(Execution execution, ulong seed)
    {
        Prng root = new(seed);
        _order = root.Split("order");
        _network = root.Split("network");
        _nextDeal = 0;
        _wasFair = false;
        _sparePick = 0;
        if (_inner is not null)
        {
            _useful.Begin();
            _inner.Begin(_useful, seed);
        }
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        bool isFair = IsFair;
        if (execution.Steps >= _nextDeal || isFair != _wasFair)
        {
            _wasFair = isFair;
            Deal(execution, isFair);
        }

        // Due work is not delayed by chance.
        if (_cluster.IsSomethingDue)
        {
            return _cluster.ClockOrdinal;
        }

        bool isPrompt = isFair || !_cluster.Setup.Plan.HasSlowLines;
        if (isPrompt && execution.Steps % PromptEvery == 0 && _cluster.NextPromptLine() is >= 0 and var line)
        {
            return line;
        }

        if (_inner is not null && !isFair)
        {
            return Ask(execution, _inner);
        }

        return _kind == WalkKind.Priorities && !isFair ? Highest(execution) : Draw(execution, isFair);
    }

    public bool Choose(Execution execution, int task, int point)
    {
        ArgumentNullException.ThrowIfNull(execution);
        int oneIn = point == (int)NetworkChoice.SkipView ? 2 : _cluster.Setup.Plan.OneIn;
        return !IsFair && _network.Chance(1, oneIn);
    }

    private void Deal(Execution execution, bool isFair)
    {
        _nextDeal = isFair ? int.MaxValue : execution.Steps + 100 + _order.NextBelow(500);
        int groups = _cluster.PaceGroups;
        if (_pace.Length < groups + 8)
        {
            _pace = new int[groups + 8];
        }

        for (int i = 0; i < _pace.Length; i++)
        {
            _pace[i] =
                isFair || _cluster.Setup.Plan.IsCalm
                    ? Full
                    : _order.NextBelow(4) switch
                    {
                        0 => 2,
                        1 => 16,
                        _ => Full,
                    };
        }

        if (_priority.Length < execution.TaskCount + 256)
        {
            _priority = new ulong[execution.TaskCount + 256];
        }

        for (int i = 0; i < _priority.Length; i++)
        {
            _priority[i] = _order.NextUInt64();
        }
    }

    private int Draw(Execution execution, bool isFair)
    {
        ReadOnlySpan<int> enabled = execution.Enabled;
        int last = execution.LastTask;
        if (
            _kind == WalkKind.Sticky
            && !isFair
            && last >= 0
            && execution.IsEnabled(last)
            && !_cluster.IsTicker(last)
            && _cluster.IsUseful(last)
            && _order.NextBelow(8) != 0)
        {
            return last;
        }

        for (int i = 0; i < Tries; i++)
        {
            int ordinal = enabled[_order.NextBelow(enabled.Length)];
            if (
                ordinal != _cluster.ClockOrdinal
                && _cluster.IsUseful(ordinal)
                && _order.NextBelow(Full) < PaceOf(ordinal))
            {
                return ordinal;
            }
        }

        return Any(execution);
    }

    private int PaceOf(int ordinal)
    {
        int group = _cluster.PaceGroup(ordinal);
        int pace = (uint)group < (uint)_pace.Length ? _pace[group] : Full;
        return _cluster.IsTicker(ordinal) ? Math.Max(1, pace * TickerPace / Full) : pace;
    }

    /// <summary>The strategy's pick; the clocks tick now and then as in every walk.</summary>
    private int Ask(Execution execution, IStrategy inner)
    {
        if (_order.NextBelow(TickEvery) == 0)
        {
            return Draw(execution, isFair: true);
        }

        _useful.Look();
        if (!_useful.HasAny)
        {
            return Any(execution);
        }

        int task = inner.Next(_useful);
        if (task < 0)
        {
            return Draw(execution, isFair: true);
        }

        _useful.Note(task);
        return task;
    }

    private int Highest(Execution execution)
    {
        int best = -1;
        foreach (int ordinal in execution.Enabled)
        {
            // A clock is not a thread that others could be behind: it ticks now and then.
            bool mayGo = ordinal != _cluster.ClockOrdinal && !_cluster.IsTicker(ordinal) && _cluster.IsUseful(ordinal);
            if (mayGo && (best < 0 || Priority(ordinal) > Priority(best)))
            {
                best = ordinal;
            }
        }

        return best < 0 || _order.NextBelow(TickEvery) == 0 ? Draw(execution, isFair: true) : best;
    }

    private ulong Priority(int ordinal) => ordinal < _priority.Length ? _priority[ordinal] : 0;

    /// <summary>The first one behind the last such pick that can do something; when none can, the clock.</summary>
    private int Any(Execution execution)
    {
        ReadOnlySpan<int> enabled = execution.Enabled;
        for (int i = 0; i < enabled.Length; i++)
        {
            int ordinal = enabled[(i + ++_sparePick) % enabled.Length];
            if (ordinal != _cluster.ClockOrdinal && _cluster.IsUseful(ordinal))
            {
                return ordinal;
            }
        }

        // All stand still, are cut off, or have nothing to do: time is what is waited for.
        return _cluster.ClockOrdinal;
    }
}
