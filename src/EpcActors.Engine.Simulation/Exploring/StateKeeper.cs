namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Moments of a run, kept on a stack: the state of actors, where their tasks stand, and what an engine knows of them. A
/// search that goes back to one of them does not repeat the steps that led there.
/// </summary>
/// <remarks>
/// A moment has all of the state. What an actor owns is written when the actor was touched since the moment before, and
/// read back when it was touched since; what several reach, and the observers, always. Objects stay what they are, and
/// get back what they held; those that were made since are forgotten.
/// </remarks>
internal sealed class StateKeeper : IFrameLocals
{
    /// <summary>Bit of <see cref="ExploredEngine.Touched"/> and <see cref="ExploredEngine.Moved"/>: since the last
    /// moment, or the return to it.</summary>
    public const byte SinceMoment = 4;

    private readonly object[] _always;
    private readonly StateSaver[] _saversOfAlways;
    private readonly object[] _roots;
    private readonly StateSaver[] _savers;
    private readonly Func<int, bool> _isTouched;
    private readonly HashSet<object> _isApart = new(ReferenceEqualityComparer.Instance);
    private readonly List<Moment> _moments = [];
    private readonly Stack<Moment> _spare = [];

    /// <param name="image">Says which roots there are, and what is shared.</param>
    /// <param name="isTouched">A root was touched since the last moment, or the return to it.</param>
    /// <param name="observers">Further objects, with what they reach.</param>
    public StateKeeper(StateImage image, Func<int, bool> isTouched, params object[] observers)
    {
        _isTouched = isTouched;
        _roots = [.. image.Roots];
        _always = [.. image.SharedObjects, .. observers];
        _savers = [.. _roots.Select(one => StateSaver.For(one.GetType()))];
        _saversOfAlways = [.. _always.Select(one => StateSaver.For(one.GetType()))];
        _isApart.UnionWith(_always);
        _isApart.UnionWith(_roots);
        foreach (object one in _isApart)
        {
            StateSaver.For(one.GetType()).MayBeApart = true;
        }
    }

    /// <summary>The tape of all moments.</summary>
    public StateTape Tape { get; } = new();

    /// <summary>Moments on the stack.</summary>
    public int Count => _moments.Count;

    internal int Depth { get; set; }

    /// <summary>Keeps the present moment on top of the others.</summary>
    /// <param name="engine">The engine, between two steps.</param>
    public void Keep(ExploredEngine engine)
    {
        Moment? before = _moments.Count > 0 ? _moments[^1] : null;
        Moment moment = _spare.Count > 0 ? _spare.Pop() : new Moment(_roots.Length);
        moment.Start = Tape.Position;
        for (int i = 0; i < _always.Length; i++)
        {
            _saversOfAlways[i].Save(_always[i], this);
        }

        for (int i = 0; i < _roots.Length; i++)
        {
            if (before is not null && !_isTouched(i))
            {
                moment.Roots[i] = before.Roots[i];
                continue;
            }

            moment.Roots[i] = Tape.Position;
            _savers[i].Save(_roots[i], this);
        }

        engine.Keep(moment.Engine, before?.Engine, this);
        moment.End = Tape.Position;
        _moments.Add(moment);
        ExploredEngine.Clear(engine.Touched, SinceMoment);
        ExploredEngine.Clear(engine.Moved, SinceMoment);
    }

    /// <summary>Goes back to a moment and forgets those above it.</summary>
    public void ReturnTo(int number, ExploredEngine engine)
    {
        Moment moment = _moments[number];

        // What the moments above were told of as touched was touched since this one.
        for (int i = number + 1; i < _moments.Count; i++)
        {
            ExploredEngine.Join(engine.Touched, _moments[i].Engine.Touched);
            ExploredEngine.Join(engine.Moved, _moments[i].Engine.Moved);
        }

        Forget(number + 1);
        Tape.GoTo(moment.Start);
        for (int i = 0; i < _always.Length; i++)
        {
            _saversOfAlways[i].Load(_always[i], this);
        }

        for (int i = 0; i < _roots.Length; i++)
        {
            if (_isTouched(i))
            {
                Tape.GoTo(moment.Roots[i]);
                _savers[i].Load(_roots[i], this);
            }
        }

        // The engine takes back which tasks have moved: first what their locals refer to.
        for (int i = 0; i < moment.Engine.Tasks.Length; i++)
        {
            if ((engine.Moved[i] & SinceMoment) != 0)
            {
                Tape.GoTo(moment.Engine.Tasks[i].Locals);
                while (Tape.TakeObject() is { } local)
                {
                    StateSaver.For(local.GetType()).Load(local, this);
                }
            }
        }

        engine.Restore(moment.Engine);
        ExploredEngine.Clear(engine.Touched, SinceMoment);
        ExploredEngine.Clear(engine.Moved, SinceMoment);
        Tape.GoTo(moment.End);
    }

    /// <summary>Forgets all moments.</summary>
    public void Clear()
    {
        Forget(0);
        Tape.CutBehind((0, 0));
    }

    public FrameLocals<TStateMachine> For<TStateMachine>() => StateSaverCompiler.Locals<TStateMachine>();

    public void Put<T>(T value)
        where T : struct => Tape.Put(value);

    public T Take<T>()
        where T : struct => Tape.Take<T>();

    public void PutObject(object? value) => Tape.PutObject(value);

    public object? TakeObject() => Tape.TakeObject();

    /// <summary>The object is a root, shared or an observer, and kept as such.</summary>
    public bool IsApart(object value) => _isApart.Contains(value);

    /// <summary>
    /// Forgets the moments from a number up, the last one first: it may have positions of those below.
    /// </summary>
    private void Forget(int from)
    {
        for (int i = _moments.Count - 1; i >= from; i--)
        {
            _moments[i].Engine.Drop();
            _spare.Push(_moments[i]);
        }

        _moments.RemoveRange(from, _moments.Count - from);
    }

    private sealed class Moment(int roots)
    {
        /// <summary>Of this moment on the tape.</summary>
        public (int Bytes, int Objects) Start;

        /// <summary>Behind this moment.</summary>
        public (int Bytes, int Objects) End;

        /// <summary>Place of what each root owns: in this moment, or in an older one.</summary>
        public (int Bytes, int Objects)[] Roots { get; } = new (int Bytes, int Objects)[roots];

        /// <summary>The engine's part.</summary>
        public EngineMoment Engine { get; } = new();
    }
}
