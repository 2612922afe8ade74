namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Moments of a run, kept on a stack: the state of actors, where their tasks stand, and what an engine knows of them. A
/// search that goes back to one of them does not repeat the steps that led there.
/// </summary>
/// <remarks>
/// All of the state is kept, not what changed: what several actors reach may be changed by any of them. Objects stay
/// what they are, and get back what they held; those that were made since are forgotten.
/// </remarks>
internal sealed class StateKeeper : IFrameLocals
{
    private readonly StateImage _image;
    private readonly object[] _roots;
    private readonly object[] _shared;
    private readonly HashSet<object> _isApart = new(ReferenceEqualityComparer.Instance);
    private readonly List<Moment> _moments = [];

    /// <param name="image">Says what is shared, and so kept once.</param>
    /// <param name="observers">Further objects, with what they reach.</param>
    public StateKeeper(StateImage image, params object[] observers)
    {
        _image = image;
        _roots = [.. image.Roots, .. observers];
        _shared = [.. image.SharedObjects];
        _isApart.UnionWith(_shared);
        _isApart.UnionWith(_roots);
    }

    /// <summary>
    /// False in a build without optimisation: there the compiler makes state machines classes, which cannot be copied.
    /// </summary>
    public static bool IsPossible { get; } = IsStruct();

    /// <summary>The tape of all moments.</summary>
    public StateTape Tape { get; } = new();

    /// <summary>Moments on the stack.</summary>
    public int Count => _moments.Count;

    internal int Depth { get; set; }

    /// <summary>Keeps the present moment on top of the others.</summary>
    /// <param name="engine">The engine, between two steps.</param>
    public void Keep(ExploredEngine engine)
    {
        (int Bytes, int Objects) start = Tape.Position;
        foreach (object one in _shared)
        {
            StateSaver.For(one.GetType()).Save(one, this);
        }

        foreach (object one in _roots)
        {
            StateSaver.For(one.GetType()).Save(one, this);
        }

        EngineMoment moment = engine.Keep(this);

        // The locals stand behind all else; this is their end.
        Tape.PutObject(null);
        _moments.Add(new Moment(start, Tape.Position, moment));
    }

    /// <summary>Goes back to a moment and forgets those above it.</summary>
    public void ReturnTo(int number, ExploredEngine engine)
    {
        Moment moment = _moments[number];
        _moments.RemoveRange(number + 1, _moments.Count - number - 1);
        Tape.GoTo(moment.Start);
        foreach (object one in _shared)
        {
            StateSaver.For(one.GetType()).Load(one, this);
        }

        foreach (object one in _roots)
        {
            StateSaver.For(one.GetType()).Load(one, this);
        }

        engine.Restore(moment.Engine);
        while (Tape.TakeObject() is { } local)
        {
            StateSaver.For(local.GetType()).Load(local, this);
        }

        Tape.GoTo(moment.End);
    }

    /// <summary>Forgets all moments.</summary>
    public void Clear()
    {
        _moments.Clear();
        Tape.CutBehind((0, 0));
    }

    public FrameLocals<TStateMachine> For<TStateMachine>() => StateSaverCompiler.Locals<TStateMachine>();

    public void Put<T>(T value)
        where T : struct => Tape.Put(value);

    public T Take<T>()
        where T : struct => Tape.Take<T>();

    public void PutObject(object? value) => Tape.PutObject(value);

    public object? TakeObject() => Tape.TakeObject();

    /// <summary>What a field refers to, where it is followed and not kept already.</summary>
    public void SaveInside(object? value)
    {
        if (Followed(value) is { } saver)
        {
            saver.Save(value!, this);
        }
    }

    public void LoadInside(object? value)
    {
        if (Followed(value) is { } saver)
        {
            saver.Load(value!, this);
        }
    }

    /// <summary>What a local of a routine refers to.</summary>
    public void KeepLocal(object? value)
    {
        if (Followed(value) is { } saver)
        {
            Tape.PutObject(value);
            saver.Save(value!, this);
        }
    }

    private static bool IsStruct()
    {
        System.Reflection.MethodInfo method = ((Func<Routine>)Sample).Method;
        return method.GetCustomAttributes(typeof(System.Runtime.CompilerServices.AsyncStateMachineAttribute), false)
            is [System.Runtime.CompilerServices.AsyncStateMachineAttribute sample]
            && sample.StateMachineType.IsValueType;

        static async Routine Sample() => await default(Routine);
    }

    private StateSaver? Followed(object? value) =>
        value is not null && StateSaver.For(value.GetType()) is { IsFollowed: true } saver && !_isApart.Contains(value)
            ? saver
            : null;

    private readonly record struct Moment(
        (int Bytes, int Objects) Start, (int Bytes, int Objects) End, EngineMoment Engine);
}
