using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using EpcActors.Cli.Commands.Cluster;
using EpcActors.Cli.Engines;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Scenarios;

namespace EpcActors.Cli.Commands;

/// <summary>Options of runs over several processes, and the values that they take.</summary>
internal static class ClusterOptions
{
    /// <summary>
    /// A name that a coordinator gives to a process which it starts, to know it again. Not on the command line, which
    /// every user of the machine can read.
    /// </summary>
    public const string TicketVariable = "EPC_CLUSTER_TICKET";

    private const int MostProcesses = 1024;

    public static Option<int?> Processes() =>
        Number(
            "--processes",
            "N",
            "processes that are started here (default: epc.cluster.processes, one for each NUMA node with EPC)",
            1,
            MostProcesses,
            "a number of processes");

    public static Option<int?> Workers() =>
        Number(
            "--workers",
            "K",
            "threads of each process (default: the cores of this machine divided by the processes)",
            1,
            LiveSpec.MostWorkers,
            "a number of threads");

    public static Option<int?> Port(string what) => Number("--port", "P", what, 0, IPEndPoint.MaxPort, "a port");

    public static Option<string?> TokenFile(string what) => new("--token-file")
    {
        HelpName = "FILE",
        Description = $"{what} (default: the variable {ClusterToken.Variable})",
    };

    public static Option<string?> Join() => new("--join")
    {
        HelpName = "HOST:PORT",
        Description = "where 'epc cluster' waits for this process",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            int colon = text.LastIndexOf(':');
            if (colon > 0 && !text.Any(char.IsWhiteSpace)
                && ushort.TryParse(
                    text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
                && port > 0)
            {
                return text;
            }

            result.AddError($"--join {text}: is not a valid address of a coordinator; write HOST:PORT, for example "
                + $"first:4053");
            return null;
        },
    };

    public static Option<long?> JoinTimeout() => new("--join-timeout")
    {
        HelpName = "60s",
        Description = "how long all processes may take to come and to come up (default: epc.cluster.join-timeout)",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (DurationText.Parse(text) is { } ns and > 0)
            {
                return ns;
            }

            result.AddError($"--join-timeout {text}: is not a valid duration; write for example 60s or 1500ms");
            return null;
        },
    };

    public static Option<string?> Engine() => new("--engine")
    {
        HelpName = "NAME",
        Description = "the live engine that runs each process: threads or akka (default: that of --live)",
    };

    public static Option<IReadOnlyList<int>> Sockets(string what) => new("--sockets")
    {
        HelpName = "0,1",
        Description = what,
        CustomParser = static result =>
        {
            List<int> sockets = [];
            foreach (string text in result.Tokens.SelectMany(token => ListText.Split(token.Value)))
            {
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int socket))
                {
                    result.AddError($"--sockets {string.Join(' ', result.Tokens)}: numbers of sockets (NUMA nodes) "
                        + $"with commas between them, for example --sockets 0,1");
                    return sockets;
                }

                if (sockets.Contains(socket))
                {
                    result.AddError($"--sockets {string.Join(' ', result.Tokens)}: socket {socket} is named twice");
                    return sockets;
                }

                sockets.Add(socket);
            }

            return sockets;
        },
        DefaultValueFactory = static _ => [],
    };

    public static Option<IReadOnlyList<ClusterFault>> Faults() => new("--fault")
    {
        HelpName = "kill:2@3s",
        Description = "what goes wrong on purpose, beside epc.cluster.faults: kill:M@T, kill:M@T:reclaim, restart:M@T, "
            + "pause:M@T+FOR, partition:M,M@T+FOR; as often as needed",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = static result =>
        {
            List<ClusterFault> faults = [];
            foreach (Token token in result.Tokens)
            {
                if (FaultText.Parse(token.Value) is { } fault)
                {
                    faults.Add(fault);
                }
                else
                {
                    result.AddError($"--fault {token.Value}: write kill:2@3s, kill:2@3s:reclaim, restart:2@3s, "
                        + "pause:1@2s+500ms or partition:0,1@2s+3s; times are from the start of the run");
                }
            }

            return faults;
        },
        DefaultValueFactory = static _ => [],
    };

    /// <summary>How this process takes part in the cluster.</summary>
    /// <param name="scenario">Has the times and the akka block.</param>
    /// <param name="token">The secret of the run.</param>
    /// <param name="host">Name or address of this host to listen on; null for loopback.</param>
    /// <param name="port">Port of this process; null for any that is free.</param>
    /// <param name="note">Gets what is worth a line; from any thread.</param>
    public static AkkaClusterOptions Akka(
        Scenario scenario,
        string token,
        string? host,
        int? port,
        Action<string> note) =>
        new()
        {
            Host = host ?? AkkaClusterOptions.Loopback,
            Port = port ?? 0,
            Token = token,
            FailureTimeout = TimeSpan.FromTicks(scenario.Cluster.FailureTimeoutNs / 100),
            JoinTimeout = TimeSpan.FromTicks(scenario.Cluster.JoinTimeoutNs / 100),
            AkkaBlock = scenario.OwnAkkaBlock,
            AkkaOrigin = scenario.AkkaOrigin,
            OnNote = note,
        };

    /// <summary>The live engine that was asked for.</summary>
    /// <exception cref="CommandException">unknown, or not live.</exception>
    public static EngineEntry LiveEngine(EngineRegistry engines, string? name)
    {
        EngineEntry engine = name is null ? engines.DefaultLive : engines.Require(name);
        return engine.NewEngine is not null
            ? engine
            : throw CommandException.Usage(
                $"--engine {name}: the {name} engine runs in virtual time, in one process; processes of a cluster run "
                    + "live, on threads or akka");
    }

    private static Option<int?> Number(string name, string helpName, string what, int least, int most, string kind) =>
        new(name)
        {
            HelpName = helpName,
            Description = what,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (
                    int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                    && number >= least
                    && number <= most)
                {
                    return number;
                }

                result.AddError($"{name} {text}: {kind} from {least} to {most}");
                return null;
            },
        };
}

/// <summary>A fault as it is written on the command line.</summary>
internal static class FaultText
{
    /// <summary>Null when it is none.</summary>
    public static ClusterFault? Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        int at = text.IndexOf('@', StringComparison.Ordinal);
        if (colon <= 0 || at <= colon)
        {
            return null;
        }

        string kind = text[..colon];
        string when = text[(at + 1)..];
        bool isInReclaim = kind == "kill" && when.EndsWith(":reclaim", StringComparison.Ordinal);
        when = isInReclaim ? when[..^":reclaim".Length] : when;
        string[] times = when.Split('+');
        bool lasts = kind is "pause" or "partition";
        if (
            times.Length != (lasts ? 2 : 1)
            || Members(text[(colon + 1)..at]) is not { } members
            || DurationText.Parse(times[0]) is not { } atNs)
        {
            return null;
        }

        long? forNs = lasts ? DurationText.Parse(times[1]) : 0;
        return (kind, members.Count, forNs) switch
        {
            ("kill", 1, _) => new ClusterFault.Kill(atNs, members[0], isInReclaim),
            ("restart", 1, _) => new ClusterFault.Restart(atNs, members[0]),
            ("pause", 1, > 0) => new ClusterFault.Pause(atNs, members[0], forNs.Value),
            ("partition", > 0, > 0) => new ClusterFault.Partition(atNs, members, forNs.Value),
            _ => null,
        };
    }

    private static List<int>? Members(string text)
    {
        List<int> members = [];
        foreach (string one in text.Split(','))
        {
            if (
                !int.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out int member)
                || members.Contains(member))
            {
                return null;
            }

            members.Add(member);
        }

        members.Sort();
        return members;
    }
}

/// <summary>A duration as it is written on the command line.</summary>
internal static class DurationText
{
    private static readonly (string Unit, long Ns)[] Units =
    [
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
    ];

    /// <summary>Nanoseconds; null when it is not a valid duration.</summary>
    public static long? Parse(string text)
    {
        // The longest unit that fits: ms before s and m.
        foreach ((string unit, long ns) in Units.OrderByDescending(one => one.Unit.Length))
        {
            if (
                text.EndsWith(unit, StringComparison.Ordinal)
                && decimal.TryParse(
                    text[..^unit.Length],
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out decimal number)
                && number <= long.MaxValue / ns)
            {
                return (long)(number * ns);
            }
        }

        return null;
    }
}
