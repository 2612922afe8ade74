using System.Globalization;
using EpcActors.Engine;
using EpcActors.Scenarios;

namespace EpcActors.TestKit;

/// <summary>A machine between two steps, for properties in code. It may be read only.</summary>
public sealed class RaceState
{
    private readonly Quantities _quantities;
    private readonly IReadOnlyCollection<string> _watched;
    private readonly Mistakes _mistakes;
    private readonly Dictionary<string, Func<long>> _known = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _read = new(StringComparer.Ordinal);

    internal RaceState(Quantities quantities, IReadOnlyCollection<string> watched, Mistakes mistakes)
    {
        _quantities = quantities;
        _watched = watched;
        _mistakes = mistakes;
    }

    /// <summary>All actors of the machine.</summary>
    public Topology Topology => _quantities.Topology;

    /// <summary>
    /// A number of the machine by name, as in properties that are texts: <c>counter</c>, <c>usage(/a)</c>.
    /// </summary>
    /// <exception cref="RaceDefinitionException">There is none; or it counts what happened, and the race does not watch
    /// it (<see cref="RaceDraft.Watch"/>).</exception>
    public long this[string quantity] => _read[quantity] = Find(quantity)();

    /// <summary>A resource that the race brings along.</summary>
    /// <exception cref="RaceDefinitionException">There is none of that name and type.</exception>
    public TResource Resource<TResource>(string name)
        where TResource : Resource =>
        Topology.Resources.OfType<TResource>().FirstOrDefault(resource => resource.Name == name)
        ?? throw _mistakes.Add($"there is no resource '{name}' of type {typeof(TResource).Name}");

    /// <summary>Describes the values that the last check has read.</summary>
    internal string Describe() =>
        _read.Count == 0
            ? "it does not hold"
            : string.Join(
                ", ",
                _read.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Key} is {one.Value}")));

    internal void Forget() => _read.Clear();

    private Func<long> Find(string quantity)
    {
        if (_known.TryGetValue(quantity, out Func<long>? value))
        {
            return value;
        }

        if (RunCounts.Names.Contains(quantity) && !_watched.Contains(quantity))
        {
            throw _mistakes.Add(
                $"'{quantity}' counts what happened and is not a state of the machine: a search that may leave out "
                    + $"states must know that it matters. Write .Watch(\"{quantity}\")");
        }

        try
        {
            value = _quantities.Get(quantity);
        }
        catch (RaceTextException e)
        {
            throw _mistakes.Add($"a property in code: {e.Message}", e);
        }

        _known.Add(quantity, value);
        return value;
    }
}
