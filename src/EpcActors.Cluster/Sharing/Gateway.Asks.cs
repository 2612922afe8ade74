using EpcActors.Engine;
using EpcActors.Kernel;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Requests of this process's tasks: on shared counters, which are at their owners, and to other
/// processes.</content>
public sealed partial class Gateway
{
    public void Handle(ref ChargeCounter message, Turn turn)
    {
        if (!turn.WasParked && _port.ChargeBatch > 1)
        {
            if (_stock[message.Counter] >= message.Bytes)
            {
                _stock[message.Counter] -= message.Bytes;
                _used[message.Counter] += message.Bytes;
                message.Result = CounterCharge.Fits;
                return;
            }

            message.ExtraBytes = message.Bytes * AdvanceOf(message.Counter);
        }

        if (AskOwner(ref message, 0, turn))
        {
            _used[message.Counter] += Added(message) - ExtraAdded(message);
        }
    }

    public void Handle(ref UnchargeCounter message, Turn turn)
    {
        if (turn.WasParked)
        {
            long bytes = CallOf(turn.Caller).Bytes;
            _ = AskOwner(ref message, 0, turn);
            message.Bytes = bytes;
            _used[message.Counter] -= bytes;
            return;
        }

        UnchargeCounter toOwner = message;
        if (_port.ChargeBatch > 1 && !message.IsRollBack)
        {
            // As the per-CPU stock of the memory controller: a little stays here for the next charge.
            bool isOwner = _view.OwnerOf(message.Counter) == _port.Self;
            long keep = isOwner ? 0 : _advance[message.Counter] * (long)KernelConstants.PageSize;
            long stock = _stock[message.Counter] + message.Bytes;
            toOwner.Bytes = stock > 2 * keep ? stock - keep : 0;
            _stock[message.Counter] = stock - toOwner.Bytes;
            if (toOwner.Bytes == 0)
            {
                _used[message.Counter] -= message.Bytes;
                return;
            }
        }

        if (AskOwner(ref toOwner, message.Bytes, turn))
        {
            _used[message.Counter] -= message.Bytes;
        }
    }

    public void Handle(ref AddToCounter message, Turn turn)
    {
        long pages = message.Amount;
        AddToCounter toOwner = message;
        bool isHere = !turn.WasParked && TryCountHere(ref toOwner);
        if (isHere || AskOwner(ref toOwner, pages, turn))
        {
            _used[message.Counter] += pages;
            message.Value = isHere ? _counterSeen : toOwner.Value;
        }
    }

    public void Handle(ref LoadCounter message, Turn turn)
    {
        if (!turn.WasParked)
        {
            turn.Yield();
        }

        _ = AskOwner(ref message, 0, turn);
    }

    public void Handle(ref StoreCounter message, Turn turn)
    {
        if (AskOwner(ref message, 0, turn))
        {
            _used[message.Counter] += message.Amount;
        }
    }

    public void Handle(ref ReadCounter message, Turn turn)
    {
        if (!turn.WasParked && message.Counter == _port.FreePageCounter)
        {
            _drainedAdvances = Math.Max(_drainedAdvances, message.Advances);
            if (_isAhead && message.Enough > 0)
            {
                message.Value = Math.Max(_counterSeen, message.Enough);
                return;
            }
        }

        if (AskOwner(ref message, 0, turn))
        {
            message.IsLowerBound = message.Advances > _drainedAdvances;
        }
    }

    public void Handle(ref WriteCounterMax message, Turn turn) =>
        _ = AskOwner(ref message, 0, turn);

    public void Handle(ref ReportCounter message, Turn turn) => _ = AskOwner(ref message, 0, turn);

    public void Handle(ref BorrowPage message, Turn turn)
    {
        if (Ask(ref message, _port.MemberOfNode[message.Node], turn, out bool isGone) && isGone)
        {
            message.Page = Kernel.Epc.EpcPageIndex.None;
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref ReturnPage message, Turn turn)
    {
        if (Ask(ref message, _port.MemberOfNode[message.Node], turn, out bool isGone) && isGone)
        {
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref ReclaimAt message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Result = 0;
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref WakeKsgxd message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref QueueWorkAt message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref ReadNodeAt message, Turn turn)
    {
        if (Ask(ref message, _port.MemberOfNode[message.Node], turn, out bool isGone) && isGone)
        {
            message.FreePages = 0;
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref DrainStock message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Bytes = 0;
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref ShareMax message, Turn turn)
    {
        if (Ask(ref message, message.Member, turn, out bool isGone) && isGone)
        {
            message.Status = CallStatus.Gone;
        }
    }

    public void Handle(ref NextVictim message, Turn turn)
    {
        int member = _nextVictim[message.Root];
        while (!_view.IsAlive(member))
        {
            member = (member + 1) % _view.MemberCount;
        }

        message.Member = member;
        _nextVictim[message.Root] = (member + 1) % _view.MemberCount;
    }

    public void Handle(ref FindOwner message, Turn turn) => message.Member = _view.OwnerOf(message.Counter);

    public void Handle(ref FindMember message, Turn turn) =>
        (message.Incarnation, message.Dead) = (_view.IncarnationOf(message.Member), _lastDead[message.Member]);

    public void Handle(ref FindMax message, Turn turn) =>
        (message.Max, message.Version) = (_maxKnown[message.Counter], _maxVersion[message.Counter]);
}
