using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Races;

/// <summary>
/// A whole scenario under the explored engine, from its first process on: the programs, the script and the machine of
/// the file, but in an order that a strategy picks and not the one that costs would give. Built anew for each schedule.
/// </summary>
public sealed class ScenarioWorld : LabWorld
{
    private readonly Scenario _scenario;
    private TraceHash _hash;
    private ExploredEngine _engine = null!;
    private Topology _topology = null!;
    private Oracle _oracle = null!;
    private Quantities _quantities = null!;

    /// <param name="scenario">The scenario; one with a race is for <see cref="RaceWorld"/>.</param>
    /// <param name="maxSteps">Steps after which a schedule goes on fairly for a while, and is then cut.</param>
    public ScenarioWorld(Scenario scenario, int maxSteps)
        : base(maxSteps, [])
    {
        ArgumentNullException.ThrowIfNull(scenario);
        _scenario = scenario;
        Reset();
    }

    public override ExploredEngine Engine => _engine;

    public override Topology Topology => _topology;

    public override Oracle Oracle => _oracle;

    public override RunCounts Counts { get; } = new();

    public override Quantities Quantities => _quantities;

    internal override bool ProvesHangs => false;

    public override void Reset()
    {
        Forget();
        Counts.Clear();
        _hash = default;
        _topology = new Topology(_scenario);
        _engine = new ExploredEngine { HasClocks = true, ExpectedSteps = MaxSteps };
        _oracle = new Oracle(_topology, long.MaxValue / 4);
        _quantities = new Quantities(_topology, Counts, _scenario);
        foreach (Resource resource in _topology.Resources)
        {
            _engine.Add(resource);
        }

        foreach ((TaskActor task, long _) in _topology.Tasks)
        {
            _engine.Add(task);
        }

        _engine.Observe(this);
        foreach ((TaskActor task, long startNs) in _topology.Tasks)
        {
            if (startNs >= 0)
            {
                _engine.Start(task);
            }
        }
    }

    /// <summary>
    /// Hash of what was asked and answered so far: two runs of one schedule must agree in it. Says nothing of equal
    /// states.
    /// </summary>
    public override ulong Fingerprint() => _hash.Value;

    private protected override void OnAnswered(Envelope envelope) =>
        _hash.Add(
            0,
            ((ulong)(uint)envelope.Caller.Id.Index << 40) ^ ((ulong)(uint)envelope.Target.Index << 16) ^ envelope.Code,
            envelope.Fold());

    internal override ulong FingerprintOf(Resource resource) => 0;
}
