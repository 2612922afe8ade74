using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Races;

namespace EpcActors.Benchmarks;

/// <summary>
/// Model checkers side by side on one program: two CPUs, each of which allocates and frees pages of its own node, and
/// one atomic counter. The emulator runs the kernel's routines on its actors with the oracle on at every step; SPIN runs
/// a model of the same three critical sections, compiled from <c>models/counter.pml</c>.
/// </summary>
internal static partial class Checkers
{
    /// <summary><c>checkers [OPERATIONS [ROUNDS]]</c>: operations of each CPU (100), and how often each is run
    /// (3).</summary>
    public static int Run(string[] args)
    {
        int operations = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100;
        int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        Console.WriteLine("| checker | states | depth | seconds | states/s |");
        Console.WriteLine("|---|---|---|---|---|");
        for (int round = 0; round < rounds; round++)
        {
            if (rounds > 0) Search("emulator, each branch from the start", operations, keepEvery: 0);
            Search("emulator, moments kept", operations, new SearchBounds().KeepEvery);
            Spin("SPIN", operations, "-DNOREDUCE");
            Spin("SPIN, partial-order reduction", operations, "");
        }

        return 0;
    }

    private static void Search(string name, int operations, int keepEvery)
    {
        RaceWorld world = new(LaboratoryScenarios.Counter(FreePageCounterMode.Atomic, operations));
        ExhaustiveSearch search = new(
            world, new SearchBounds { MaxStates = int.MaxValue, MaxSteps = 100_000, KeepEvery = keepEvery });
        long startedAt = Stopwatch.GetTimestamp();
        SearchResult result = search.Search(null, CancellationToken.None);
        if (!result.IsComplete || result.Counterexample is not null)
        {
            throw new InvalidOperationException($"{name}: {world.Finding}, {world.Engine.Failure}, {result}");
        }

        Row(name, result.States, result.Depth, Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
    }

    private static void Spin(string name, int operations, string option)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("epc-spin-");
        try
        {
            string model = Path.Combine(AppContext.BaseDirectory, "models", "counter.pml");
            Execute(folder, "spin", $"-DOPERATIONS={operations}", "-a", model);
            Execute(folder, "cc", "-O2", "-DSAFETY", option.Length > 0 ? option : "-O2", "-o", "pan", "pan.c");
            long startedAt = Stopwatch.GetTimestamp();
            string said = Execute(folder, Path.Combine(folder.FullName, "pan"), "-m1000000");
            double seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
            if (!said.Contains("errors: 0", StringComparison.Ordinal))
            {
                throw new InvalidOperationException(said);
            }

            Row(name, Number(States(), said), Number(Depth(), said), seconds);
        }
        catch (Win32Exception missing)
        {
            Console.WriteLine($"| {name} | not run: {missing.Message} (Debian's packages spin and gcc) | | | |");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Execute(DirectoryInfo folder, string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardOutput = true,
        })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? said
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {said}");
    }

    private static int Number(Regex pattern, string text) =>
        int.Parse(pattern.Match(text).Groups[1].Value, CultureInfo.InvariantCulture);

    private static void Row(string name, int states, int depth, double seconds) =>
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {states:N0} | {depth:N0} | {seconds:F2} | {states / seconds:N0} |"));

    [GeneratedRegex(@"(\d+) states, stored")]
    private static partial Regex States();

    [GeneratedRegex(@"depth reached (\d+)")]
    private static partial Regex Depth();
}
