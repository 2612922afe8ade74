using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Tasks;

namespace EpcActors.Scenarios;

/// <summary>
/// Operations that the race laboratory runs instead of the enclaves' programs. A few set up the state one after the
/// other. Then tasks of a few operations each run against one another, in every order that a strategy picks.
/// </summary>
public sealed record RaceSpec
{
    /// <summary>Done one after the other, each to its end, before the tasks begin; not part of any schedule.</summary>
    public IReadOnlyList<RaceTaskSpec> Setup { get; init; } = [];

    /// <summary>The tasks that race.</summary>
    public required IReadOnlyList<RaceTaskSpec> Tasks { get; init; }

    /// <summary>ksgxd takes part. Without it a wake-up finds no sleeper.</summary>
    public bool HasKsgxd { get; init; }

    /// <summary>The cgroups' reclaim workers take part.</summary>
    public bool HasWorkers { get; init; }

    /// <summary>Budget of each choice in one schedule; a choice that is missing is never made.</summary>
    public IReadOnlyDictionary<ChoicePoint, int> Choices { get; init; } = new Dictionary<ChoicePoint, int>();

    /// <summary>Properties beside the oracle's rules.</summary>
    public IReadOnlyList<RaceProperty> Properties { get; init; } = [];

    /// <summary>Resources that the race brings along.</summary>
    public IReadOnlyList<RaceResourceSpec> Resources { get; init; } = [];

    /// <summary>
    /// Rules of the oracle that this race does not look at, because they are broken on this kernel for a known other
    /// reason.
    /// </summary>
    public IReadOnlyList<string> IgnoredRules { get; init; } = [];

    /// <summary>
    /// Steps after which a schedule goes on fairly (round robin), so that what still does not end is a hang and no whim
    /// of the strategy.
    /// </summary>
    public int MaxSteps { get; init; } = 2000;
}

/// <summary>A task of a race.</summary>
/// <param name="Name">Name in schedules and reports: <c>CPU0</c>, <c>admin</c>.</param>
/// <param name="Process">Name of the enclave or virtual machine in whose process it runs; empty for a task outside all
/// of them.</param>
/// <param name="Node">NUMA node of its CPU; -1 for any.</param>
/// <param name="Operations">Its operations, in order.</param>
/// <param name="IsOptional">An event that need not happen: a schedule is over without it (a kill, a memory failure, an
/// administrator's write).</param>
public sealed record RaceTaskSpec(
    string Name,
    string Process,
    int Node,
    IReadOnlyList<Operation> Operations,
    bool IsOptional = false);

/// <summary>A resource that is none of the kernel's.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Make">Makes it, with the address that it gets.</param>
public sealed record RaceResourceSpec(string Name, Func<ActorId, Resource> Make);

/// <summary>Moment at which a property must hold.</summary>
public enum PropertyKind
{
    /// <summary>After every step.</summary>
    Always,

    /// <summary>After all tasks have ended and the daemons sleep.</summary>
    Finally,

    /// <summary>In at least one state of at least one schedule: guards against a search that never came near.</summary>
    Sometimes,
}

/// <summary>
/// A property: a comparison of quantities of the machine, in words such as <c>counter == free-pages</c> or
/// <c>events(/a) &lt;= 1</c>.
/// </summary>
/// <param name="Kind">When it must hold.</param>
/// <param name="Text">As written.</param>
/// <param name="Left">Name of a quantity with its argument.</param>
/// <param name="Comparison">One of <c>== != &lt; &lt;= &gt; &gt;=</c>.</param>
/// <param name="Right">A number or the name of a quantity.</param>
public sealed record RaceProperty(PropertyKind Kind, string Text, string Left, string Comparison, string Right)
{
    /// <summary>Name under which a violation of it is reported: <c>property: </c> and its text.</summary>
    public string Rule => $"property: {Text}";

    /// <summary>
    /// The property as code, instead of a comparison: whether it holds, and in words what it saw. Called once for each
    /// machine.
    /// </summary>
    public Func<Quantities, (Func<bool> Holds, Func<string> Describe)>? Code { get; init; }
}
