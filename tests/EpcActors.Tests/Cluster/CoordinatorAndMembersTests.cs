using EpcActors.Cluster;
using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Members;
using EpcActors.Cluster.Transport;
using EpcActors.Engine.Live.Threads;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// A coordinator and real members in one process: live engines, real time, queues instead of a network.
/// </summary>
public sealed class CoordinatorAndMembersTests
{
    private const string Paging = """
        epc {
          machine { nodes = [ { cpus = 2, epc = 1 MiB }, { cpus = 2, epc = 1 MiB } ] }
          cgroups { "/left" { max = 768 KiB }, "/right" { max = 900 KiB } }
          enclaves {
            a { cgroup = "/left", node = 0, heap = 1 MiB, threads = 2,
                steps = [ touch, { run { pattern = uniform, accesses = 400 } } ] }
            b { cgroup = "/right", node = 1, heap = 1 MiB, threads = 2,
                steps = [ touch, { run { pattern = uniform, accesses = 400 } } ] }
          }
          // Nobody dies here: on a busy host a member may say nothing for seconds.
          cluster { audit-every = 100 ms, resend = 50 ms, failure-timeout = 2 m }
          run { duration = 4 m }
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Two_members_page_against_themselves_and_every_counter_is_in_order()
    {
        ClusterOutcome outcome = await Run(Loading.Load(Paging), 2);

        Assert.Equal(RunEndKind.Finished, outcome.End);
        Assert.Empty(outcome.Failure);
        Assert.Empty(outcome.Violations);
        Assert.True(outcome.WasAuditedAtTheEnd);
        Assert.All(outcome.Members, member => Assert.Equal(Verdict.Pass, member.Result!.Report.Verdict));
        Assert.All(outcome.Members, member =>
            Assert.True(member.Result!.Report.Enclaves[0].Outcome == EnclaveOutcome.Finished));
        Assert.All(outcome.Members, member => Assert.True(member.Result!.Wire.FramesOut > 0));
    }

    private static async Task<ClusterOutcome> Run(Scenario scenario, int processes)
    {
        using CancellationTokenSource patience = new(Patience);
        await using InProcessCluster cluster = new();
        Keeper keeper = new(scenario, cluster, patience.Token);
        Coordinator coordinator = new(
            new CoordinatorOptions
            {
                Scenario = scenario,
                Version = "1",
                Configuration = "c",
                Own = Placement
                    .Of(scenario, processes)
                    .MemberOfNode.Select((member, node) => (member, node))
                    .GroupBy(one => one.member, one => one.node)
                    .Select(group => (IReadOnlyList<int>)[.. group])
                    .ToArray(),
            },
            cluster,
            keeper,
            TimeProvider.System);
        ClusterOutcome outcome = await coordinator.RunAsync(patience.Token);
        await Task.WhenAll(keeper.Runs).WaitAsync(patience.Token);
        return outcome;
    }

    /// <summary>Starts members as tasks of this process.</summary>
    private sealed class Keeper(Scenario scenario, InProcessCluster cluster, CancellationToken cancellationToken)
        : IProcessKeeper
    {
        private int _started;

        public List<Task> Runs { get; } = [];

        public IOwnProcess Start(string ticket, Action<int, string> exited)
        {
            InProcessCluster.InProcessMember transport = cluster.NewMember($"member:{++_started}");
            MemberHost host = new(scenario, transport, _ => new ThreadsEngine(new ThreadsOptions { Workers = 2 }));
            Runs.Add(
                Task.Run(
                    async () =>
                    {
                        MemberEnd end = await host.RunAsync(
                            new ControlMessage.Hello("1", "c", [], _started, "here", "", ticket),
                            cancellationToken);
                        exited(end == MemberEnd.Stopped ? 0 : 1, host.Reason);
                    },
                    cancellationToken));
            return new Process(transport, _started);
        }

        private sealed class Process(InProcessCluster.InProcessMember transport, int id) : IOwnProcess
        {
            public int Id => id;

            public void Kill() => transport.Die();

            public void Pause()
            {
            }

            public void Resume()
            {
            }
        }
    }
}
