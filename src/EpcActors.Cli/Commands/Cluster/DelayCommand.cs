using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EpcActors.Cli.Terminal;
using EpcActors.Cluster;
using EpcActors.Cluster.Delays;
using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Cli.Commands.Cluster;

/// <summary>
/// <c>epc cluster FILE --simulate --link-delay</c>: how a scenario scales over processes that are so far apart, in
/// virtual time.
/// </summary>
internal sealed class DelayCommand
{
    private const int MostProcesses = 256;
    private const long LongestDelayNs = 1_000_000_000;

    /// <summary>A wire that is at work for so much of the run holds up the others.</summary>
    private const double BusyWire = 0.75;

    /// <summary>Nothing worth a word holds up a run that is so near to one process.</summary>
    private const double Near = 0.95;

    private static readonly int[] Sizes = [1, 2, 4, 8, 16, 64];

    private static readonly (string Name, long Ns, string What)[] Presets =
    [
        ("host", 0, "one host"),
        ("rack", 50_000, "hosts of one rack"),
        ("region", 1_000_000, "data centres of one region"),
    ];

    private static readonly string[] Heads =
    [
        "processes", "sockets", "faults/s", "of one process", "frames/fault", "round trips/fault", "round trip, us",
        "frames/write", "busiest wire", "held up by",
    ];

    private readonly CommandShell _shell;

    private readonly Option<IReadOnlyList<long>> _delays = new("--link-delay")
    {
        HelpName = "rack,region",
        Description = "with --simulate and FILE: no faults, but links that take so long in one direction, in virtual "
            + "time: faults/s by number of processes. host (0), rack (50us), region (1ms), or durations",
        CustomParser = static result => ReadList(result, "--link-delay", ReadDelay),
        DefaultValueFactory = static _ => [],
    };

    private readonly Option<IReadOnlyList<long>> _sizes = new("--sizes")
    {
        HelpName = "1,8,64",
        Description = $"with --link-delay: numbers of processes (default: {string.Join(',', Sizes)}); with more than "
            + "the sockets of FILE its sockets and what is bound to them are repeated",
        CustomParser = static result => ReadList(result, "--sizes", ReadSize),
        DefaultValueFactory = static _ => [],
    };

    public DelayCommand(CommandShell shell) => _shell = shell;

    /// <summary>Its options, for the command that it is part of.</summary>
    public IReadOnlyList<Option> Options => [_delays, _sizes];

    /// <summary>Was it asked for?</summary>
    /// <exception cref="CommandException">one of its options is given without the other.</exception>
    public bool IsAsked(ParseResult parsed)
    {
        bool isAsked = parsed.GetResult(_delays) is { Implicit: false };
        return isAsked || parsed.GetResult(_sizes) is null or { Implicit: true }
            ? isAsked
            : throw CommandException.Usage("--sizes goes with --link-delay; add that, or leave --sizes out");
    }

    /// <summary>Runs every size at every delay, and prints a table for each delay.</summary>
    /// <param name="parsed">The words of the call.</param>
    /// <param name="scenario">What runs.</param>
    /// <param name="cancellation">Ctrl-C.</param>
    /// <exception cref="CommandException">for a mistake of the user.</exception>
    public ExitCode Execute(ParseResult parsed, Scenario scenario, CancellationToken cancellation)
    {
        IReadOnlyList<long> given = parsed.GetRequiredValue(_sizes);
        int[] sizes = given.Count == 0 ? Sizes : [.. given.Select(size => (int)size)];
        if (ClusterCheck.Problems(scenario, 1) is { Count: > 0 } problems)
        {
            throw CommandException.Usage(
                $"this cannot run over processes:\n{string.Join('\n', problems.Select(problem => "  - " + problem))}");
        }

        _shell.RunBegins();
        WriteHead(scenario);
        Dictionary<int, DelayResult> alone = [];
        ExitCode code = ExitCode.Pass;
        foreach (long delayNs in parsed.GetRequiredValue(_delays))
        {
            _shell.Out.WriteLine($"links of {NameOf(delayNs)}");
            _shell.Out.WriteLine("  " + string.Join("  ", Heads));
            foreach (int processes in sizes)
            {
                Scenario machine = RepeatedMachine.Of(scenario, processes);
                int sockets = machine.Machine.NodesWithEpc;
                if (!alone.TryGetValue(sockets, out DelayResult? one))
                {
                    one = Run(machine, 1, delayNs, cancellation);
                    alone.Add(sockets, one);
                }

                DelayResult result = processes == 1 ? one : Run(machine, processes, delayNs, cancellation);
                code = Worse(code, Write(result, one, cancellation));
                if (cancellation.IsCancellationRequested)
                {
                    _shell.Out.WriteLine("INCONCLUSIVE: the simulation was stopped");
                    return ExitCode.Inconclusive;
                }
            }

            _shell.Out.WriteLine();
        }

        return code;
    }

    private static DelayResult Run(Scenario machine, int processes, long delayNs, CancellationToken cancellation) =>
        new DelayCluster(new DelaySetup { Scenario = machine, Processes = processes, LinkDelayNs = delayNs })
            .Run(cancellation);

    private void WriteHead(Scenario scenario)
    {
        WireCosts wire = WireCosts.Measured;
        _shell.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {scenario.Seed}, kernel {scenario.Kernel}, {Counted.Of(scenario.Machine.NodesWithEpc, "socket")}, "
            + $"leases of "
            + $"{Counted.Of(scenario.Cluster.ChargeBatch, "page")} (1: page by page); virtual time"));
        _shell.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"CPU of the wire: {wire.WriteNs / 1e3:0.#} us for a write and {wire.FrameOutNs / 1e3:0.##} us for a frame "
            + $"at its sender, {wire.ReadNs / 1e3:0.#} and {wire.FrameInNs / 1e3:0.##} us at its receiver"));
        _shell.Out.WriteLine();
    }

    private ExitCode Write(DelayResult result, DelayResult one, CancellationToken cancellation)
    {
        double share = one.FaultsPerSecond == 0 ? 0 : result.FaultsPerSecond / one.FaultsPerSecond;
        string[] cells =
        [
            Number(result.Setup.Processes, "0"),
            Number(result.Setup.Scenario.Machine.NodesWithEpc, "0"),
            Number(result.FaultsPerSecond, "#,0"),
            Number(share, "0.000"),
            Number(result.FramesPerFault, "0.000"),
            Number(result.RoundTripsPerFault, "0.000"),
            Number(result.MeanCallNs / 1e3, "#,0"),
            Number(result.FramesPerWrite, "0.0"),
            Number(result.BusiestWire, "0 %"),
            HeldUpBy(result, share),
        ];
        _shell.Out.WriteLine("  " + string.Join("  ", cells.Select((cell, i) => cell.PadLeft(Heads[i].Length))));
        foreach (string finding in result.Findings.Concat(one.Findings).Distinct())
        {
            _shell.Out.WriteLine($"  FOUND {finding}");
        }

        if (!result.IsFinished && !cancellation.IsCancellationRequested)
        {
            _shell.Out.WriteLine("  this run was cut off by epc.run.duration with work left: make it longer");
        }

        return result.Findings.Count + one.Findings.Count > 0 ? ExitCode.Violation
            : result.IsFinished && one.IsFinished ? ExitCode.Pass
            : ExitCode.Inconclusive;
    }

    private static string HeldUpBy(DelayResult result, double share) =>
        share >= Near ? "-"
        : result.BusiestWire >= BusyWire ? $"the wire of process {Number(result.BusiestMember, "0")}"
        : "waiting for answers";

    private static ExitCode Worse(ExitCode one, ExitCode other) =>
        one == ExitCode.Violation || other == ExitCode.Pass ? one : other;

    private static string NameOf(long delayNs)
    {
        string time = delayNs % 1_000_000 == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{delayNs / 1_000_000} ms")
            : string.Create(CultureInfo.InvariantCulture, $"{delayNs / 1e3:0.###} us");
        string what = Array.Find(Presets, preset => preset.Ns == delayNs).What ?? "";
        return $"{time} in one direction{(what.Length == 0 ? "" : $" ({what})")}";
    }

    private static string Number(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);

    private static long? ReadDelay(string text) =>
        Array.Find(Presets, preset => preset.Name == text) is { Name: not null } preset ? preset.Ns
        : DurationText.Parse(text) is >= 0 and <= LongestDelayNs and var ns ? ns
        : null;

    private static long? ReadSize(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
            && size is >= 1 and <= MostProcesses
            ? size
            : null;

    private static List<long> ReadList(ArgumentResult result, string option, Func<string, long?> read)
    {
        List<long> values = [];
        foreach (string text in result.Tokens.SelectMany(token => ListText.Split(token.Value)))
        {
            if (read(text) is not { } value)
            {
                result.AddError(option == "--sizes"
                    ? $"--sizes {text}: numbers of processes from 1 to {MostProcesses} with commas between them"
                    : $"--link-delay {text}: write host, rack, region, or durations up to 1s, with commas between");
                return values;
            }

            values.Add(value);
        }

        return values;
    }
}
