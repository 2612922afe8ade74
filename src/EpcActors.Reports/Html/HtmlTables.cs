using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The tables of the HTML report.</summary>
internal static class HtmlTables
{
    private const int MostEnclaves = 100;

    public static void WriteCgroups(HtmlWriter html, RunReport r)
    {
        if (r.Cgroups.Count == 0)
        {
            return;
        }

        IReadOnlyList<(int Depth, string Name)> tree = CgroupTree.Of([.. r.Cgroups.Select(c => c.Path)]);
        bool hasStock = r.Cgroups.Any(c => c.StockBytes is not null);
        Begin(
            html,
            "Cgroups: the misc files at the end, and the paging in each cgroup and below"
                + (
                    hasStock
                        ? "; in stock is the part of misc.current that processes took in advance and do not use"
                        : ""),
            [
                "cgroup",
                "#misc.max",
                "#misc.current",
                .. hasStock ? ["#in stock"] : (ReadOnlySpan<string>)[],
                "#misc.peak",
                "#events",
                "#events.local",
                "#faults",
                "#retries",
                "#evictions",
                "#reloads",
                "#p50",
                "#p99",
                "#slowdown",
            ]);
        for (int i = 0; i < r.Cgroups.Count; i++)
        {
            CgroupReport c = r.Cgroups[i];
            html.Open("tr");
            html.Open("th", ("scope", "row"), ("title", c.Path),
                ("style", string.Create(CultureInfo.InvariantCulture, $"padding-left:{tree[i].Depth * 1.2 + 0.5}em")));
            html.Text(tree[i].Name + (c.IsDying ? " (dying)" : ""));
            html.Close("th");
            Size(html, c.MaxBytes);
            Size(html, c.CurrentBytes);
            if (hasStock)
            {
                Size(html, c.StockBytes ?? 0);
            }

            Size(html, c.PeakBytes);
            Number(html, Units.Count(c.Events), c.Events > 0 ? "warn" : null);
            Number(html, Units.Count(c.EventsLocal), c.EventsLocal > 0 ? "warn" : null);
            Number(html, Units.Count(c.Faults));
            Number(html, Units.Count(c.FaultRetries));
            Number(html, Units.Count(c.Evictions));
            Number(html, Units.Count(c.Reloads));
            Number(html, Units.Latency(c.FaultLatency.P50Ns, c.FaultLatency.Count));
            Number(html, Units.Latency(c.FaultLatency.P99Ns, c.FaultLatency.Count));
            Number(html, Units.Slowdown(c.Slowdown));
            html.Close("tr");
        }

        End(html);
    }

    public static void WriteNodes(HtmlWriter html, RunReport r)
    {
        if (r.Nodes.Count == 0)
        {
            return;
        }

        Begin(html, "NUMA nodes. " + Wording.CounterAgainstLists(r), "node", "#CPUs", "#capacity", "#pages", "#free",
            "#poisoned", "#allocations", "#remote");
        foreach (NodeReport n in r.Nodes)
        {
            html.Open("tr");
            html.Element("th", $"node {Units.Count(n.Id)}", ("scope", "row"));
            Number(html, Units.Count(n.Cpus));
            Size(html, n.CapacityPages * Units.PageBytes);
            Number(html, Units.Count(n.CapacityPages));
            Number(html, Units.Count(n.FreePages));
            Number(html, Units.Count(n.PoisonedPages), n.PoisonedPages > 0 ? "warn" : null);
            Number(html, Units.Count(n.Allocations));
            Number(html, n.Allocations == 0 ? "-" : Units.Percent((double)n.RemoteAllocations / n.Allocations));
            html.Close("tr");
        }

        End(html);
    }

    public static void WriteEnclaves(HtmlWriter html, RunReport r)
    {
        if (r.Enclaves.Count == 0)
        {
            return;
        }

        EnclaveCut cut = EnclaveCut.Of(r.Enclaves, MostEnclaves);
        string caption = cut.LeftOutCount == 0
            ? "Enclaves (pages of 4 KiB)"
            : $"Enclaves (pages of 4 KiB); {Units.Count(cut.LeftOutCount)} of {Units.Count(r.Enclaves.Count)} "
                + "left out, added up in the last rows";
        Begin(html, caption, "enclave", "cgroup", "outcome", "#faults", "#evictions", "#reloads", "#resident",
            "#swapped",
            "#VA pages", "#slowdown", "detail");
        foreach (EnclaveReport e in cut.Shown)
        {
            html.Open("tr");
            html.Element("th", e.Name, ("scope", "row"));
            html.Element("td", e.Cgroup);
            html.Element("td", Wording.Outcome(e),
                ("class", e.IsCutOff ? "warn" : Wording.IsBad(e.Outcome) ? "bad" : null));
            Number(html, Units.Count(e.Faults));
            Number(html, Units.Count(e.Evictions));
            Number(html, Units.Count(e.Reloads));
            Number(html, Units.Count(e.ResidentPages));
            Number(html, Units.Count(e.SwappedPages));
            Number(html, Units.Count(e.VaPages));
            Number(html, Units.Slowdown(e.Slowdown));
            html.Element("td", e.Detail, ("class", "prose"));
            html.Close("tr");
        }

        foreach (EnclaveGroup g in cut.LeftOut)
        {
            html.Open("tr", ("class", "more"));
            html.Element("th", $"{Units.Count(g.Count)} more", ("scope", "row"));
            html.Element("td", g.Cgroup);
            html.Element("td", Wording.Key(g.Outcome), ("class", Wording.IsBad(g.Outcome) ? "bad" : null));
            Number(html, Units.Count(g.Faults));
            Number(html, "");
            Number(html, "");
            Number(html, Units.Count(g.ResidentPages));
            Number(html, Units.Count(g.SwappedPages));
            Number(html, "");
            Number(html, "");
            html.Element("td", "");
            html.Close("tr");
        }

        End(html);
    }

    public static void WriteGuests(HtmlWriter html, RunReport r)
    {
        if (r.VirtualEpcs.Count == 0)
        {
            return;
        }

        Begin(html, "Virtual EPC of guests", "guest", "cgroup", "outcome", "#pages", "#faults", "detail");
        foreach (VirtualEpcReport v in r.VirtualEpcs)
        {
            html.Open("tr");
            html.Element("th", v.Name, ("scope", "row"));
            html.Element("td", v.Cgroup);
            html.Element("td", Wording.Key(v.Outcome), ("class", Wording.IsBad(v.Outcome) ? "bad" : null));
            Number(html, Units.Count(v.Pages));
            Number(html, Units.Count(v.Faults));
            html.Element("td", v.Detail, ("class", "prose"));
            html.Close("tr");
        }

        End(html);
    }

    public static void WriteMemoryCgroups(HtmlWriter html, RunReport r)
    {
        if (r.MemoryCgroups.Count == 0)
        {
            return;
        }

        Begin(html, "Memory cgroups: backing store of swapped pages", "memory cgroup", "#memory.max", "#memory.current",
            "#memory.peak", "#OOM kills");
        foreach (MemoryCgroupReport m in r.MemoryCgroups)
        {
            html.Open("tr");
            html.Element("th", m.Path, ("scope", "row"));
            Size(html, m.MaxBytes);
            Size(html, m.CurrentBytes);
            Size(html, m.PeakBytes);
            Number(html, Units.Count(m.OomKills), m.OomKills > 0 ? "bad" : null);
            html.Close("tr");
        }

        End(html);
    }

    /// <summary>The profile: a table whose bars are its chart.</summary>
    public static void WriteProfile(HtmlWriter html, RunReport r)
    {
        if (r.Profile.Count == 0)
        {
            return;
        }

        double highest = Math.Max(r.Profile.Max(a => a.Share), 1e-9);
        Begin(html, "Where CPU time went, over all tasks", "activity", "#share", "", "#time", "#count", "#each");
        foreach (ActivityReport a in r.Profile)
        {
            html.Open("tr");
            html.Open("th", ("scope", "row"));
            html.Element("code", a.Activity);
            html.Close("th");
            Number(html, Units.Percent(a.Share));
            html.Open("td", ("class", "barcell"));
            html.Open("svg", ("class", "hbar"), ("viewBox", "0 0 100 10"), ("preserveAspectRatio", "none"),
                ("aria-hidden", "true"));
            html.Empty("rect", ("class", "bar"), ("x", "0"), ("y", "0"), ("height", "10"),
                ("width", HtmlWriter.Coordinate(Math.Max(100 * a.Share / highest, 0.3))));
            html.Close("svg");
            html.Close("td");
            Number(html, Units.Duration(a.TimeNs));
            Number(html, Units.Count(a.Count));
            Number(html, a.Count > 0 ? Units.Duration(a.TimeNs / a.Count) : "-");
            html.Close("tr");
        }

        End(html);
    }

    public static void WriteMessages(HtmlWriter html, RunReport r)
    {
        if (r.Messages.Count == 0)
        {
            return;
        }

        Begin(html, "Messages by kind", "kind", "#messages", "#share");
        foreach ((string kind, long count) in MessageSums.ByKind(r))
        {
            html.Open("tr");
            html.Element("th", kind, ("scope", "row"));
            Number(html, Units.Count(count));
            Number(html, MessageSums.Share(r, count));
            html.Close("tr");
        }

        End(html);
        Begin(html, "Messages by kinds of the actors that ask and are asked", "asker", "asked", "#messages", "#share");
        foreach ((string asker, string resource, long count) in MessageSums.ByPair(r))
        {
            html.Open("tr");
            html.Element("th", asker, ("scope", "row"));
            html.Element("td", resource);
            Number(html, Units.Count(count));
            Number(html, MessageSums.Share(r, count));
            html.Close("tr");
        }

        End(html);
    }

    public static void WriteSwitches(HtmlWriter html, RunReport r)
    {
        if (r.Switches.Count == 0)
        {
            return;
        }

        Begin(html, $"Switches of kernel {r.Kernel}; set by the scenario or the command line where marked",
            "switch", "value",
            "");
        foreach (SwitchReport s in r.Switches)
        {
            html.Open("tr", ("class", s.IsOverridden ? "overridden" : null));
            html.Open("th", ("scope", "row"));
            html.Element("code", s.Name);
            html.Close("th");
            html.Open("td");
            html.Element("code", s.Value);
            html.Close("td");
            html.Element("td", s.IsOverridden ? "◆ overridden" : "");
            html.Close("tr");
        }

        End(html);
    }

    /// <summary>Begins a table; a heading with # in front stands over figures.</summary>
    public static void Begin(HtmlWriter html, string caption, params ReadOnlySpan<string> headings)
    {
        html.Open("div", ("class", "scroll"));
        html.Open("table");
        html.Element("caption", caption);
        html.Open("thead");
        html.Open("tr");
        foreach (string heading in headings)
        {
            bool isFigure = heading.StartsWith('#');
            html.Element("th", isFigure ? heading[1..] : heading, ("scope", "col"), ("class", isFigure ? "n" : null));
        }

        html.Close("tr");
        html.Close("thead");
        html.Open("tbody");
    }

    public static void End(HtmlWriter html)
    {
        html.Close("tbody");
        html.Close("table");
        html.Close("div");
    }

    public static void Number(HtmlWriter html, string text, string? extraClass = null) =>
        html.Element("td", text, ("class", extraClass is null ? "n" : "n " + extraClass));

    /// <summary>Readable in the cell, and on hover the exact bytes, as the file would show them.</summary>
    private static void Size(HtmlWriter html, long? bytes) =>
        html.Element("td", Units.Limit(bytes), ("class", "n"),
            ("title", bytes is { } exact ? exact.ToString(CultureInfo.InvariantCulture) + " bytes" : null));
}
