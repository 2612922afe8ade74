using EpcActors.Exploration;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>What an engine knows of a run at one moment.</summary>
internal sealed class EngineMoment
{
    public required RunMoment Run { get; init; }

    public required TaskMoment[] Tasks { get; init; }

    public required byte[] Touched { get; init; }

    public required byte[] Moved { get; init; }

    public int MustGoOn { get; init; }

    public int Running { get; init; }

    public Resource? LastResource { get; init; }

    public ushort LastCode { get; init; }

    /// <summary>The moment is not restored any more.</summary>
    public void Drop()
    {
        foreach (TaskMoment task in Tasks)
        {
            task.Position.Drop();
        }
    }
}

/// <summary>What an engine knows of a task at one moment.</summary>
internal readonly record struct TaskMoment(
    TaskPosition Position,
    Envelope? Pending,
    bool IsTime,
    bool WasParked,
    bool IsWaitingForLock,
    bool IsHalted,
    long ClockNs,
    bool IsIdle);

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

    /// <summary>Keeps the present moment of the run.</summary>
    internal EngineMoment Keep(StateKeeper keeper)
    {
        TaskMoment[] tasks = new TaskMoment[TaskCount];
        for (int i = 0; i < tasks.Length; i++)
        {
            TaskState state = _tasks[i];
            tasks[i] = new TaskMoment(
                TaskPosition.Of(state.Task, keeper, keeper),
                state.Pending,
                state.IsTime,
                state.WasParked,
                state.IsWaitingForLock,
                state.IsHalted,
                state.ClockNs,
                state.IsIdle);
        }

        return new EngineMoment
        {
            Run = KeepRun(),
            Tasks = tasks,
            Touched = [.. Touched],
            Moved = [.. Moved],
            MustGoOn = _mustGoOn,
            Running = _running,
            LastResource = LastResource,
            LastCode = LastCode,
        };
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
            TaskMoment task = moment.Tasks[i];
            if (Failure is null)
            {
                TaskPosition.Abandon(state.Task);
            }

            task.Position.Restore(state.Task);
            state.Pending = task.Pending;
            state.IsTime = task.IsTime;
            state.WasParked = task.WasParked;
            state.IsWaitingForLock = task.IsWaitingForLock;
            state.IsHalted = task.IsHalted;
            state.ClockNs = task.ClockNs;
            state.IsIdle = task.IsIdle;
        }

        foreach (TaskMoment task in moment.Tasks)
        {
            task.Position.RestoreRequest();
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
