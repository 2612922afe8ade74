using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <content>Requests of this process's tasks: on accounts, which are at their homes, and to other processes.</content>
public sealed partial class Exchange
{
    public void Handle(ref ChargeAccount message, Turn turn)
    {
        if (!turn.WasParked && _port.ChargeBatch > 1)
        {
            if (_stock[message.Account] >= message.Bytes)
            {
                _stock[message.Account] -= message.Bytes;
                _used[message.Account] += message.Bytes;
                message.Result = AccountCharge.Fits;
                return;
            }

            message.ExtraBytes = message.Bytes * AdvanceOf(message.Account);
        }

        if (AskHome(ref message, 0, turn))
        {
            _used[message.Account] += Added(message) - ExtraAdded(message);
        }
    }

    public void Handle(ref UnchargeAccount message, Turn turn)
    {
        if (turn.WasParked)
        {
            long bytes = CallOf(turn.Caller).Bytes;
            _ = AskHome(ref message, 0, turn);
            message.Bytes = bytes;
            _used[message.Account] -= bytes;
            return;
        }

        UnchargeAccount toHome = message;
        if (_port.ChargeBatch > 1 && !message.IsRollBack)
        {
            // As the per-CPU stock of the memory controller: a little stays here for the next charge.
            bool isHome = _view.HomeOf(message.Account) == _port.Self;
            long keep = isHome ? 0 : _advance[message.Account] * (long)KernelConstants.PageSize;
            long stock = _stock[message.Account] + message.Bytes;
            toHome.Bytes = stock > 2 * keep ? stock - keep : 0;
            _stock[message.Account] = stock - toHome.Bytes;
            if (toHome.Bytes == 0)
            {
                _used[message.Account] -= message.Bytes;
                return;
            }
        }

        if (AskHome(ref toHome, message.Bytes, turn))
        {
            _used[message.Account] -= message.Bytes;
        }
    }

    public void Handle(ref AddAccount message, Turn turn)
    {
        long pages = message.Amount;
        AddAccount toHome = message;
        bool isHere = !turn.WasParked && TryCountHere(ref toHome);
        if (isHere || AskHome(ref toHome, pages, turn))
        {
            _used[message.Account] += pages;
            message.Value = isHere ? _counterSeen : toHome.Value;
        }
    }

    public void Handle(ref LoadAccount message, Turn turn)
    {
        if (!turn.WasParked)
        {
            turn.Yield();
        }

        _ = AskHome(ref message, 0, turn);
    }

    public void Handle(ref StoreAccount message, Turn turn)
    {
        if (AskHome(ref message, 0, turn))
        {
            _used[message.Account] += message.Amount;
        }
    }

    public void Handle(ref ReadAccount message, Turn turn)
    {
        if (!turn.WasParked && message.Account == _port.FreePageCounter)
        {
            _drainedAdvances = Math.Max(_drainedAdvances, message.Advances);
            if (_isAhead && message.Enough > 0)
            {
                message.Value = Math.Max(_counterSeen, message.Enough);
                return;
            }
        }

        if (AskHome(ref message, 0, turn))
        {
            message.IsLowerBound = message.Advances > _drainedAdvances;
        }
    }

    public void Handle(ref WriteAccountMax message, Turn turn) =>
        _ = AskHome(ref message, 0, turn);

    public void Handle(ref ReportAccount message, Turn turn) => _ = AskHome(ref message, 0, turn);

    public void Handle(ref BorrowPage message, Turn turn)
    {
        if (Ask(ref message, _port.MemberOfNode[message.Node], turn, out bool isGone) && isGone)
        {
            message.Page = Domain.Epc.EpcPageIndex.None;
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

    public void Handle(ref FindHome message, Turn turn) => message.Member = _view.HomeOf(message.Account);

    public void Handle(ref FindMember message, Turn turn) =>
        (message.Incarnation, message.Dead) = (_view.IncarnationOf(message.Member), _lastDead[message.Member]);

    public void Handle(ref FindMax message, Turn turn) =>
        (message.Max, message.Version) = (_maxKnown[message.Account], _maxVersion[message.Account]);
}
