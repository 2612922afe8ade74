using EpcActors.Kernel;
using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>
/// Explains a <see cref="Shortage"/>: what was missing, its holders, the amount that is sufficient, and the kernel's
/// rule.
/// </summary>
internal sealed class Explanation(Scenario scenario, Topology topology, Shortages shortages)
{
    private const int MostHolders = 3;

    private bool HasLimits => scenario.Switches.EpcCgroup == EpcCgroupMode.On;

    /// <summary>Sentences for the report of an enclave.</summary>
    /// <param name="enclave">Index of the enclave.</param>
    /// <param name="shortage">Its shortage.</param>
    /// <param name="isLoading">It had not been initialised yet.</param>
    public IReadOnlyList<string> OfEnclave(int enclave, Shortage shortage, bool isLoading)
    {
        if (shortage.Cause == ShortageCause.MemoryOomKill)
        {
            return OfMemory(enclave, shortage);
        }

        EnclaveSpec spec = scenario.Enclaves[enclave];
        List<string> why = [Where(shortage), Holders(shortage, spec.Name)];
        why.AddRange(Least(enclave, spec, shortage, isLoading));
        why.Add(Rule(shortage, isFault: !isLoading && shortage.Cause != ShortageCause.EpcOomKill));
        why.RemoveAll(line => line.Length == 0);
        return why;
    }

    /// <summary>Sentences for the report of a guest.</summary>
    public IReadOnlyList<string> OfGuest(int guest, Shortage shortage)
    {
        VirtualMachineSpec spec = scenario.VirtualMachines[guest];
        long others = shortage.Holders.Where(one => one.Guest != guest).Sum(Kept);
        List<string> why =
        [
            Where(shortage),
            Holders(shortage, spec.Name),
            $"guest {spec.Name} touches {Sizes.OfPages(spec.TouchedPages)} of vEPC, none of which is ever reclaimed"
                + (others == 0 ? "" : $"; with what the others keep, {Thing(shortage)} needs "
                + $"{Sizes.OfPages(spec.TouchedPages + others)}"),
            Rule(shortage, isFault: true),
        ];
        why.RemoveAll(line => line.Length == 0);
        return why;
    }

    private static long Kept(EpcHolder holder) => holder.Guest >= 0 ? holder.Pages : holder.VaPages
        + (holder.HasSecs ? 1 : 0);

    private string Path(Shortage shortage) => topology.Cgroups[shortage.Level].Path;

    private string Thing(Shortage shortage) => shortage.Level < 0 ? "the machine" : Path(shortage);

    private string Where(Shortage shortage)
    {
        string at = $"at {Durations.Text(shortage.AtNs)} ";
        if (shortage.Level < 0)
        {
            string poisoned = shortage.PoisonedPages == 0 ? "" : $", {shortage.PoisonedPages} of them poisoned";
            return $"{at}the EPC of the machine was full ({Sizes.OfPages(shortage.MaxPages)}{poisoned}), and no page "
                + "on an LRU was left to reclaim";
        }

        string limit = $"{Path(shortage)} held {shortage.UsagePages} of the {Sizes.OfPages(shortage.MaxPages)} of "
            + "its misc.max";
        if (shortage.Cause == ShortageCause.Signal)
        {
            return $"{at}{limit}, and a signal waited";
        }

        string lru = shortage.Searched == shortage.Level ? "it" : topology.Cgroups[shortage.Searched].Path;
        return $"{at}{limit}, and no page on an LRU of {lru} or below was left to reclaim";
    }

    /// <summary>
    /// Pages below the limit that this allocation could never have reclaimed: those of other subtrees.
    /// </summary>
    private long OfSiblings(Shortage shortage) => shortage.Level < 0 ? 0 : shortage.Holders
        .Where(one => !shortages.IsBelow(one.Cgroup, shortage.Searched)).Sum(one => one.All);

    private static string Holders(Shortage shortage, string self)
    {
        if (shortage.Holders.Count == 0)
        {
            return "";
        }

        List<string> parts = [];
        foreach (EpcHolder holder in shortage.Holders.Take(MostHolders))
        {
            parts.Add(Describe(holder, self));
        }

        // The one concerned is told in any case.
        if (shortage.Holders.Skip(MostHolders).Where(one => one.Name == self).Select(one => Describe(one, self))
            .FirstOrDefault() is { } own)
        {
            parts.Add(own);
        }

        int left = shortage.Holders.Count - parts.Count;
        string rest = left == 0 ? ""
            : $"; {left} more {Counted.Of(shortage.Holders.Sum(one => one.All) - Shown(), "page")}";
        return $"who held them: {string.Join("; ", parts)}{rest}";

        long Shown() => shortage.Holders.Take(MostHolders).Sum(one => one.All)
            + shortage.Holders.Skip(MostHolders).Where(one => one.Name == self).Sum(one => one.All);
    }

    private static string Describe(EpcHolder holder, string self)
    {
        string name = holder.Name + (holder.Name == self ? " itself" : "");
        if (holder.Guest >= 0)
        {
            return $"{name} {Counted.Of(holder.Pages, "page")} of vEPC";
        }

        List<string> parts = [];
        if (holder.VaPages > 0)
        {
            parts.Add(Counted.Of(holder.VaPages, "VA page"));
        }

        if (holder.HasSecs)
        {
            parts.Add("its SECS");
        }

        if (holder.Pages > 0 || parts.Count == 0)
        {
            parts.Add(Counted.Of(holder.Pages, "other page"));
        }

        return $"{name} {Counted.Of(holder.All, "page")} ({string.Join(", ", parts)})";
    }

    private IEnumerable<string> Least(int enclave, EnclaveSpec spec, Shortage shortage, bool isLoading)
    {
        LeastPages load = LeastPages.ToLoad(spec);
        LeastPages run = LeastPages.ToRun(spec);
        LeastPages least = isLoading ? load : run;
        string verb = isLoading ? "loads" : "runs";
        yield return $"the least that {verb} {spec.Name} is {Sizes.OfPages(least.Pages)}: "
            + $"{Counted.Of(least.VaPages, "VA page")} + SECS + 1";
        if (!isLoading || run != load)
        {
            string grown = run == load ? "" : $", of which {run.VaPages - load.VaPages} come with pages that EAUG adds";
            string threads = spec.Threads > 1
                ? $"; {spec.Threads} threads that fault at the same time hold a page each" : "";
            if (grown.Length + threads.Length > 0)
            {
                yield return $"to run it takes {Counted.Of(run.VaPages, "VA page")}{grown}{threads}";
            }
        }

        long siblings = OfSiblings(shortage);
        long others = shortage.Holders
            .Where(one => one.Enclave != enclave
                && (shortage.Level < 0 || shortages.IsBelow(one.Cgroup, shortage.Searched)))
            .Sum(one => one.Guest >= 0 ? one.Pages : LeastPages.ToRun(scenario.Enclaves[one.Enclave]).Kept);
        long enough = least.Pages + others + siblings;
        if (siblings > 0)
        {
            yield return "a charge reclaims from the process's own cgroup and below, never from its siblings (C14), "
                + $"and these held {Counted.Of(siblings, "page")}: {Thing(shortage)} needs {Sizes.OfPages(enough)} "
                + "beside "
                + "them, or give them a limit of their own";
        }
        else if (others > 0)
        {
            yield return $"with the VA pages, SECS pages and vEPC of the others there, {Thing(shortage)} needs "
                + Sizes.OfPages(enough);
        }

        if (shortage.Cause != ShortageCause.EpcOomKill && siblings == 0
            && enough <= shortage.MaxPages - shortage.PoisonedPages)
        {
            yield return $"{Thing(shortage)} has that many: the pages that are missing here were in the hands of other "
                + "threads and of reclaimers at that moment, where they do not count as reclaimable (C15, C20, C21); "
                + "some pages more, one for each thread, are safe";
        }
    }

    private string Rule(Shortage shortage, bool isFault)
    {
        const string NoLru = "VA pages, SECS pages and vEPC are on no LRU";
        string signal = isFault ? "; sgx_vma_fault() makes SIGBUS of it" : "";
        string kernel = $"kernel {scenario.Kernel}";
        if (!HasLimits)
        {
            return $"{kernel} has no limits on EPC: sgx_alloc_epc_page() fails with ENOMEM when no page is free and "
                + "the "
                + $"LRU is empty, and {NoLru}{signal}";
        }

        if (shortage.Cause == ShortageCause.Signal)
        {
            return $"{kernel} looks at signals before it says that the caller may come again (C26){signal}";
        }

        if (shortage.Cause == ShortageCause.EpcOomKill)
        {
            return $"{kernel} kills the enclave with the oldest unreclaimable page when nothing below a limit can be "
                + $"reclaimed (sgx_epc_oom); {NoLru}";
        }

        return shortage.Level < 0 && shortage.Cause == ShortageCause.EpcFull
            ? $"{kernel}: the charge was accepted, but an allocation fails with ENOMEM when no page is free and all "
                + $"LRUs are empty; {NoLru}{signal}"
            : $"{kernel}: a charge above a limit fails with ENOMEM when the LRUs of the process's cgroup and below are "
                + $"empty; {NoLru}, but charged{signal}";
    }

    private IReadOnlyList<string> OfMemory(int enclave, Shortage shortage)
    {
        EnclaveSpec spec = scenario.Enclaves[enclave];
        if (shortage.Level < 0)
        {
            return [];
        }

        // 4096 bytes of contents and 128 of PCMD for each page, the SECS among them.
        long pages = (long)spec.CodePages + spec.HeapPages + 1;
        long backing = pages + ((pages + 31) / 32);
        return
        [
            $"at {Durations.Text(shortage.AtNs)} {Path(shortage)} held {shortage.UsagePages} of the "
                + $"{Sizes.OfPages(shortage.MaxPages)} of its memory.max: "
                + "RAM behind evicted pages",
            $"all of {spec.Name} swapped out takes {Sizes.OfPages(backing)} of RAM; more EPC, or a larger misc.max, "
                + "evicts fewer of its pages",
        ];
    }
}
