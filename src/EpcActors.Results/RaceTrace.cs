namespace EpcActors.Results;

/// <summary>One schedule of a race, step by step: everything that a listing, a diagram or a trace file shows.</summary>
public sealed record RaceTrace
{
    /// <summary>Id in the catalogue, e.g. <c>R1</c>; the file's name for a race that is not in it.</summary>
    public required string Id { get; init; }

    public required string Title { get; init; }

    /// <summary>Commit, mail thread or facts row that it comes from; empty when unknown.</summary>
    public string Source { get; init; } = "";

    /// <summary>Symptom that users saw.</summary>
    public string Symptom { get; init; } = "";

    /// <summary>Change that closes it.</summary>
    public string Fix { get; init; } = "";

    /// <summary><c>buggy</c>, <c>fixed</c> or the name of another variant.</summary>
    public required string Variant { get; init; }

    /// <summary>
    /// Name of the kernel with the switches of this variant, e.g. <c>linux-5.15 (free-page-counter = racy)</c>.
    /// </summary>
    public required string Kernel { get; init; }

    /// <summary>The violated rule; empty when the schedule breaks none.</summary>
    public string Rule { get; init; } = "";

    /// <summary>Expected and found state.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Number of the step at which the rule was seen broken; -1 for none or for the end.</summary>
    public int ViolatedAtStep { get; init; } = -1;

    /// <summary>For a hang: first step of the cycle that repeats for ever, -1 for none.</summary>
    public int CycleStart { get; init; } = -1;

    /// <summary>The two accesses that conflict, as step numbers; -1 when there is no such pair.</summary>
    public (int First, int Second) Conflict { get; init; } = (-1, -1);

    /// <summary>Search that found it: strategy, seed, schedules, shrinking. One line.</summary>
    public string Provenance { get; init; } = "";

    /// <summary>The command that replays it.</summary>
    public string ReplayCommand { get; init; } = "";

    /// <summary>Tasks in the order of the columns.</summary>
    public required IReadOnlyList<RaceLane> Tasks { get; init; }

    /// <summary>Resources in the order of the lanes; those that no step touches are left out.</summary>
    public required IReadOnlyList<RaceLane> Resources { get; init; }

    /// <summary>
    /// Names of the quantities whose values stand beside the steps: <c>counter</c>, <c>free-pages</c>,
    /// <c>usage(/a)</c>.
    /// </summary>
    public IReadOnlyList<string> Quantities { get; init; } = [];

    /// <summary>Their values before the first step.</summary>
    public IReadOnlyList<long> Before { get; init; } = [];

    /// <summary>Operations of the tasks, one line each: <c>CPU0 (node 0, enclave a): touch 3</c>.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];

    public required IReadOnlyList<RaceStep> Steps { get; init; }
}

/// <summary>A lane of the diagram.</summary>
/// <param name="Name">Name of the actor.</param>
/// <param name="Note">Note on the task for the reader: <c>node 1</c>, <c>enclave a</c>; may be empty.</param>
public sealed record RaceLane(string Name, string Note);

/// <summary>One step: a request of one task handled by one resource, and the task run on to its next request.</summary>
public sealed record RaceStep
{
    /// <summary>From 1 upward.</summary>
    public required int Number { get; init; }

    /// <summary>Index into <see cref="RaceTrace.Tasks"/>.</summary>
    public required int Task { get; init; }

    /// <summary>Index into <see cref="RaceTrace.Resources"/>; -1 for a step without one (time passes).</summary>
    public required int Resource { get; init; }

    /// <summary>Name of the message type, e.g. <c>TakePage</c>.</summary>
    public required string Message { get; init; }

    /// <summary>The message as asked: field and value, in the order of the struct, default values left out.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Request { get; init; } = [];

    /// <summary>Fields that the answer changed.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Answer { get; init; } = [];

    /// <summary>
    /// Routines of the task from the outermost to the one that asks, by their C# names (<c>AllocEpcPage</c>,
    /// <c>TakeFromNodes</c>).
    /// </summary>
    public IReadOnlyList<RaceFrame> Stack { get; init; } = [];

    /// <summary>The operation of the task's program that this step belongs to.</summary>
    public string Operation { get; init; } = "";

    /// <summary>Locks that the task holds after the step, by lock and owner: <c>node->lock of node-0</c>.</summary>
    public IReadOnlyList<string> Locks { get; init; } = [];

    /// <summary>The step changed the state of its resource; true also where that is unknown.</summary>
    public bool IsWrite { get; init; } = true;

    /// <summary>The request was parked: the task waits.</summary>
    public bool IsParked { get; init; }

    /// <summary>Tasks that this step made ready again, as indices into <see cref="RaceTrace.Tasks"/>.</summary>
    public IReadOnlyList<int> Wakes { get; init; } = [];

    /// <summary>Choices made while the task ran on: <c>ewb-fails</c>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>
    /// Events of the step, in words for the margin: <c>page 3 evicted</c>, <c>SIGBUS</c>, <c>CPU0 ends</c>.
    /// </summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>Values of <see cref="RaceTrace.Quantities"/> after the step.</summary>
    public IReadOnlyList<long> Values { get; init; } = [];
}
