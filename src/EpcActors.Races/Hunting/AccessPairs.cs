using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;

namespace EpcActors.Races.Hunting;

/// <summary>
/// Which pairs of requests of two tasks met at one resource, one right behind the other, and in which order: a race is
/// such a pair in the order that its author did not think of.
/// </summary>
internal sealed class AccessPairs : IStepWatcher
{
    private readonly Dictionary<ActorId, (TaskActor Task, string Request)> _last = [];
    private readonly HashSet<(string Resource, string First, string Second)> _seen = [];

    /// <summary>Forgets who was where: another world, or another run of it, begins.</summary>
    public void Begin() => _last.Clear();

    /// <summary>Adds the pairs that were met in another world.</summary>
    public void Add(AccessPairs other) => _seen.UnionWith(other._seen);

    /// <summary>Different pairs that met in both orders.</summary>
    public int BothWays => _seen.Count(pair =>
        string.CompareOrdinal(pair.First, pair.Second) < 0 && _seen.Contains(Turned(pair)));

    /// <summary>Pairs that met in one order only.</summary>
    public IReadOnlyList<string> OneWay =>
    [
        .. _seen.Where(pair => pair.First != pair.Second && !_seen.Contains(Turned(pair)))
            .Select(pair => $"{pair.Resource}: {pair.First}, then {pair.Second}")
            .Order(StringComparer.Ordinal),
    ];

    public void BeforeStep(TaskActor task, Envelope? request)
    {
        if (request is null)
        {
            return;
        }

        string name = request.Describe().GetType().Name;
        if (_last.TryGetValue(request.Target, out (TaskActor Task, string Request) before) && before.Task != task)
        {
            _seen.Add((Kind(before.Request, name, request), before.Request, name));
        }

        _last[request.Target] = (task, name);
    }

    public void AfterStep(TaskActor task, bool isParked)
    {
    }

    public void OnChoice(TaskActor task, int point, bool value)
    {
    }

    public void OnReady(TaskActor task)
    {
    }

    /// <summary>The protocol that the request belongs to: the kind of the resource.</summary>
    private static string Kind(string first, string second, Envelope request) =>
        request.Describe().GetType().DeclaringType?.Name.Replace("Protocol", "", StringComparison.Ordinal)
            ?? first + second;

    private static (string Resource, string First, string Second) Turned(
        (string Resource, string First, string Second) pair) => (pair.Resource, pair.Second, pair.First);
}
