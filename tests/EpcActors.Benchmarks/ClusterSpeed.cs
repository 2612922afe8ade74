using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EpcActors.Benchmarks;

/// <summary>
/// Whole runs of <c>epc cluster</c> with real processes: faults a second by number of processes and by charge batch,
/// against one process; bytes on the wire; time to recover from a kill. Not a benchmark of BenchmarkDotNet: what is
/// timed is what the run itself reports, without starting and ending processes.
/// </summary>
internal static class ClusterSpeed
{
    /// <summary>
    /// <c>cluster [REPEATS] [options for epc cluster …]</c>: prints a table with the median of some runs of each case.
    /// </summary>
    public static int Run(string[] args)
    {
        string root = FindRoot();
        string epc = FindEpc();
        int repeats =
            args.Length > 0 && int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? Math.Max(1, number)
                : 3;
        string[] more =
        [
            .. args.Skip(
                args.Length > 0 && int.TryParse(args[0], NumberStyles.None, CultureInfo.InvariantCulture, out _) ? 1 : 0
            ),
        ];
        string faults = Path.Combine(root, "tests", "EpcActors.Benchmarks", "cluster-faults.conf");
        string limit = Path.Combine(root, "config", "scenarios", "cluster-one-limit.conf");

        Console.WriteLine(
            "| scenario | processes | charge batch | faults | faults/s | frames/fault | bytes/frame | frames/write | "
                + "evictions | ENOMEM | audits, longest |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        Row("page faults", faults, ["run", faults, "--live", "--no-slowdown"], "one, without a cluster", "-", repeats);
        foreach (int processes in (int[])[1, 2, 4])
        {
            foreach (int batch in (int[])[1, 8, 64])
            {
                Row(
                    "page faults",
                    faults,
                    Cluster(faults, processes, batch, more),
                    processes.ToString(CultureInfo.InvariantCulture),
                    $"{batch}",
                    repeats);
            }
        }

        Row("one limit", limit, ["run", limit, "--live", "--no-slowdown"], "one, without a cluster", "-", repeats);
        foreach (int batch in (int[])[1, 8, 64])
        {
            Row("one limit", limit, Cluster(limit, 4, batch, more), "4", $"{batch}", repeats);
        }

        Console.WriteLine();
        Console.WriteLine("| killed | owner of the counter | all knew after | an audit found all in order after |");
        Console.WriteLine("|---|---|---|---|");
        foreach (int victim in (int[])[0, 1, 2, 3])
        {
            for (int i = 0; i < repeats; i++)
            {
                Kill(epc, limit, victim, more);
            }
        }

        return 0;

        void Row(string name, string file, string[] arguments, string processes, string batch, int times)
        {
            List<Figures> runs = [];
            for (int i = 0; i < times; i++)
            {
                using JsonDocument report = Execute(epc, arguments);
                runs.Add(Figures.Of(report.RootElement));
            }

            runs.Sort((left, right) => left.FaultsPerSecond.CompareTo(right.FaultsPerSecond));
            Figures median = runs[runs.Count / 2];
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {processes} | {batch} | {median.Faults} | {median.FaultsPerSecond:0} "
                        + $"({runs[0].FaultsPerSecond:0} to {runs[^1].FaultsPerSecond:0}) | "
                        + $"{median.FramesPerFault:0.0} | "
                        + $"{median.BytesPerFrame:0} | {median.FramesPerWrite:0.0} | {median.Evictions} | "
                        + $"{string.Join(", ", runs.Select(run => run.Enomem))} | {median.Audits}, "
                        + $"{median.LongestAuditMs:0} ms |"));
        }
    }

    private static string[] Cluster(string file, int processes, int batch, string[] more) =>
        [
            "cluster",
            file,
            "--processes",
            $"{processes}",
            "--set",
            $"epc.cluster.charge-batch={batch}",
            "--set",
            $"epc.cluster.counter-batch={batch}",
            .. more,
        ];

    private static void Kill(string epc, string file, int victim, string[] more)
    {
        using JsonDocument report = Execute(epc, [.. Cluster(file, 4, 1, more), "--fault", $"kill:{victim}@1s"]);
        foreach (JsonElement death in report.RootElement.GetProperty("cluster").GetProperty("deaths").EnumerateArray())
        {
            Console.WriteLine(
                $"| process {victim} | {(victim == 0 ? "yes" : "no")} | {Ms(death, "known_to_all_ns")} | "
                    + $"{Ms(death, "clean_audit_ns")} |");
        }
    }

    private static string Ms(JsonElement death, string name) =>
        death.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            ? string.Create(CultureInfo.InvariantCulture, $"{value.GetDouble() / 1e6:0} ms")
            : "-";

    internal static JsonDocument Execute(string epc, string[] arguments)
    {
        ProcessStartInfo start = new(epc) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (IEnumerable<string>)[.. arguments, "--json", "-"])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text.StartsWith('{')
            ? JsonDocument.Parse(text)
            : throw new InvalidOperationException(
                $"epc {string.Join(' ', arguments)} ended with {process.ExitCode} and no report: {errors.Result}");
    }

    internal static string FindEpc()
    {
        string epc = Path.Combine(
            FindRoot(),
            "artifacts",
            "bin",
            "EpcActors.Cli",
            "release",
            OperatingSystem.IsWindows() ? "epc.exe" : "epc");
        return File.Exists(epc)
            ? epc
            : throw new FileNotFoundException($"{epc} is not there; build it first: dotnet build -c Release");
    }

    internal static string FindRoot()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "EpcActors.sln")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("this runs inside the project's folder only");
    }

    private sealed record Figures(
        long Faults,
        double FaultsPerSecond,
        double FramesPerFault,
        double BytesPerFrame,
        double FramesPerWrite,
        long Evictions,
        int Enomem,
        int Audits,
        double LongestAuditMs)
    {
        public static Figures Of(JsonElement report)
        {
            JsonElement root = report.GetProperty("cgroups")[0];
            long faults = root.GetProperty("faults").GetInt64();
            double seconds = report.GetProperty("elapsed_ns").GetInt64() / 1e9;
            long frames = 0;
            long bytes = 0;
            long writes = 0;
            int audits = 0;
            double longest = 0;
            if (report.TryGetProperty("cluster", out JsonElement cluster) && cluster.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonElement process in cluster.GetProperty("processes").EnumerateArray())
                {
                    frames += process.GetProperty("frames_out").GetInt64();
                    bytes += process.GetProperty("bytes_out").GetInt64();
                    writes += process.GetProperty("writes").GetInt64();
                }

                audits = cluster.GetProperty("audits").GetInt32();
                longest = cluster.GetProperty("longest_audit_ms").GetDouble();
            }

            int enomem = report
                .GetProperty("enclaves")
                .EnumerateArray()
                .Count(enclave => enclave.GetProperty("outcome").GetString() is "enomem" or "sigbus");
            return new Figures(
                faults,
                faults / seconds,
                faults == 0 ? 0 : (double)frames / faults,
                frames == 0 ? 0 : (double)bytes / frames,
                writes == 0 ? 0 : (double)frames / writes,
                root.GetProperty("evictions").GetInt64(),
                enomem,
                audits,
                longest);
        }
    }
}
