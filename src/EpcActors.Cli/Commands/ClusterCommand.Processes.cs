using System.CommandLine;
using System.Diagnostics;
using EpcActors.Cli.Commands.Cluster;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Cluster;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using Spectre.Console;

namespace EpcActors.Cli.Commands;

/// <content>The processes of a run: which sockets each has, how one is started, and what is said of them.</content>
internal sealed partial class ClusterCommand
{
    private ProcessStartInfo Child(Launch launch, string address, string ticket, string token, int workers)
    {
        string library = typeof(EpcCommand).Assembly.Location;
        string? host = Environment.ProcessPath;
        bool isOwnHost = Path.GetFileNameWithoutExtension(host) == EpcCommand.Name;
        ProcessStartInfo start = new(
            isOwnHost ? host!
            : Path.GetFileNameWithoutExtension(host) == "dotnet" ? host!
            : "dotnet");
        if (!isOwnHost)
        {
            start.ArgumentList.Add(library);
        }

        string file = launch.Parsed.GetRequiredValue(_file);
        List<string> words =
        [
            "node", file.StartsWith('-') ? "./" + file : file,
            "--join", address,
            "--engine", launch.Engine.Name,
            "--workers", Invariant(workers),
            "--seed", Invariant(launch.Scenario.Seed),
        ];
        foreach ((string key, string value) in launch.Parsed.GetRequiredValue(_set))
        {
            words.AddRange(["--set", $"{key}={value}"]);
        }

        if (launch.Parsed.GetValue(_host) is { } name)
        {
            words.AddRange(["--host", name]);
        }

        if (launch.Parsed.GetValue(_joinTimeout) is { } limitNs)
        {
            words.AddRange(["--join-timeout", $"{Invariant(limitNs)}ns"]);
        }

        words.AddRange(InputWords.Of(_input.Read(launch.Parsed)));
        words.ForEach(start.ArgumentList.Add);

        start.Environment[ClusterOptions.TicketVariable] = ticket;
        start.Environment[ClusterToken.Variable] = token;

        // A member is compiled once and well: while the wire keeps calling new code, .NET puts off the second
        // compilation of the engine's loops, and four processes on two cores did a third of the work
        // (docs/performance.md). And the threads of its pool do not spin before they sleep: the processor belongs to
        // the processes beside it.
        start.Environment.TryAdd("DOTNET_TieredCompilation", "0");
        start.Environment.TryAdd("DOTNET_ThreadPool_UnfairSemaphoreSpinLimit", "0");
        return start;
    }

    /// <summary>Sockets of each process that is started here.</summary>
    private IReadOnlyList<IReadOnlyList<int>> OwnSockets(Scenario scenario, ParseResult parsed)
    {
        IReadOnlyList<int> asked = parsed.GetRequiredValue(_sockets);
        int nodes = scenario.Machine.Nodes.Count;
        if (asked.Count == 0)
        {
            int processes = parsed.GetValue(_processes) ?? ClusterCheck.MembersOf(scenario);
            if (processes > nodes)
            {
                throw CommandException.Usage(
                    $"--processes {processes}: the machine of this scenario has {Counted.Of(nodes, "socket")} (NUMA "
                        + "nodes), and each process needs one of its own");
            }

            return
            [
                .. Placement
                    .Of(scenario, Math.Max(1, processes))
                    .MemberOfNode.Select((member, node) => (member, node))
                    .GroupBy(one => one.member, one => one.node)
                    .Select(group => (IReadOnlyList<int>)[.. group]),
            ];
        }

        if (asked.FirstOrDefault(socket => socket >= nodes, -1) is var beyond and >= 0)
        {
            throw CommandException.Usage(
                $"--sockets {string.Join(',', asked)}: there is no socket {beyond}; the machine of this scenario has "
                    + $"{nodes}, 0 to {nodes - 1}");
        }

        int here = parsed.GetValue(_processes) ?? asked.Count;
        if (here > asked.Count)
        {
            throw CommandException.Usage(
                $"--processes {here} --sockets {string.Join(',', asked)}: each process needs a socket of its own; ask "
                    + $"for at most {asked.Count}");
        }

        int[] sorted = [.. asked.Order()];
        return
        [
            .. sorted
                .Select((socket, i) => (Process: (int)((long)i * here / sorted.Length), socket))
                .GroupBy(one => one.Process, one => one.socket)
                .Select(group => (IReadOnlyList<int>)[.. group]),
        ];
    }

    private ExitCode Plan(Scenario scenario, IReadOnlyList<IReadOnlyList<int>> own, ParseResult parsed)
    {
        int[] memberOfNode = new int[scenario.Machine.Nodes.Count];
        Array.Fill(memberOfNode, own.Count);
        for (int i = 0; i < own.Count; i++)
        {
            foreach (int socket in own[i])
            {
                memberOfNode[socket] = i;
            }
        }

        ClusterPlan plan = ClusterPlanner.Of(scenario, Placement.Of(scenario, memberOfNode));
        DocumentTarget json = DocumentTarget.Prepare("--json", parsed.GetValue(_json));
        if (json.Write(_shell.Out, PlanJson.ToJson(plan)) is { } said)
        {
            _shell.Out.WriteLine(said);
        }

        if (!json.TakesStandardOutput)
        {
            PlanText.Write(_shell.Console, plan);
        }

        return plan.Problems.Count == 0 ? ExitCode.Pass : ExitCode.Usage;
    }

    /// <summary>The words of this call, with the seed in effect.</summary>
    private string ReplayCommand(Launch launch)
    {
        List<string> words = [EpcCommand.Name];
        bool skipsNext = false;
        foreach (string word in launch.Parsed.Tokens.Select(token => token.Value))
        {
            // Where the report went is no part of the run.
            if (!skipsNext && word is not ("--out" or "--json" or "--seed"))
            {
                words.Add(word);
            }

            skipsNext = !skipsNext && word is "--out" or "--json" or "--seed";
        }

        words.AddRange(["--seed", Invariant(launch.Scenario.Seed)]);
        return ShellQuoting.Join(words, _shell.Dialect);
    }

    /// <summary>All that was decided before anything is started.</summary>
    private sealed record Launch(
        Scenario Scenario,
        string Fingerprint,
        IReadOnlyList<IReadOnlyList<int>> Own,
        bool IsComplete,
        string? Token,
        EngineEntry Engine,
        ParseResult Parsed);

    /// <summary>
    /// Tells the user how the processes of other machines come in, and keeps the file with the secret as long as they
    /// may.
    /// </summary>
    private sealed class Invitation : IDisposable
    {
        private readonly string? _path;

        public Invitation(CommandShell shell, Launch launch, string token)
        {
            if (launch.Token is null)
            {
                _path = ClusterToken.Write(token);
                shell.Error.WriteLine(
                    $"note: the token of this run is in {_path}, which only you can read: copy it to the other "
                        + "machines for 'epc node --token-file'");
            }
        }

        public void Dispose()
        {
            if (_path is not null)
            {
                File.Delete(_path);
            }
        }
    }
}
