using EpcActors.Cluster.Sharing;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Kernel.Random;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// The case of one seed: a machine, its faults, and the choice of the steps. It is the same on every machine, and in
/// every version that does not announce a change.
/// </summary>
/// <param name="Seed">The seed.</param>
/// <param name="Setup">Setup of the run.</param>
/// <param name="Walk">Rule that picks the tasks.</param>
public sealed record SimulationCase(ulong Seed, SimulationSetup Setup, WalkKind Walk)
{
    private const int LastFault = 4000;

    /// <summary>Seed of the steps; the case's own, but for one that was made smaller.</summary>
    public ulong WalkSeed { get; init; } = Seed;

    /// <summary>
    /// Name of a strategy that picks the tasks instead (<see cref="StrategyNames"/>); null for <see cref="Walk"/>.
    /// </summary>
    public string? Strategy { get; init; }

    /// <summary>The case of a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="scenarios">The machines to pick from; null for the small ones that are built in.</param>
    /// <param name="defect">A rule to leave out.</param>
    public static SimulationCase Of(
        ulong seed,
        IReadOnlyList<Scenario>? scenarios = null,
        ClusterDefect defect = ClusterDefect.None)
    {
        scenarios ??= SimulationScenarios.All;
        Prng random = new(seed);
        Scenario scenario = scenarios[random.NextBelow(scenarios.Count)];
        if (scenario.Switches.FreePageCounter == FreePageCounterMode.Atomic && random.Chance(1, 4))
        {
            scenario = SimulationScenarios.With(scenario, FreePageCounterMode.PerNode);
        }

        int nodes = scenario.Machine.Nodes.Count;
        int members = nodes > 2 && random.Chance(1, 4) ? nodes - 1 : nodes;
        int failureSteps = Pick([800, 2000, 5000]);
        SimulationSetup setup = new()
        {
            Scenario = scenario,
            Placement = Placement.Of(scenario, members),
            ChargeBatch = Pick([1, 1, 4, 8]),
            CounterBatch = Pick([1, 4, 16]),
            Window = Pick([1, 2, 256]),
            ResendTicks = Pick([2, 6, 12]),
            RequestWorkers = Pick([1, 1, 2]),
            FailureSteps = failureSteps,
            ClusterAuditSteps = Pick([0, 1000, 4000]),
            AreOwn = random.Chance(1, 2),
            Plan = PlanOf(ref random, members, failureSteps),
            Defect = defect,
        };
        return new SimulationCase(
            seed,
            setup,
            Pick([WalkKind.Random, WalkKind.Random, WalkKind.Sticky, WalkKind.Priorities]));

        T Pick<T>(T[] values) => values[random.NextBelow(values.Length)];
    }

    private static FaultPlan PlanOf(ref Prng random, int members, int failureSteps)
    {
        int count = random.NextBelow(5);
        List<PlannedFault> faults = [];
        for (int i = 0; i < count; i++)
        {
            int member = random.NextBelow(members);
            int at = 1 + random.NextBelow(LastFault);

            // Few steps are as likely as many: what happens at once, and what happens late.
            int steps = random.NextBelow(1 << (2 + random.NextBelow(10)));
            int back = random.NextBelow(4) == 0 ? -1 : random.NextBelow(1 << (2 + random.NextBelow(10)));

            // About the time after which silence is death: shorter, or longer.
            int about = random.NextBelow(3 * failureSteps);
            bool isOdd = random.Chance(1, 3);
            faults.Add(
                random.NextBelow(10) switch
                {
                    < 3 => new PlannedFault(FaultKind.Crash, member, at, isOdd ? -1 : steps, back, false),
                    < 5 => new PlannedFault(FaultKind.Break, member, at, isOdd ? -1 : steps, back, false),
                    < 7 => new PlannedFault(FaultKind.Late, member, at, about, back, isOdd),
                    7 => new PlannedFault(FaultKind.Pause, member, at, isOdd ? steps : about, back, false),
                    _ => new PlannedFault(
                        FaultKind.Partition,
                        member,
                        at,
                        isOdd ? steps : about,
                        back,
                        random.Chance(1, 2))
                    {
                        Other =
                            members > 2 && random.Chance(1, 2)
                                ? (member + 1 + random.NextBelow(members - 1)) % members
                                : -1,
                    },
                });
        }

        bool isCalm = random.Chance(1, 3);
        return new FaultPlan
        {
            Faults = faults,
            IsCalm = isCalm,
            Losses = random.NextBelow(1 << random.NextBelow(8)),
            Doubles = random.NextBelow(1 << random.NextBelow(8)),
            Overtakes = random.NextBelow(1 << random.NextBelow(8)),
            SkippedViews = random.NextBelow(4),
            HasSlowLines = !isCalm && random.Chance(1, 4),
            OneIn = isCalm ? 32 : 2 + random.NextBelow(1 << (1 + random.NextBelow(6))),
        };
    }

    /// <summary>Replays a record of it: the same decisions, whatever the seed says.</summary>
    /// <param name="decisions">The engine's log of the run.</param>
    public SimulationOutcome Replay(ReadOnlyMemory<ushort> decisions)
    {
        SimulatedCluster cluster = new(Setup);
        ClusterFinding? finding = cluster.Run(new Replay(decisions, isStrict: true), 0);
        return new SimulationOutcome(this, finding, cluster.Engine.Steps, cluster.Hash, cluster);
    }

    /// <summary>Runs it.</summary>
    public SimulationOutcome Run()
    {
        SimulatedCluster cluster = new(Setup);
        ClusterFinding? finding = cluster.Run(new ClusterWalk(cluster, Walk, Inner()), WalkSeed);
        return new SimulationOutcome(this, finding, cluster.Engine.Steps, cluster.Hash, cluster);
    }

    private IStrategy? Inner() => Strategy is null ? null
        : StrategyNames.Create(Strategy) ?? throw new ArgumentException($"there is no strategy '{Strategy}'");
}

/// <summary>Result of a case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Finding">Violation; null for none.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="Hash">Hash of all that was asked and answered.</param>
/// <param name="Cluster">The cluster at its end, for inspection.</param>
public sealed record SimulationOutcome(
    SimulationCase Case,
    ClusterFinding? Finding,
    int Steps,
    ulong Hash,
    SimulatedCluster Cluster);
