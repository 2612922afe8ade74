using EpcActors.Exploration;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>What an engine knows of a run at one moment. One object serves many moments.</summary>
internal sealed class EngineMoment
{
    public RunMoment Run { get; } = new();

    public TaskMoment[] Tasks { get; set; } = [];

    public byte[] Touched { get; set; } = [];

    public byte[] Moved { get; set; } = [];

    public int MustGoOn { get; set; }

    public int Running { get; set; }

    public Resource? LastResource { get; set; }

    public ushort LastCode { get; set; }

    /// <summary>The moment is not restored any more.</summary>
    public void Drop()
    {
        foreach (ref TaskMoment task in Tasks.AsSpan())
        {
            if (ReferenceEquals(task.Position, task.Own))
            {
                task.Own.Drop();
            }
        }
    }
}

/// <summary>What an engine knows of a task between two steps, beside where its routine stands.</summary>
internal struct TaskStanding
{
    public Envelope? Pending;
    public bool IsTime;
    public bool WasParked;
    public bool IsWaitingForLock;

    /// <summary>Its process was killed.</summary>
    public bool IsHalted;

    /// <summary>Enabled, but a run may end without its next step.</summary>
    public bool IsIdle;

    /// <summary>Time that it has slept, nanoseconds.</summary>
    public long ClockNs;
}

/// <summary>What a moment keeps of a task.</summary>
internal struct TaskMoment
{
    /// <summary>Where it stood: <see cref="Own"/>, or that of the last moment before which it moved.</summary>
    public TaskPosition Position;

    /// <summary>Place on the tape of what its locals refer to; of the moment that has the position.</summary>
    public (int Bytes, int Objects) Locals;

    /// <summary>For positions of this moment.</summary>
    public TaskPosition Own;

    public TaskStanding Standing;

    /// <summary>The pending request waits in a queue.</summary>
    public bool IsParked;

    /// <summary>The request behind it, which another task may have put there.</summary>
    public Envelope? Next;
}

/// <content>Moments between two steps, to go back to.</content>
public sealed partial class ExploredEngine
{
    /// <summary>
    /// True when the present moment can be kept: no live actors with routines of their own, and no task in a method of
    /// a build without optimisation.
    /// </summary>
    internal bool CanKeep()
    {
        if (Host is not null)
        {
            return false;
        }

        for (int i = 0; i < TaskCount; i++)
        {
            if (!TaskPosition.CanBeKept(_tasks[i].Task))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Keeps the present moment of the run. A task that has not moved since the moment before stands where it stood
    /// then.
    /// </summary>
    /// <param name="moment">Gets it.</param>
    /// <param name="before">The moment before; null for none.</param>
    /// <param name="keeper">Writes what the locals of routines refer to.</param>
    internal void Keep(EngineMoment moment, EngineMoment? before, StateKeeper keeper)
    {
        Invariant.That(_resumed is null, "a moment is kept while a routine runs");
        if (moment.Tasks.Length != TaskCount)
        {
            moment.Tasks = new TaskMoment[TaskCount];
            moment.Touched = new byte[Touched.Length];
            moment.Moved = new byte[Moved.Length];
        }

        for (int i = 0; i < moment.Tasks.Length; i++)
        {
            TaskState state = _tasks[i];
            ref TaskMoment task = ref moment.Tasks[i];
            if (before is not null && (Moved[i] & StateKeeper.SinceMoment) == 0)
            {
                task.Position = before.Tasks[i].Position;
                task.Locals = before.Tasks[i].Locals;
            }
            else
            {
                task.Own ??= new TaskPosition();
                task.Position = task.Own;
                task.Locals = keeper.Tape.Position;
                task.Own.Keep(state.Task, keeper, keeper);

                // The end of the locals.
                keeper.Tape.PutObject(null);
            }

            task.Standing = state.Now;
            task.IsParked = state.Task.Outstanding is { IsParked: true };
            task.Next = state.Task.Outstanding?.NextInQueue;
        }

        KeepRun(moment.Run);
        Touched.CopyTo(moment.Touched, 0);
        Moved.CopyTo(moment.Moved, 0);
        moment.MustGoOn = _mustGoOn;
        moment.Running = _running;
        moment.LastResource = LastResource;
        moment.LastCode = LastCode;
    }

    /// <summary>Takes a bit from all.</summary>
    internal static void Clear(byte[] flags, byte bit)
    {
        for (int i = 0; i < flags.Length; i++)
        {
            flags[i] &= (byte)~bit;
        }
    }

    /// <summary>Adds the bits of others.</summary>
    internal static void Join(byte[] flags, byte[] others)
    {
        for (int i = 0; i < others.Length; i++)
        {
            flags[i] |= others[i];
        }
    }

    /// <summary>Goes back to a moment of this run. The actors' own state is the caller's to restore.</summary>
    internal void Restore(EngineMoment moment)
    {
        RestoreRun(moment.Run);
        for (int i = 0; i < moment.Tasks.Length; i++)
        {
            TaskState state = _tasks[i];
            ref TaskMoment task = ref moment.Tasks[i];
            if ((Moved[i] & StateKeeper.SinceMoment) != 0)
            {
                if (Failure is null)
                {
                    TaskPosition.Abandon(state.Task);
                }

                task.Position.Restore(state.Task);
            }

            state.Now = task.Standing;
        }

        // Behind the restoring of every task, as one task's request refers to another's.
        for (int i = 0; i < moment.Tasks.Length; i++)
        {
            if (_tasks[i].Task.Outstanding is { } request)
            {
                request.IsParked = moment.Tasks[i].IsParked;
                request.NextInQueue = moment.Tasks[i].Next;
            }
        }

        moment.Touched.CopyTo(Touched.AsSpan());
        moment.Moved.CopyTo(Moved.AsSpan());
        _toBeginCount = 0;
        _mustGoOn = moment.MustGoOn;
        _running = moment.Running;
        _end = null;
        Failure = null;
        LastResource = moment.LastResource;
        LastCode = moment.LastCode;
    }
}
