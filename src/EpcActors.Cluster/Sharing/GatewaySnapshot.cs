using EpcActors.Kernel.Cgroups;

namespace EpcActors.Cluster.Sharing;

/// <summary>State of one gateway at one moment, which an audit over all processes compares.</summary>
public sealed record GatewaySnapshot
{
    public required int Member { get; init; }

    public required int Incarnation { get; init; }

    /// <summary>The view that was installed.</summary>
    public required int Epoch { get; init; }

    public required bool IsFenced { get; init; }

    /// <summary>By counter: what this process was granted and did not give back.</summary>
    public required IReadOnlyList<long> Granted { get; init; }

    /// <summary>By counter: of that, what its tasks use.</summary>
    public required IReadOnlyList<long> Used { get; init; }

    /// <summary>
    /// By counter: of that, what was taken in advance and is not used; below zero for the free-page counter.
    /// </summary>
    public required IReadOnlyList<long> Stock { get; init; }

    /// <summary>Calls that are not answered yet.</summary>
    public required IReadOnlyList<OpenCall> Calls { get; init; }

    /// <summary>Shared counters that have their owner here and are not being rebuilt.</summary>
    public required IReadOnlyList<OwnedCounter> Owners { get; init; }

    /// <summary>
    /// The last request of each task elsewhere that was executed here, where it was about a shared counter.
    /// </summary>
    public required IReadOnlyList<ServedCall> Served { get; init; }
}

/// <summary>A call that is not answered yet.</summary>
/// <param name="Caller">Index of the task that asks.</param>
/// <param name="Sequence">Number of the call of its task.</param>
/// <param name="Target">The member that is asked.</param>
/// <param name="Counter">The counter that it is about, -1 for none.</param>
/// <param name="Code">The message.</param>
public sealed record OpenCall(int Caller, uint Sequence, int Target, int Counter, ushort Code);

/// <summary>A shared counter at its owner.</summary>
/// <param name="Counter">Number of the counter.</param>
/// <param name="Value">The number as the kernel sees it.</param>
/// <param name="Max">Its limit, as a file stores it (<see cref="Limit.Value"/>).</param>
/// <param name="Capacity">misc.capacity.</param>
/// <param name="Peak">Highest value within the limits.</param>
/// <param name="Parts">By member: its part.</param>
public sealed record OwnedCounter(
    int Counter,
    long Value,
    ulong Max,
    long Capacity,
    long Peak,
    IReadOnlyList<long> Parts);

/// <summary>A request that was executed at an owner.</summary>
/// <param name="Member">Member that asked.</param>
/// <param name="Caller">Index of the task that asked.</param>
/// <param name="Sequence">Number of the call of its task.</param>
/// <param name="Effect">Change that it made to the counter.</param>
public sealed record ServedCall(int Member, int Caller, uint Sequence, long Effect);

/// <content>What audits see.</content>
public sealed partial class Gateway
{
    /// <summary>Makes a snapshot, for audits and for callers with exclusive access to the gateway.</summary>
    public GatewaySnapshot Snapshot()
    {
        CheckGrants();
        List<OpenCall> calls = [];
        foreach (Call call in _calls)
        {
            if (call.State is CallState.Sent or CallState.Waiting)
            {
                calls.Add(new OpenCall(call.Caller, call.Frame.Sequence, call.Target, call.Counter, call.Frame.Code));
            }
        }

        List<OwnedCounter> owners = [];
        for (int counter = 0; counter < _counters.Length; counter++)
        {
            SharedCounter owned = _counters[counter];
            if (owned.IsOwner && !owned.IsRebuilding)
            {
                owners.Add(
                    new OwnedCounter(counter, owned.Value, owned.Max.Value, owned.Capacity, owned.Peak, [.. owned.Of]));
            }
        }

        List<ServedCall> served = [];
        foreach (Served one in _served)
        {
            if (one is { IsRunning: false, Effect: not 0, Sequence: not 0 })
            {
                served.Add(new ServedCall(one.Member, one.Caller, one.Sequence, one.Effect));
            }
        }

        return new GatewaySnapshot
        {
            Member = _port.Self,
            Incarnation = _port.Incarnation,
            Epoch = _view.Epoch,
            IsFenced = IsFenced,
            Granted = [.. _granted],
            Used = [.. _used],
            Stock = [.. _stock],
            Calls = calls,
            Owners = owners,
            Served = served,
        };
    }

    /// <summary>
    /// Checks that each grant is exactly the sum of what is used, what is in stock, and what is on its way to a task or
    /// from it.
    /// </summary>
    private void CheckGrants()
    {
        long[] underWay = new long[_granted.Length];
        foreach (Call call in _calls)
        {
            if (call.Counter >= 0 && call.State is (CallState.Sent or CallState.Waiting or CallState.Answered))
            {
                bool isAnswered = call.State == CallState.Answered;
                underWay[call.Counter] += MessageOf(call).UnderWay(this, in call.Frame, call.Bytes, isAnswered);
            }
        }

        for (int counter = 0; counter < underWay.Length; counter++)
        {
            Engine.Invariant.That(
                _granted[counter] == _used[counter] + _stock[counter] + underWay[counter],
                $"member {_port.Self}: counter {counter} was granted {_granted[counter]}, {_used[counter]} are used, "
                    + $"{_stock[counter]} in stock and {underWay[counter]} on the way");
        }
    }
}
