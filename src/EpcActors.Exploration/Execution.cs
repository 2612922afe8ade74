namespace EpcActors.Exploration;

/// <summary>
/// One run of a program whose steps are picked from outside: which tasks can make a step, what has been decided so far,
/// and which choices are left. All that a strategy sees of the program, whatever the program is.
/// </summary>
/// <remarks>
/// A task is what makes steps: a thread of a modelled kernel, an actor with its mailbox. Which task steps next and what
/// it chooses on the way is the record (<see cref="Log"/>), from which the run can be had again. Members are not
/// virtual where a strategy asks them at each step.
/// </remarks>
public abstract class Execution
{
    private int[] _places = [];
    private int[] _enabled = [];
    private int _enabledCount;
    private int _taskCount;
    private ushort[] _log = new ushort[256];
    private int _logLength;
    private int[] _budget = [];
    private int[] _budgetLeft = [];
    private int _steps;
    private int _lastTask = -1;

    /// <summary>Steps of the run so far.</summary>
    public int Steps => _steps;

    /// <summary>Tasks of the run; their ordinals go from 0 upward in the order in which they were added.</summary>
    public int TaskCount => _taskCount;

    /// <summary>
    /// Ordinals of the tasks that could make a step now, in no particular order, but the same for the same schedule.
    /// </summary>
    public ReadOnlySpan<int> Enabled => _enabled.AsSpan(0, _enabledCount);

    /// <summary>The task that made the last step, -1 at the start.</summary>
    public int LastTask => _lastTask;

    /// <summary>
    /// Decisions of the run so far: task ordinals, and choices as <see cref="Decision"/> encodes them.
    /// </summary>
    public ReadOnlySpan<ushort> Log => _log.AsSpan(0, _logLength);

    /// <summary>
    /// About how many steps a schedule has: where strategies spread their few interventions. At least 1.
    /// </summary>
    public int ExpectedSteps { get; set; } = 64;

    /// <summary>True when schedules may make choices, whatever the present one has used up.</summary>
    public bool HasChoices => _budget.AsSpan().ContainsAnyExcept(0);

    /// <summary>Choices that are left, in one number, for fingerprints.</summary>
    public ulong BudgetWord
    {
        get
        {
            ulong word = 0;
            foreach (int left in _budgetLeft)
            {
                word = SplitMix.Mix(word + (uint)left + 1);
            }

            return word;
        }
    }

    /// <summary>The task could make a step now.</summary>
    public bool IsEnabled(int task) => _places[task] >= 0;

    /// <summary>
    /// What the task's next step works on: next steps with equal keys conflict. 0 for a step that conflicts with none.
    /// </summary>
    public abstract int ConflictKey(int task);

    /// <summary>An event that need not happen: no fairness makes it.</summary>
    public virtual bool NeedNotHappen(int task) => false;

    /// <summary>Goes on until the end of the work, something that an observer stops, or the limit.</summary>
    /// <param name="strategy">Strategy that decides; begun by the caller.</param>
    /// <param name="maxSteps">Limit on the steps of the whole run.</param>
    public abstract ExploredEnd Run(IStrategy strategy, int maxSteps);

    /// <summary>How often a choice may still be made.</summary>
    public void SetBudget(int point, int times)
    {
        if (point >= _budget.Length)
        {
            Array.Resize(ref _budget, point + 1);
            Array.Resize(ref _budgetLeft, point + 1);
        }

        _budget[point] = times;
        _budgetLeft[point] = times;
    }

    /// <summary>The choice may still be made in this run.</summary>
    protected bool HasBudget(int point) => (uint)point < (uint)_budgetLeft.Length && _budgetLeft[point] != 0;

    /// <summary>Another task, which cannot make a step yet.</summary>
    /// <returns>Its ordinal.</returns>
    protected int AddTask()
    {
        if (_taskCount == Decision.MaxTasks)
        {
            throw new InvalidOperationException($"a schedule holds at most {Decision.MaxTasks} tasks");
        }

        if (_taskCount == _places.Length)
        {
            Array.Resize(ref _places, Math.Max(8, _taskCount * 2));
            Array.Resize(ref _enabled, _places.Length);
        }

        _places[_taskCount] = -1;
        return _taskCount++;
    }

    /// <summary>The task can make a step now; it could not before.</summary>
    protected void Enable(int task)
    {
        _places[task] = _enabledCount;
        _enabled[_enabledCount++] = task;
    }

    /// <summary>The task cannot make a step now; it could before.</summary>
    protected void Disable(int task)
    {
        int last = _enabled[--_enabledCount];
        int place = _places[task];
        _enabled[place] = last;
        _places[last] = place;
        _places[task] = -1;
    }

    /// <summary>Writes down that the task makes a step.</summary>
    protected void RecordStep(int task)
    {
        Append((ushort)task);
        _lastTask = task;
        _steps++;
    }

    /// <summary>Asks the strategy for a choice with budget left, and writes it down.</summary>
    protected bool MakeChoice(IStrategy strategy, int task, int point)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        bool value = strategy.Choose(this, task, point);
        if (value)
        {
            _budgetLeft[point]--;
        }

        Append(Decision.OfChoice(point, value));
        return value;
    }

    /// <summary>Forgets the run: no task can make a step, the record is empty, all budget is left.</summary>
    /// <param name="keepsTasks">The tasks stay, with their ordinals.</param>
    protected void ForgetRun(bool keepsTasks)
    {
        _taskCount = keepsTasks ? _taskCount : 0;
        _places.AsSpan(0, _taskCount).Fill(-1);
        _enabledCount = 0;
        _logLength = 0;
        _steps = 0;
        _lastTask = -1;
        _budget.AsSpan().CopyTo(_budgetLeft);
    }

    /// <summary>Keeps the present moment of the run.</summary>
    /// <param name="moment">Gets it, in place of what it had.</param>
    protected void KeepRun(RunMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        if (moment.Places.Length < _taskCount || moment.BudgetLeft.Length < _budgetLeft.Length)
        {
            moment.Places = new int[_taskCount];
            moment.Enabled = new int[_taskCount];
            moment.BudgetLeft = new int[_budgetLeft.Length];
        }

        _places.AsSpan(0, _taskCount).CopyTo(moment.Places);
        Enabled.CopyTo(moment.Enabled);
        _budgetLeft.CopyTo(moment.BudgetLeft, 0);
        moment.EnabledCount = _enabledCount;
        moment.LogLength = _logLength;
        moment.Steps = _steps;
        moment.LastTask = _lastTask;
    }

    /// <summary>Goes back to a moment of this run: the record up to there is still the same.</summary>
    protected void RestoreRun(RunMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        moment.Places.AsSpan(0, _taskCount).CopyTo(_places);
        moment.Enabled.AsSpan(0, moment.EnabledCount).CopyTo(_enabled);
        moment.BudgetLeft.AsSpan(0, _budgetLeft.Length).CopyTo(_budgetLeft);
        _enabledCount = moment.EnabledCount;
        _logLength = moment.LogLength;
        _steps = moment.Steps;
        _lastTask = moment.LastTask;
    }

    private void Append(ushort decision)
    {
        if (_logLength == _log.Length)
        {
            Array.Resize(ref _log, _log.Length * 2);
        }

        _log[_logLength++] = decision;
    }
}
