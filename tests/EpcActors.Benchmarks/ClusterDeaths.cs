using System.Globalization;
using System.Text.Json;

namespace EpcActors.Benchmarks;

/// <summary>
/// Runs of <c>epc cluster config/scenarios/cluster-four-sockets.conf --processes 4</c> in which real processes are
/// killed, restarted, paused and cut off from one another. A run is in order when its verdict is a pass, every process
/// died that had to, and no other did.
/// </summary>
internal static class ClusterDeaths
{
    private static readonly Plan[] Plans =
    [
        new("nothing", [], [], []),
        new("kill", ["kill:2@1s"], [2], []),
        new("restart", ["restart:1@1s"], [1], []),
        new("kill in reclaim", ["kill:0@1s:reclaim"], [0], []),
        new("short pause", ["pause:1@1s+2s"], [], []),
        new("long pause", ["pause:3@1s+9s"], [3], []),
        new("short partition", ["partition:0,1@1s+2s"], [], []),
        new("long partition", ["partition:3@500ms+15s"], [], [3]),
        new("kill beside a pause", ["kill:2@1s", "pause:0@1200ms+2s"], [2], []),
        new("kill beside a partition", ["kill:3@1s", "partition:0@1s+2s"], [3], []),
        new("two restarts", ["restart:0@1s", "restart:2@1500ms"], [0, 2], []),
    ];

    /// <summary>
    /// <c>deaths [RUNS] [options for epc cluster …]</c>: the plans in turn, a line for each run; 1 when a run was not
    /// in order.
    /// </summary>
    public static int Run(string[] args)
    {
        string epc = ClusterSpeed.FindEpc();
        bool hasNumber =
            args.Length > 0 && int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        int runs = hasNumber ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20;
        string file = Path.Combine(ClusterSpeed.FindRoot(), "config", "scenarios", "cluster-four-sockets.conf");
        int wrong = 0;
        Console.WriteLine("| run | faults | planned deaths | deaths | verdict | seconds | in order |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        for (int i = 0; i < runs; i++)
        {
            Plan plan = Plans[i % Plans.Length];
            string[] faults = [.. plan.Faults.SelectMany(fault => (string[])["--fault", fault])];
            using JsonDocument? report = TryExecute(
                epc,
                ["cluster", file, "--processes", "4", .. faults, .. args.Skip(hasNumber ? 1 : 0)]);
            if (report is null)
            {
                wrong++;
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"| {i + 1} | {plan.Name} | {plan.Words} |  | no report |  | NO |"));
                continue;
            }

            JsonElement root = report.RootElement;
            (int Member, string Reason)[] deaths =
            [
                .. root.GetProperty("cluster")
                    .GetProperty("deaths")
                    .EnumerateArray()
                    .Select(death =>
                        (death.GetProperty("process").GetInt32(), death.GetProperty("reason").GetString()!)),
            ];
            string verdict = root.GetProperty("verdict").GetString()!;
            bool isInOrder = verdict == "pass" && plan.Explains([.. deaths.Select(death => death.Member)]);
            wrong += isInOrder ? 0 : 1;
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {i + 1} | {plan.Name} | {plan.Words} | "
                        + $"{string.Join("; ", deaths.Select(death => $"{death.Member}: {death.Reason}"))} | {verdict} "
                        + $"| "
                        + $"{root.GetProperty("elapsed_ns").GetInt64() / 1e9:0.0} | {(isInOrder ? "yes" : "NO")} |"));
        }

        Console.WriteLine();
        Console.WriteLine($"{runs - wrong} of {runs} runs were in order");
        return wrong == 0 ? 0 : 1;
    }

    /// <summary>
    /// The report of a run; null when it ended without one, and then the reason is on standard error.
    /// </summary>
    private static JsonDocument? TryExecute(string epc, string[] arguments)
    {
        try
        {
            return ClusterSpeed.Execute(epc, arguments);
        }
        catch (InvalidOperationException error)
        {
            Console.Error.WriteLine(error.Message);
            return null;
        }
    }

    /// <param name="Name">For the table.</param>
    /// <param name="Faults">As <c>--fault</c> takes them.</param>
    /// <param name="Must">Processes that die of it, once each.</param>
    /// <param name="May">Processes that may die of it, when the run lasts that long.</param>
    private sealed record Plan(string Name, string[] Faults, int[] Must, int[] May)
    {
        public string Words =>
            string.Join(", ", Must.Select(member => $"{member}").Concat(May.Select(member => $"perhaps {member}")));

        public bool Explains(IReadOnlyList<int> deaths) =>
            Must.All(deaths.Contains)
            && deaths.All(member => Must.Contains(member) || May.Contains(member))
            && deaths.Distinct().Count() == deaths.Count;
    }
}
