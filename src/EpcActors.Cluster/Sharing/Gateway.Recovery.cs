using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Shared counters at their owner, and their recovery when a process dies.</content>
public sealed partial class Gateway
{
    /// <summary>The limit of a shared counter as this process knows it.</summary>
    public Limit MaxOf(int counter) => _maxKnown[counter];

    /// <summary>
    /// The highest value of a shared counter within its limits, if this process is its owner; else 0.
    /// </summary>
    public long PeakAtOwner(int counter) => _counters[counter] is { IsOwner: true } owned ? owned.Peak : 0;

    private ReportCounter ReportOf(int counter) => new()
    {
        Counter = counter,
        Amount = _port.Defect == ClusterDefect.ForgottenStock ? _granted[counter] - _stock[counter] : _granted[counter],
        Max = _maxKnown[counter],
        MaxVersion = _maxVersion[counter],
        Since = _view.OwnerSince(counter),
    };

    private void LearnMax(int counter, Limit max, long version)
    {
        if (version > _maxVersion[counter])
        {
            _maxKnown[counter] = max;
            _maxVersion[counter] = version;
        }
    }

    private bool HaveAllReported(int counter)
    {
        int since = _view.OwnerSince(counter);
        foreach (int member in _view.Alive())
        {
            // The first view, and every incarnation that came with the view or later, begins with nothing.
            if (_view.JoinedAt(member) < since && !_counters[counter].HasReported[member])
            {
                return false;
            }
        }

        return true;
    }

    private void EndRebuildIfComplete(int counter, Turn turn)
    {
        SharedCounter owned = _counters[counter];
        if (!owned.IsRebuilding || !HaveAllReported(counter))
        {
            return;
        }

        owned.IsRebuilding = false;
        owned.Peak = Math.Max(owned.Peak, owned.Value);
        foreach (Call call in _calls)
        {
            if (
                call.State == CallState.Sent
                && call.Counter == counter
                && call.Target == _port.Self
                && call.Frame.Code != ReportCounter.Code)
            {
                Transmit(call, turn);
            }
        }
    }

    /// <summary>misc.capacity, of the sockets that are there; the free-page counter has none.</summary>
    private long Capacity(int counter)
    {
        if (counter >= _port.Cgroups)
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

        InstallOwners(view, before);

        // Sockets may have gone: every process looks at the owner before it relies on pages in advance again.
        _isAhead = false;

        RedirectCallsToTheDead(before, turn);
        for (int counter = 0; counter < _counters.Length; counter++)
        {
            EndRebuildIfComplete(counter, turn);
        }

        WakeViewWaiters(turn);
    }

    private void InstallOwners(ClusterView view, ClusterView before)
    {
        for (int counter = 0; counter < _counters.Length; counter++)
        {
            SharedCounter owned = _counters[counter];
            owned.Capacity = Capacity(counter);
            bool isOwner = view.OwnerOf(counter) == _port.Self;
            if (isOwner && before.OwnerSince(counter) != view.OwnerSince(counter))
            {
                owned.IsOwner = true;
                owned.IsRebuilding = true;
                owned.Value = 0;
                owned.Advances =
                    _port.CounterBatch > 1 && counter == _port.FreePageCounter
                        ? (long)view.OwnerSince(counter) << 32
                        : 0;
                owned.Max = _maxKnown[counter];
                owned.MaxVersion = _maxVersion[counter];
                Array.Clear(owned.Of);
                Array.Clear(owned.HasReported);
            }

            owned.IsOwner = isOwner;
            if (_view.JoinedAt(_port.Self) >= _view.OwnerSince(counter))
            {
                _reportedSince[counter] = _view.OwnerSince(counter);
            }
        }
    }

    /// <summary>
    /// Calls to the dead: those with a shared counter go to its new owner, the others are answered. All give their
    /// places back before the first takes one again: a call that finds no room waits for an answer to another call,
    /// and none would come.
    /// </summary>
    private void RedirectCallsToTheDead(ClusterView before, Turn turn)
    {
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
            if (call.Counter >= 0)
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
    }

    /// <summary>Removes a dead incarnation: takes its parts off once, and forgets its requests.</summary>
    private void Bury(int member)
    {
        foreach (SharedCounter owned in _counters)
        {
            if (owned.IsOwner)
            {
                owned.Value -= owned.Of[member];
                owned.Of[member] = _port.Defect == ClusterDefect.DoubleRelease ? owned.Of[member] : 0;
                owned.HasReported[member] = false;
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

        foreach (Queue<int> kind in _requests)
        {
            for (int left = kind.Count; left > 0; left--)
            {
                int ticket = kind.Dequeue();
                if (_served[ticket].Member != member)
                {
                    kind.Enqueue(ticket);
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
    /// True when the called process is dead in the view that was just installed, or no longer keeps the counter.
    /// </summary>
    private bool Leaves(Call call, ClusterView before) =>
        before.IncarnationOf(call.Target) != _view.IncarnationOf(call.Target)
        || (call.Counter >= 0 && _view.OwnerOf(call.Counter) != call.Target);

    private void Redirect(Call call, Turn turn) => Direct(call, _view.OwnerOf(call.Counter), turn);
}
