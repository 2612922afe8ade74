using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// The least limit that loads: VA pages, SECS pages and vEPC are never reclaimed, and one page is on its way. A
/// simulation at that limit and one a page below say whether the kernel agrees.
/// </summary>
internal static class LeastFinder
{
    /// <summary>Beyond everything resident no kernel needed more than this to build: its head-room.</summary>
    private const int HeadRoom = 256;

    public static LeastSizing Find(PodSizer sizer, ulong seed)
    {
        PodScenario pod = sizer.Pod;
        LeastPages[] loads = [.. pod.EnclaveSpecs.Select(LeastPages.ToLoad)];
        long va = loads.Sum(one => (long)one.VaPages);
        long closed = loads.Sum(one => (long)one.Kept) + pod.GuestPages + (loads.Length > 0 ? 1 : 0);
        string why = sizer.WhyNotLoaded(closed, seed);
        long least = closed;
        if (why.Length > 0)
        {
            int most = (int)Math.Min(int.MaxValue, pod.WholePages - closed + HeadRoom);
            LimitSearch search = new(
                page => sizer.WhyNotLoaded(closed + page, seed).Length == 0 ? 0 : 1, 0.5, 0, most);
            search.Know(0, 1);
            least = closed + (search.Least(1) ?? most);
        }

        string below = least <= 1 ? "" : sizer.WhyNotLoaded(least - 1, seed);
        string reason = why.Length == 0
            ? below
            : $"at the closed form, {Counted.Of(closed, "page")}, it does not load ({why}): the kernel needs "
                + $"{Counted.Of(least - closed, "page")} more, which are on their way or out of its reach";
        return new LeastSizing(least, closed, va, loads.Length, pod.GuestPages, below.Length > 0, reason);
    }
}
