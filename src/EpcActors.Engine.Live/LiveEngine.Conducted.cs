namespace EpcActors.Engine.Live;

/// <content>Live actors under the control of a conductor, such as an exploring engine.</content>
public abstract partial class LiveEngine
{
    /// <summary>Far longer than any step takes: an actor that does not answer is an error of the engine.</summary>
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Makes the actors and leaves the order of their steps to a conductor: an exploring engine drives the tasks, and
    /// these actors run the halves of its steps. Call it instead of <see cref="Run"/>, not in addition.
    /// </summary>
    /// <param name="resources">All resources with their paths.</param>
    /// <param name="tasks">All tasks with their paths.</param>
    /// <returns>Host for the conductor; its disposal disposes of this engine.</returns>
    public IStepHost Conduct(
        IEnumerable<(Resource Resource, string Path)> resources,
        IEnumerable<(TaskActor Task, string Path)> tasks)
    {
        ArgumentNullException.ThrowIfNull(resources);
        ArgumentNullException.ThrowIfNull(tasks);
        Invariant.That(!_hasRun, "a live engine runs once");
        _hasRun = true;
        IsConducted = true;
        foreach ((Resource resource, string path) in resources)
        {
            Add(resource, path);
        }

        // The tasks' driver is the conductor: they get a cell, and are not attached.
        Dictionary<TaskActor, TaskCell> cells = [];
        foreach ((TaskActor task, string path) in tasks)
        {
            TaskCell cell = NewCell(task, path);
            _tasks.Add(cell);
            cells.Add(task, cell);
        }

        Open();
        return new Conducted(this, cells);
    }

    /// <summary>
    /// Begins the run and leaves it alone: the actors are made and told to begin, and what runs their mailboxes, such
    /// as a laboratory inside of a test, says who handles its next message. Nothing looks after the end of the run.
    /// Call it instead of <see cref="Run"/>; tasks that are started later begin at once.
    /// </summary>
    /// <param name="letActorsStart">Lets actors that were made start; called when all are made.</param>
    public void BeginUnder(Action letActorsStart)
    {
        ArgumentNullException.ThrowIfNull(letActorsStart);
        Invariant.That(!_hasRun, "a live engine runs once");
        _hasRun = true;
        LetActorsStart = letActorsStart;
        OpenAndStart();
    }

    /// <summary>Lets actors start where the engine would wait for them; null: they start by themselves.</summary>
    protected Action? LetActorsStart { get; private set; }

    /// <summary>Has the actor call <see cref="Performance.Do"/> in its own turn.</summary>
    protected abstract void Tell(ResourceCell cell, Performance what);

    /// <summary>Has the actor call <see cref="Performance.Do"/> in its own turn.</summary>
    protected abstract void Tell(TaskCell cell, Performance what);

    private sealed class Conducted(LiveEngine engine, Dictionary<TaskActor, TaskCell> tasks) : IStepHost
    {
        public void Run(Resource resource, Action half)
        {
            using Performance performance = new(half);
            engine.Tell(engine.CellOf(resource.Id), performance);
            performance.Wait(resource.Name, LongestStep);
        }

        public void Run(TaskActor task, Action half)
        {
            using Performance performance = new(half);
            engine.Tell(tasks[task], performance);
            performance.Wait(task.Name, LongestStep);
        }

        public void Dispose()
        {
            engine.Close();
            engine.Dispose();
        }
    }
}
