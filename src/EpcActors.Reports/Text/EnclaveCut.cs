using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Enclaves left out of a table because they are too many, one line per cgroup and outcome.</summary>
internal readonly record struct EnclaveGroup(string Cgroup, EnclaveOutcome Outcome, int Count, long Faults,
    long ResidentPages, long SwappedPages);

/// <summary>
/// Selection of the enclaves that a table shows when there are hundreds: those that ended badly first, then the
/// slowest. The rest are added up per cgroup and outcome, so that none is left out silently.
/// </summary>
internal sealed record EnclaveCut(IReadOnlyList<EnclaveReport> Shown, IReadOnlyList<EnclaveGroup> LeftOut)
{
    public int LeftOutCount => LeftOut.Sum(g => g.Count);

    public static EnclaveCut Of(IReadOnlyList<EnclaveReport> enclaves, int most)
    {
        if (enclaves.Count <= most)
        {
            return new EnclaveCut(enclaves, []);
        }

        // Stable sort by interest, then back to the order of the report.
        HashSet<int> kept = [.. Enumerable.Range(0, enclaves.Count)
            .OrderByDescending(i => Wording.IsBad(enclaves[i].Outcome))
            .ThenByDescending(i => enclaves[i].Slowdown ?? 0)
            .ThenByDescending(i => enclaves[i].Faults)
            .Take(most)];
        List<EnclaveReport> shown = [];
        Dictionary<(string, EnclaveOutcome), int> index = [];
        List<EnclaveGroup> groups = [];
        for (int i = 0; i < enclaves.Count; i++)
        {
            EnclaveReport e = enclaves[i];
            if (kept.Contains(i))
            {
                shown.Add(e);
                continue;
            }

            if (!index.TryGetValue((e.Cgroup, e.Outcome), out int at))
            {
                at = groups.Count;
                index.Add((e.Cgroup, e.Outcome), at);
                groups.Add(new EnclaveGroup(e.Cgroup, e.Outcome, 0, 0, 0, 0));
            }

            EnclaveGroup g = groups[at];
            groups[at] = g with
            {
                Count = g.Count + 1,
                Faults = g.Faults + e.Faults,
                ResidentPages = g.ResidentPages + e.ResidentPages,
                SwappedPages = g.SwappedPages + e.SwappedPages,
            };
        }

        return new EnclaveCut(shown, groups);
    }
}
