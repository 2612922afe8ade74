namespace EpcActors.Cluster.Sharing;

/// <summary>State of one exchange at one moment, which an audit over all processes compares.</summary>
public sealed record ExchangeSnapshot
{
    public required int Member { get; init; }

    public required int Incarnation { get; init; }

    /// <summary>The view that was installed.</summary>
    public required int Epoch { get; init; }

    public required bool IsFenced { get; init; }

    /// <summary>By account: what this process was granted and did not give back.</summary>
    public required IReadOnlyList<long> Granted { get; init; }

    /// <summary>By account: of that, what its tasks use.</summary>
    public required IReadOnlyList<long> Used { get; init; }

    /// <summary>
    /// By account: of that, what was taken in advance and is not used; below zero for the free-page counter.
    /// </summary>
    public required IReadOnlyList<long> Stock { get; init; }

    /// <summary>Calls that are not answered yet.</summary>
    public required IReadOnlyList<OpenCall> Calls { get; init; }

    /// <summary>Accounts that have their home here and are not being rebuilt.</summary>
    public required IReadOnlyList<HomeSnapshot> Homes { get; init; }

    /// <summary>
    /// The last request of each task elsewhere that was executed here, where it was about an account.
    /// </summary>
    public required IReadOnlyList<ServedCall> Served { get; init; }
}

/// <summary>A call that is not answered yet.</summary>
/// <param name="Caller">Index of the task that asks.</param>
/// <param name="Sequence">Number of the call of its task.</param>
/// <param name="Target">The member that is asked.</param>
/// <param name="Account">The account that it is about, -1 for none.</param>
/// <param name="Code">The message.</param>
public sealed record OpenCall(int Caller, uint Sequence, int Target, int Account, ushort Code);

/// <summary>An account at its home.</summary>
/// <param name="Account">Number of the account.</param>
/// <param name="Value">The number as the kernel sees it.</param>
/// <param name="Max">Its limit; ulong.MaxValue for none.</param>
/// <param name="Capacity">misc.capacity.</param>
/// <param name="Peak">Highest value within the limits.</param>
/// <param name="Parts">By member: its part.</param>
public sealed record HomeSnapshot(
    int Account,
    long Value,
    ulong Max,
    long Capacity,
    long Peak,
    IReadOnlyList<long> Parts);

/// <summary>A request that was executed at a home.</summary>
/// <param name="Member">Member that asked.</param>
/// <param name="Caller">Index of the task that asked.</param>
/// <param name="Sequence">Number of the call of its task.</param>
/// <param name="Effect">Change that it made to the account.</param>
public sealed record ServedCall(int Member, int Caller, uint Sequence, long Effect);

/// <content>What audits see.</content>
public sealed partial class Exchange
{
    /// <summary>Makes a snapshot, for audits and for callers with exclusive access to the exchange.</summary>
    public ExchangeSnapshot Snapshot()
    {
        CheckGrants();
        List<OpenCall> calls = [];
        foreach (Call call in _calls)
        {
            if (call.State is CallState.Sent or CallState.Waiting)
            {
                calls.Add(new OpenCall(call.Caller, call.Frame.Sequence, call.Target, call.Account, call.Frame.Code));
            }
        }

        List<HomeSnapshot> homes = [];
        for (int account = 0; account < _accounts.Length; account++)
        {
            Account home = _accounts[account];
            if (home.IsHome && !home.IsRebuilding)
            {
                homes.Add(new HomeSnapshot(account, home.Value, home.Max, home.Capacity, home.Peak, [.. home.Of]));
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

        return new ExchangeSnapshot
        {
            Member = _port.Self,
            Incarnation = _port.Incarnation,
            Epoch = _view.Epoch,
            IsFenced = IsFenced,
            Granted = [.. _granted],
            Used = [.. _used],
            Stock = [.. _stock],
            Calls = calls,
            Homes = homes,
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
            if (call.Account >= 0 && call.State is (CallState.Sent or CallState.Waiting or CallState.Answered))
            {
                bool isAnswered = call.State == CallState.Answered;
                underWay[call.Account] += MessageOf(call).UnderWay(this, in call.Frame, call.Bytes, isAnswered);
            }
        }

        for (int account = 0; account < underWay.Length; account++)
        {
            Engine.Invariant.That(
                _granted[account] == _used[account] + _stock[account] + underWay[account],
                $"member {_port.Self}: account {account} was granted {_granted[account]}, {_used[account]} are used, "
                    + $"{_stock[account]} in stock and {underWay[account]} on the way");
        }
    }
}
