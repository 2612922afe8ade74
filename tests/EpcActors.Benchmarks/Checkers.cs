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
/// one atomic counter. The emulator runs the kernel's routines on its actors, with the oracle on at every step. SPIN
/// runs a model of the same critical sections, compiled from <c>models/counter.pml</c>. Coyote does not search states:
/// it has a table of its own, of random schedules.
/// </summary>
internal static partial class Checkers
{
    private const int OperationsOfAWalk = 4;
    private const int Walks = 200_000;
    private const int CoyoteWalks = 500;

    /// <summary><c>checkers [OPERATIONS [ROUNDS]]</c>: operations of each CPU (100), and how often each is run
    /// (3).</summary>
    public static int Run(string[] args)
    {
        int operations = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100;
        int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        Console.WriteLine("| checker | states | depth | CPU seconds | states/s |");
        Console.WriteLine("|---|---|---|---|---|");
        for (int round = 0; round < rounds; round++)
        {
            Search("emulator, each branch from the start", operations, keepEvery: 0);
            Search("emulator, moments kept", operations, new SearchBounds().KeepEvery);
            Spin("SPIN", operations, "-DNOREDUCE");
            Spin("SPIN, partial-order reduction", operations, "");
        }

        Console.WriteLine();
        Console.WriteLine(
            "| random schedules of four operations each | schedules | steps of one | CPU seconds | schedules/s |");
        Console.WriteLine("|---|---|---|---|---|");
        for (int round = 0; round < rounds; round++)
        {
            Walk();
            Coyote();
        }

        return 0;
    }

    private static void Walk()
    {
        RaceWorld world = new(LaboratoryScenarios.Counter(FreePageCounterMode.Atomic, OperationsOfAWalk));
        RandomWalk walk = new();
        TimeSpan startedAt = Own();
        long steps = 0;
        for (int i = 0; i < Walks; i++)
        {
            ScheduleOutcome outcome = world.Run(walk, (ulong)i);
            steps += outcome.Steps;
            if (outcome.Finding is not null)
            {
                throw new InvalidOperationException($"{outcome}");
            }
        }

        Row("emulator", Walks, (int)(steps / Walks), (Own() - startedAt).TotalSeconds);
    }

    private static void Coyote()
    {
        TimeSpan startedAt = Own();
        (int schedules, double steps) = CoyotePages.Run(CoyoteWalks, OperationsOfAWalk);
        Row("Coyote 1.7.11", schedules, (int)steps, (Own() - startedAt).TotalSeconds);
    }

    private static void Search(string name, int operations, int keepEvery)
    {
        RaceWorld world = new(LaboratoryScenarios.Counter(FreePageCounterMode.Atomic, operations));
        ExhaustiveSearch search = new(
            world, new SearchBounds { MaxStates = int.MaxValue, MaxSteps = 100_000, KeepEvery = keepEvery });
        TimeSpan startedAt = Own();
        SearchResult result = search.Search(null, CancellationToken.None);
        if (!result.IsComplete || result.Counterexample is not null)
        {
            throw new InvalidOperationException($"{name}: {world.Finding}, {world.Engine.Failure}, {result}");
        }

        Row(name, result.States, result.Depth, (Own() - startedAt).TotalSeconds);
    }

    private static void Spin(string name, int operations, string option)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("epc-spin-");
        try
        {
            string model = Path.Combine(AppContext.BaseDirectory, "models", "counter.pml");
            Execute(folder, "spin", $"-DOPERATIONS={operations}", "-a", model);
            Execute(folder, "cc", "-O2", "-DSAFETY", option.Length > 0 ? option : "-O2", "-o", "pan", "pan.c");
            string said = Execute(folder, "sh", "-c", "./pan -m1000000 && times");
            if (!said.Contains("errors: 0", StringComparison.Ordinal))
            {
                throw new InvalidOperationException(said);
            }

            Row(name, Number(States(), said), Number(Depth(), said), Children(said));
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

    /// <summary>CPU time of what a shell has run, in the last line that it says: 0m1.23s 0m0.04s.</summary>
    private static double Children(string said)
    {
        double seconds = 0;
        foreach (Match time in Times().Matches(said.TrimEnd().Split('\n')[^1]))
        {
            seconds += (60 * double.Parse(time.Groups[1].Value, CultureInfo.InvariantCulture))
                + double.Parse(time.Groups[2].Value, CultureInfo.InvariantCulture);
        }

        return seconds;
    }

    /// <summary>CPU time of this process, which has one thread that works: other programs do not count.</summary>
    private static TimeSpan Own()
    {
        using Process own = Process.GetCurrentProcess();
        return own.TotalProcessorTime;
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

    [GeneratedRegex(@"(\d+)m([\d.]+)s")]
    private static partial Regex Times();

    [GeneratedRegex(@"depth reached (\d+)")]
    private static partial Regex Depth();
}
