using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Accounts at their home, and their recovery when a process dies.</content>
public sealed partial class Exchange
{
    /// <summary>The limit of an account as this process knows it, bytes; long.MaxValue for none.</summary>
    public long MaxBytesOf(int account) => (long)Math.Min(_maxKnown[account], long.MaxValue);

    /// <summary>The highest value of an account within its limits, if this process is its home; else 0.</summary>
    public long PeakAtHome(int account) => _accounts[account] is { IsHome: true } home ? home.Peak : 0;

    private ReportAccount ReportOf(int account) => new()
    {
        Account = account,
        Amount = _port.Defect == ClusterDefect.ForgottenStock ? _granted[account] - _stock[account] : _granted[account],
        Max = _maxKnown[account],
        MaxVersion = _maxVersion[account],
        Since = _view.HomeSince(account),
    };

    private void LearnMax(int account, ulong max, long version)
    {
        if (version > _maxVersion[account])
        {
            _maxKnown[account] = max;
            _maxVersion[account] = version;
        }
    }

    private bool EverybodyHasReported(int account)
    {
        int since = _view.HomeSince(account);
        foreach (int member in _view.Alive())
        {
            // The first view, and every incarnation that came with the view or later, begins with nothing.
            if (_view.JoinedAt(member) < since && !_accounts[account].HasReported[member])
            {
                return false;
            }
        }

        return true;
    }

    private void EndRebuildIfComplete(int account, Turn turn)
    {
        Account home = _accounts[account];
        if (!home.IsRebuilding || !EverybodyHasReported(account))
        {
            return;
        }

        home.IsRebuilding = false;
        home.Peak = Math.Max(home.Peak, home.Value);
        foreach (Call call in _calls)
        {
            if (
                call.State == CallState.Sent
                && call.Account == account
                && call.Target == _port.Self
                && call.Frame.Code != ReportAccount.Code)
            {
                Transmit(call, turn);
            }
        }
    }

    /// <summary>misc.capacity, of the sockets that are there; the free-page counter has none.</summary>
    private long Capacity(int account)
    {
        if (account >= _port.Cgroups)
        {
            return long.MaxValue;
        }

        long sum = 0;
        foreach (int member in _view.Alive())
        {
            sum += _capacityOfMember[member];
        }

        return sum;
    }

    private void Install(ClusterView view, Turn turn)
    {
        ClusterView before = _view;
        _view = view;
        if (view.IncarnationOf(_port.Self) != _port.Incarnation)
        {
            IsFenced = true;
            WakeViewWaiters(turn);
            return;
        }

        for (int member = 0; member < view.MemberCount; member++)
        {
            // An incarnation that came and went between two of our views had nothing from us.
            if (before.IncarnationOf(member) != 0 && before.IncarnationOf(member) != view.IncarnationOf(member)
                && !(view.IncarnationOf(member) != 0 && _port.Defect == ClusterDefect.QuickReturn))
            {
                _lastDead[member] = Math.Max(_lastDead[member], before.IncarnationOf(member));
                Bury(member);
            }

            if (before.IncarnationOf(member) != view.IncarnationOf(member))
            {
                _silence.End(member);
            }
        }

        for (int account = 0; account < _accounts.Length; account++)
        {
            Account home = _accounts[account];
            home.Capacity = Capacity(account);
            bool isHome = view.HomeOf(account) == _port.Self;
            if (isHome && before.HomeSince(account) != view.HomeSince(account))
            {
                home.IsHome = true;
                home.IsRebuilding = true;
                home.Value = 0;
                home.Advances =
                    _port.CounterBatch > 1 && account == _port.FreePageCounter
                        ? (long)view.HomeSince(account) << 32
                        : 0;
                home.Max = _maxKnown[account];
                home.MaxVersion = _maxVersion[account];
                Array.Clear(home.Of);
                Array.Clear(home.HasReported);
            }

            home.IsHome = isHome;
            if (_view.JoinedAt(_port.Self) >= _view.HomeSince(account))
            {
                _reportedSince[account] = _view.HomeSince(account);
            }
        }

        // Sockets may have gone: every process looks at the home before it relies on pages in advance again.
        _isAhead = false;

        // Calls to the dead: those with an account go to its new home, the others are answered. All give their places
        // back before the first takes one again: a call that finds no room waits for an answer to another call, and
        // none would come.
        List<Call> lost = [];
        foreach (Call call in _calls)
        {
            if (call.State is not (CallState.Sent or CallState.Waiting) || !Leaves(call, before))
            {
                continue;
            }

            if (call.State == CallState.Sent && WindowOf(call) is >= 0 and var window)
            {
                _outstanding[window]--;
            }

            lost.Add(call);
        }

        foreach (Call call in lost)
        {
            OutstandingCalls--;
            if (call.Account >= 0)
            {
                // Use a new number, as the call with the old one may have been served there.
                call.Frame.Sequence++;
                call.State = CallState.Idle;
                Redirect(call, turn);
            }
            else
            {
                call.State = CallState.Gone;
                Wake(call, turn);
            }
        }

        for (int account = 0; account < _accounts.Length; account++)
        {
            EndRebuildIfComplete(account, turn);
        }

        WakeViewWaiters(turn);
    }

    /// <summary>Removes a dead incarnation: takes its parts off once, and forgets its requests.</summary>
    private void Bury(int member)
    {
        foreach (Account home in _accounts)
        {
            if (home.IsHome)
            {
                home.Value -= home.Of[member];
                home.Of[member] = _port.Defect == ClusterDefect.DoubleRelease ? home.Of[member] : 0;
                home.HasReported[member] = false;
            }
        }

        foreach (Served served in _served)
        {
            if (served.Member == member)
            {
                served.IsRunning = false;
                served.Sequence = 0;
                served.Incarnation = 0;
            }
        }

        foreach (Queue<int> lane in _lanes)
        {
            for (int left = lane.Count; left > 0; left--)
            {
                int ticket = lane.Dequeue();
                if (_served[ticket].Member != member)
                {
                    lane.Enqueue(ticket);
                }
            }
        }

        // The calls that waited for room are found with the others, among the calls.
        for (int window = 0; window < Windows; window++)
        {
            _waiting[(member * Windows) + window].Clear();
        }
    }

    /// <summary>
    /// True when the called process is dead in the view that was just installed, or no longer keeps the account.
    /// </summary>
    private bool Leaves(Call call, ClusterView before) =>
        before.IncarnationOf(call.Target) != _view.IncarnationOf(call.Target)
        || (call.Account >= 0 && _view.HomeOf(call.Account) != call.Target);

    private void Redirect(Call call, Turn turn) => Direct(call, _view.HomeOf(call.Account), turn);
}
