using System.Diagnostics;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// Finds the limits of cgroups: what loads, what keeps a share of the full speed, what all of them come to together.
/// docs/decisions has why it is done so.
/// </summary>
public static class Sizer
{
    /// <summary>Makes sure that something can be sized, before time is spent on it.</summary>
    /// <exception cref="SizingException">Nothing can.</exception>
    public static void Check(SizingRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        SizingTargets.Of(request);
    }

    /// <summary>Sizes what was asked for.</summary>
    /// <param name="request">What to size.</param>
    /// <param name="progress">Told what is under way; may be null. Several threads may call it.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="SizingException">Nothing can be sized.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static SizingReport Size(
        SizingRequest request, Action<string>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        long started = Stopwatch.GetTimestamp();
        SizingWork work = new(request, progress, cancellation);
        IReadOnlyList<PodSearch> pods =
            [.. SizingTargets.Of(request).Select(cgroup => new PodSearch(request, work, cgroup))];
        work.ForEach("steady state", pods, static pod => pod.Prepare());
        work.ForEach("curve", [.. pods.SelectMany(pod => pod.CurveSteps())], static step => step());
        work.ForEach("limits", [.. pods.SelectMany(pod => pod.FirstSearches())], static step => step());
        work.ForEach("other seeds", [.. pods.SelectMany(pod => pod.OtherSearches())], static step => step());
        work.ForEach("checks", pods, static pod => pod.Finish());
        TogetherSizing? together = Together(work, request, pods);
        CgroupSizing[] cgroups = [.. pods.Select(pod => pod.Report())];
        return new SizingReport
        {
            Scenario = request.Scenario.File,
            Title = request.Scenario.Title,
            Kernel = request.Scenario.Kernel,
            Costs = request.Scenario.Costs.Name,
            Seeds = work.Seeds,
            MachinePages = request.Scenario.Machine.EpcPages,
            Shares = request.Shares,
            ChosenShare = request.Until.Length > 0 ? null : PodSearch.Chosen(request.Shares),
            Until = request.Until,
            Cgroups = cgroups,
            Together = together,
            Notes = Notes(request.Scenario),
            Simulations = work.Simulations,
            Steps = work.Steps,
            WallTimeMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds,
            Command = request.Command,
            Verdict = cgroups.All(one => one.Chosen?.LimitPages is not null)
                && together is not null && together.Rows.All(row => row.Keeps)
                    ? SizingVerdict.Sized : SizingVerdict.NotKept,
        };
    }

    private static TogetherSizing? Together(SizingWork work, SizingRequest request, IReadOnlyList<PodSearch> pods)
    {
        if (pods.Any(pod => pod.ChosenPages is null))
        {
            return null;
        }

        Interference interference = new(work, [.. pods.Select(pod => (pod.Sizer, pod.ChosenPages!.Value))]);
        double share = PodSearch.Chosen(request.Shares);
        TogetherSizing together = interference.Measure((pod, slowdown) => pods[pod].Sizer.Pod.Enclaves.Count == 0
            || slowdown <= (request.Until.Length == 0 ? 1 / share : pods[pod].ChosenSlowdown));
        return together with
        {
            Sums =
            [
                .. request.Shares.Select((one, i) => (one, pods.Any(pod => pod.PagesOf(i) is null) ? null
                    : (long?)new Interference(work, [.. pods.Select(pod => (pod.Sizer, pod.PagesOf(i)!.Value))])
                        .Sum([.. Enumerable.Range(0, pods.Count)]))),
            ],
        };
    }

    private static List<string> Notes(Scenario scenario)
    {
        List<string> notes = [];
        if (scenario.Script.Count > 0)
        {
            notes.Add("the script is left out: limits are found for the state that it does not change");
        }

        int threads = scenario.Enclaves.Sum(one => one.Threads);
        int cpus = scenario.Machine.Nodes.Sum(node => node.Cpus);
        if (threads > cpus)
        {
            notes.Add($"{threads} threads share {cpus} CPUs in the file; each has one here, since CPU time is no "
                + "matter "
                + "of EPC");
        }

        return notes;
    }
}

/// <summary>A sizing that cannot begin.</summary>
/// <param name="problem">What is wrong, with its remedy.</param>
public sealed class SizingException(string problem) : Exception(problem);

/// <summary>Cgroups of a sizing.</summary>
internal static class SizingTargets
{
    /// <summary>Those named, or each that has enclaves or guests of its own.</summary>
    /// <exception cref="SizingException">There is none, or none can have a limit.</exception>
    public static IReadOnlyList<int> Of(SizingRequest request)
    {
        Scenario scenario = request.Scenario;
        if (scenario.Switches.EpcCgroup == EpcCgroupMode.Off)
        {
            throw new SizingException(
                $"kernel {scenario.Kernel} has no limits on EPC; choose one that has: --kernel epc-cgroup-v8");
        }

        HashSet<int> inhabited =
        [
            .. scenario.Enclaves.Select(one => one.Cgroup), .. scenario.VirtualMachines.Select(one => one.Cgroup),
        ];
        if (inhabited.Count == 0)
        {
            throw new SizingException("there is no enclave and no virtual machine to size; add one to epc.enclaves");
        }

        if (request.Cgroups.Count == 0 && inhabited.SetEquals([0]))
        {
            throw new SizingException(
                "all enclaves are in the root cgroup, which takes no limit; give them one: epc.cgroups { /pod {} } and "
                    + "cgroup = /pod in each enclave");
        }

        IEnumerable<int> wanted = request.Cgroups.Count > 0 ? request.Cgroups.Distinct()
            : inhabited.Where(cgroup => cgroup != 0).Order();
        foreach (int cgroup in request.Cgroups)
        {
            string path = scenario.Cgroups[cgroup].Path;
            if (cgroup == 0)
            {
                throw new SizingException("/: the root cgroup takes no limit; name one below it");
            }

            if (!inhabited.Any(one => scenario.Cgroups[one].Path == path
                || scenario.Cgroups[one].Path.StartsWith(path + "/", StringComparison.Ordinal)))
            {
                throw new SizingException($"{path}: no enclave and no virtual machine is in it or below; name another");
            }
        }

        return [.. wanted];
    }
}
