using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Sentences of a sizing, the same on the terminal and on the page.</summary>
internal static class SizingWords
{
    /// <summary>The verdict as a key.</summary>
    public static string Key(SizingVerdict verdict) => verdict switch
    {
        SizingVerdict.Sized => "sized",
        SizingVerdict.NotKept => "not-kept",
    };

    /// <summary>A share as it is asked for: <c>95 %</c>, <c>97.5 %</c>.</summary>
    public static string Share(double share) => (share * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    public static string Slowdown(double? slowdown) =>
        slowdown is { } value ? value.ToString("0.000", CultureInfo.InvariantCulture) + "×" : "died";

    /// <summary>The question, as part of a sentence.</summary>
    public static string Aim(SizingReport r, bool ofSeveral = false) =>
        r.Until.Length > 0
            ? $"'{r.Until}'"
            : $"{Share(r.ChosenShare ?? 1)} of {(ofSeveral ? "their" : "its")} speed";

    /// <summary>
    /// The group that all cgroups of a sizing lie below, with a slash at its end; it is told once. <c>/</c> for none.
    /// </summary>
    public static string CommonParent(SizingReport r)
    {
        string common = r.Cgroups.Count < 2 ? "/" : r.Cgroups[0].Path;
        foreach (CgroupSizing one in r.Cgroups)
        {
            while (
                common.Length > 1
                && (!one.Path.StartsWith(common, StringComparison.Ordinal) || !common.EndsWith('/')))
            {
                common = common[..(common.AsSpan(0, common.Length - 1).LastIndexOf('/') + 1)];
            }
        }

        return common.Length > 1 ? common : "/";
    }

    /// <summary>The verdict in words.</summary>
    public static string Sentence(SizingReport r)
    {
        if (r.Verdict == SizingVerdict.Sized)
        {
            return r.Cgroups.Count == 1
                ? $"{r.Cgroups[0].Path} keeps {Aim(r)} at {Units.Pages(r.Cgroups[0].Chosen!.LimitPages!.Value)}"
                : $"each of {r.Cgroups.Count} cgroups keeps {Aim(r)} at its limit, beside the others";
        }

        CgroupSizing[] without = [.. r.Cgroups.Where(one => one.Chosen?.LimitPages is null)];
        if (without.Length > 0)
        {
            return $"no limit of {Names(without.Select(one => one.Path))} keeps {Aim(r)}";
        }

        string[] slow = [.. (r.Together?.Rows ?? []).Where(row => !row.Keeps).Select(row => row.Path)];
        string why = r.Together is { Fits: false } ? ": the limits are more than the EPC of the machine" : "";
        string verb = slow.Length == 1 ? "does" : "do";
        return $"{Names(slow)} {verb} not keep {Aim(r, slow.Length > 1)} on this machine{why}";
    }

    /// <summary>Meaning of the columns.</summary>
    public static string Legend(SizingReport r) =>
        "loads: the least limit at which an enclave can be built. "
        + (r.Shares.Count > 0 ? $"{string.Join(", ", r.Shares.Select(Share))}: the least that keeps so much of the "
        + "speed "
            + "it has without a limit, in its steady state. " : "")
        + "knee: beyond it more EPC brings less than before. whole: everything resident. "
        + (r.Until.Length > 0 ? "RAM and faults: at the limit of 'until'." : $"RAM and faults: at the limit of "
            + $"{Share(r.ChosenShare ?? 1)}.");

    /// <summary>Remarks on one cgroup.</summary>
    /// <param name="one">The cgroup.</param>
    /// <param name="r">The sizing.</param>
    /// <param name="isAlone">There is room for more than what is wrong.</param>
    public static IEnumerable<string> About(CgroupSizing one, SizingReport r, bool isAlone)
    {
        if (isAlone)
        {
            yield return Least(one.Least);
            if (one.Chosen is { LimitPages: { } pages, Point: { } point } chosen)
            {
                yield return $"{Aim(r)} at {Units.Pages(pages)}: {Slowdown(point.Slowdown)} as slow as without a "
                    + "limit, "
                    + $"{Units.Percent(point.MissRatio)} of accesses load a page back; "
                    + $"a step takes {Units.Duration(point.StepP50Ns)} (p50), {Units.Duration(point.StepP99Ns)} (p99); "
                    + Spread(chosen, r);
            }

            if (one.Points.LastOrDefault(point => point.Death.Length > 0) is { } dead)
            {
                yield return $"dies at {Units.Pages(dead.LimitPages)}: {dead.Death}";
            }

            if (one.Steadiness.Length > 0)
            {
                yield return one.Steadiness;
            }

            if (one.Lru.Count > 0)
            {
                yield return $"an LRU would miss {Difference(one.LruDifference)} at most, "
                    + $"{Units.Percent(one.MeanLruDifference)} of accesses in the mean, away from the kernel's list";
            }
        }

        foreach (SizeAnswer answer in one.Answers.Where(answer => answer.LimitPages is null))
        {
            yield return $"no limit keeps {Share(answer.Share ?? 1)}: {answer.Detail}";
        }

        if (r.Until.Length > 0 && one.Chosen is { LimitPages: null } until)
        {
            yield return $"no limit meets '{r.Until}': {until.Detail}";
        }

        if (one.NotMonotone.Length > 0)
        {
            yield return "more EPC is not always faster: " + one.NotMonotone;
        }

        foreach (string note in one.Notes)
        {
            yield return note;
        }
    }

    /// <summary>The least that loads, with what it is made of.</summary>
    public static string Least(LeastSizing least)
    {
        List<string> parts = [];
        if (least.VaPages > 0)
        {
            parts.Add(Wording.Counted(least.VaPages, "VA page"));
            parts.Add(least.SecsPages == 1 ? "the SECS" : Wording.Counted(least.SecsPages, "SECS page"));
        }

        if (least.GuestPages > 0)
        {
            parts.Add(Wording.Counted(least.GuestPages, "page") + " of vEPC");
        }

        if (least.SecsPages > 0)
        {
            parts.Add("one on its way");
        }

        string closed = $"loads from {Wording.Counted(least.ClosedFormPages, "page")} on: {string.Join(", ", parts)}";
        return least.Pages == least.ClosedFormPages
            ? closed + (least.FailsBelow ? $"; with a page less: {least.Reason}"
                : "; a simulation loads with less, too")
            : $"{closed}; {least.Reason}";
    }

    /// <summary>Whether the limits fit the machine.</summary>
    public static string Sum(SizingReport r, TogetherSizing together)
    {
        string sums = string.Join(", ", together.Sums.Where(one => one.Pages is not null)
            .Select(one => $"{Units.Bytes(one.Pages!.Value * Units.PageBytes)} for {Share(one.Share)}"));
        long left = together.MachinePages - together.SumPages;
        string fit = together.Fits
            ? $"the limits come to {Units.Bytes(together.SumPages * Units.PageBytes)} of "
                + $"{Units.Bytes(together.MachinePages * Units.PageBytes)} of EPC: "
                + $"{Units.Bytes(left * Units.PageBytes)} are left"
            : $"the limits come to {Units.Bytes(together.SumPages * Units.PageBytes)}, "
                + $"{Units.Bytes(-left * Units.PageBytes)} more than the "
                + $"{Units.Bytes(together.MachinePages * Units.PageBytes)} "
                + "of EPC: they compete for it, each within its limit";
        string others = together.Others.Count == 0 ? ""
            : $"; with {Names(together.Others)}, which no limit here is for";
        return $"{fit}{others}; RAM behind all of it: {Units.Bytes(together.BackingPages * Units.PageBytes)}"
            + (sums.Length > 0 && r.Cgroups.Count > 1 ? $". Sums: {sums}" : "");
    }

    /// <summary>The neighbours that cost most.</summary>
    public static string SlowedBy(NeighbourSizing row) =>
        string.Join(", ", row.SlowedBy.Take(3).Select(one =>
            $"{one.Path} {one.Factor.ToString("0.00", CultureInfo.InvariantCulture)}×"))
            + (row.SlowedBy.Count > 3 ? $" and {row.SlowedBy.Count - 3} more" : "");

    private static string Spread(SizeAnswer answer, SizingReport r) => r.Seeds.Count == 1 ? "one seed"
        : answer.LowestPages == answer.HighestPages ? $"the same for {r.Seeds.Count} seeds"
        : $"the least of {r.Seeds.Count} seeds {Wording.Counted(answer.LowestPages, "page")}, the most "
            + Wording.Counted(answer.HighestPages, "page");

    private static string Difference(double difference) =>
        (difference < 0 ? "more by " : "fewer by ") + Units.Percent(Math.Abs(difference));

    private static string Names(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Length <= 3 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(3))} and {all.Length - 3} more";
    }
}
