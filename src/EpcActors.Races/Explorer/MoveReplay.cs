using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Kernel.Tasks;

namespace EpcActors.Races.Explorer;

/// <summary>
/// Follows a path and ends the run behind its last step. Strict: a step that cannot be made ends it. Lenient: such a
/// step is left out, so that a path of one kernel can be carried over to another.
/// </summary>
internal sealed class MoveReplay : IStrategy
{
    private readonly ExploredEngine _engine;
    private readonly IReadOnlyList<RaceMove> _moves;
    private readonly bool _isLenient;
    private readonly Dictionary<string, int> _ordinals = new(StringComparer.Ordinal);
    private readonly List<RaceMove> _taken = [];
    private readonly List<char> _given = [];
    private string _answers = "";
    private int _next;

    public MoveReplay(ExploredEngine engine, IReadOnlyList<RaceMove> moves, bool isLenient)
    {
        _engine = engine;
        _moves = moves;
        _isLenient = isLenient;
        for (int i = 0; i < engine.TaskCount; i++)
        {
            // Tasks of the setup have done their work.
            if (engine.Task(i) is not OperationTask { IsSetup: true })
            {
                _ordinals.TryAdd(engine.Task(i).Name, i);
            }
        }
    }

    /// <summary>Called at each position on the way, the start and the last one included unless the run ends
    /// there.</summary>
    public Action? AtPosition { get; init; }

    /// <summary>Choices that came up in the last step, by their numbers.</summary>
    public List<int> Asked { get; } = [];

    /// <summary>Steps that a lenient replay left out.</summary>
    public int Skipped { get; private set; }

    /// <summary>The first step that could not be made, as a sentence; null for none.</summary>
    public string? Divergence { get; private set; }

    /// <summary>The steps that were made.</summary>
    public IReadOnlyList<RaceMove> Taken
    {
        get
        {
            NoteAnswers();
            return _taken;
        }
    }

    public void Begin(Execution execution, ulong seed)
    {
        _next = 0;
        _taken.Clear();
        _given.Clear();
        Asked.Clear();
        Skipped = 0;
        Divergence = null;
        _answers = "";
        if (_moves is [{ Task: "" } start, ..])
        {
            _answers = start.Answers;
            _next = 1;
        }
    }

    public int Next(Execution execution)
    {
        NoteAnswers();
        AtPosition?.Invoke();
        while (_next < _moves.Count)
        {
            RaceMove move = _moves[_next++];
            if (_ordinals.TryGetValue(move.Task, out int task) && execution.IsEnabled(task))
            {
                _answers = move.Answers;
                _taken.Add(new RaceMove(move.Task));
                Asked.Clear();
                return task;
            }

            if (!_isLenient)
            {
                Divergence = Explain(move, execution.Steps + 1);
                return -1;
            }

            Skipped++;
        }

        return -1;
    }

    public bool Choose(Execution execution, int task, int point)
    {
        bool value = _given.Count < _answers.Length && _answers[_given.Count] == '1';
        _given.Add(value ? '1' : '0');
        Asked.Add(point);
        return value;
    }

    private void NoteAnswers()
    {
        string given = new string([.. _given]).TrimEnd('0');
        _given.Clear();
        if (given.Length > 0)
        {
            if (_taken.Count == 0)
            {
                _taken.Add(new RaceMove("", given));
            }
            else
            {
                _taken[^1] = _taken[^1] with { Answers = given };
            }
        }

        _answers = "";
    }

    private string Explain(RaceMove move, int step)
    {
        string place = $"Step {step} of the path cannot be made: ";
        if (!_ordinals.TryGetValue(move.Task, out int task))
        {
            return place + $"there is no task '{move.Task}' here; there are {string.Join(", ", _ordinals.Keys)}.";
        }

        Engine.TaskActor actor = _engine.Task(task);
        return place
            + (actor.HasStopped ? $"{actor.Name} has ended before."
                : !actor.HasStarted ? $"{actor.Name} has not started yet."
                : $"{actor.Name} waits.");
    }
}
