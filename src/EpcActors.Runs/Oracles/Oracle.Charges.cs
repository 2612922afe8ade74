using EpcActors.Kernel.Cgroups;
using EpcActors.Results;

namespace EpcActors.Runs.Oracles;

/// <content>Charges of EPC, level by level.</content>
public sealed partial class Oracle
{
    private void OnCharge(in CgroupProtocol.Charge charge, Cgroup cgroup, Carried carried, long nowNs)
    {
        if (charge.Result == LevelCharge.Gone)
        {
            return;
        }

        CheckCounted(carried, nowNs);
        carried.Owed.IsCharging = _looksWhenCharged;
        Grant(carried, cgroup.Index, -charge.Bytes);
        carried.ChargeBytes += charge.Bytes;
        ref CgroupBook book = ref _cgroups[cgroup.Index];
        long usage = book.Usage += charge.Bytes;
        if (charge.TakeReference || carried.IsGranted)
        {
            // Of a part the reference may be taken long before: what comes first after a grant is the cgroup of the
            // process.
            carried.ChargedCgroup = cgroup.Index;
            carried.IsGranted = false;
        }

        bool fits = charge.Result == LevelCharge.Fits;
        if (fits && usage > book.Peak)
        {
            book.Peak = usage;
        }

        if (cgroup.PeakBytes != book.Peak)
        {
            ReportPeak(cgroup, fits, carried, nowNs);
        }

        bool givesWay = (charge.Terms & ChargeTerms.GivesWay) != 0 && book.Waiters > 0;
        if (!fits)
        {
            OnRefused(cgroup, usage, givesWay, carried, nowNs);
        }
        else if (usage > book.Max || usage > _capacityBytes || givesWay)
        {
            ReportAboveLimit(cgroup, usage, carried, nowNs);
        }
    }

    private void ReportPeak(Cgroup cgroup, bool fits, Carried carried, long nowNs) => Violate(
        Rules.CgroupPeak,
        nowNs,
        $"{cgroup.Name}: misc.peak is {cgroup.PeakBytes} behind a charge of {carried.Task.Name} that was "
        + $"{(fits ? "accepted" : "refused")}; the accepted ones make {_cgroups[cgroup.Index].Peak}");

    private void ReportAboveLimit(Cgroup cgroup, long usage, Carried carried, long nowNs) => Violate(
        Rules.CgroupLimit,
        nowNs,
        $"{cgroup.Name} accepts a charge of {carried.Task.Name} that makes {usage} bytes, with misc.max "
        + $"{_cgroups[cgroup.Index].Max} and capacity {_capacityBytes}; {_cgroups[cgroup.Index].Waiters} wait");

    private void OnCountWaiter(in CgroupProtocol.CountWaiter count, Cgroup cgroup, Carried carried, long nowNs)
    {
        carried.Waits += count.Change;
        int waiters = _cgroups[cgroup.Index].Waiters += count.Change;
        if (waiters < 0 || waiters != cgroup.Waiters)
        {
            Violate(
                Rules.CgroupLimit,
                nowNs,
                $"{cgroup.Name} counts {cgroup.Waiters} tasks that wait behind {carried.Task.Name}; {waiters} do");
        }
    }

    private void OnUncharge(in CgroupProtocol.Uncharge uncharge, Cgroup cgroup, Carried carried, long nowNs)
    {
        CheckCounted(carried, nowNs);
        Grant(carried, cgroup.Index, uncharge.Bytes);
        carried.ChargeBytes -= uncharge.Bytes;
        ref CgroupBook book = ref _cgroups[cgroup.Index];
        book.Usage -= uncharge.Bytes;
        if (uncharge.PutReference)
        {
            carried.UnchargedCgroup = cgroup.Index;
        }

        if (book.Usage < 0)
        {
            ReportBelowZero(cgroup, carried, nowNs);
        }
    }

    private void ReportBelowZero(Cgroup cgroup, Carried carried, long nowNs) =>
        Violate(Rules.CgroupUsage, nowNs, $"{carried.Task.Name} takes usage of {cgroup.Name} below zero");
}
