using System.Runtime.CompilerServices;

namespace EpcActors.Engine.Live;

/// <content>What an engine brings with it (threads, shells on Akka.NET), and what it may call.</content>
public abstract partial class LiveEngine
{
    /// <summary>Name of the engine in reports and on the command line.</summary>
    public abstract string Name { get; }

    protected abstract ResourceCell NewCell(Resource resource, string path);

    protected abstract TaskCell NewCell(TaskActor task, string path);

    /// <summary>Everything is added, the run begins.</summary>
    protected abstract void Open();

    /// <summary>
    /// Ends the run: returns when no thread handles a request or runs a task any more, and none will.
    /// </summary>
    protected abstract void Close();

    /// <summary>
    /// Has the task run its routine from the beginning (<see cref="TaskActor.Begin"/>), on some thread.
    /// </summary>
    protected abstract void Begin(TaskCell cell);

    /// <summary>
    /// Delivers a request to a resource, where <see cref="Handle"/> is called. May call it at once when the resource is
    /// free; then it marks the answered envelope. After <see cref="IsStopping"/> it does nothing: the task stays where
    /// it is.
    /// </summary>
    protected abstract void Post(Envelope envelope, TaskCell caller, ResourceCell target);

    /// <summary>
    /// The same at a moment of the run, for a task that is ahead of its pace. An engine without a pace posts at once.
    /// </summary>
    protected virtual void PostAt(long atNs, Envelope envelope, TaskCell caller, ResourceCell target) =>
        Post(envelope, caller, target);

    /// <summary>
    /// Brings an answer back: has the task go on (<see cref="GoOn(Envelope)"/>) on some thread, after it has left the
    /// code that asked.
    /// </summary>
    /// <param name="cell">The resource that answers, still occupied.</param>
    /// <param name="caller">Task that gets it.</param>
    /// <param name="envelope">The answered request.</param>
    /// <param name="mustYield">Others are to run before the caller does (<see cref="Turn.Yield"/>).</param>
    protected abstract void Answer(ResourceCell cell, TaskCell caller, Envelope envelope, bool mustYield);

    /// <summary>
    /// Has the task go on after its sleep (<see cref="GoOn(TaskCell)"/>), on some thread, after it has left the code
    /// that fell asleep.
    /// </summary>
    protected abstract void Wake(TaskCell cell);

    /// <summary>
    /// Has every resource that is not in the present cut visited soon (<see cref="VisitIfDue"/>); may be called again
    /// while some are missing.
    /// </summary>
    protected abstract void AskForVisits();

    /// <summary>The task has come to its end.</summary>
    protected virtual void OnStopped(TaskCell cell)
    {
    }

    /// <summary>Handles an exception of a task's routine: must call <see cref="Fail"/>.</summary>
    protected virtual void OnFailed(TaskCell cell, Exception error)
    {
        ArgumentNullException.ThrowIfNull(cell);
        Fail(cell.Task.Name, error);
    }

    /// <summary>
    /// Calls <see cref="AfterSleep"/> when the time is over; a task that was not begun yet begins then.
    /// </summary>
    protected virtual void Sleep(TaskCell cell, long ns)
    {
        long nowNs = ClockNs;
        PushTimer(ns < long.MaxValue - nowNs ? nowNs + ns : long.MaxValue, cell);
    }

    /// <summary>Has <see cref="AfterSleep"/> called where the engine needs it; from any thread.</summary>
    protected virtual void EndSleep(TaskCell cell) => AfterSleep(cell);

    /// <summary>The sleep of a task is over, or the time before its start.</summary>
    protected void AfterSleep(TaskCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        Go(OneGoing - OneTimer);
        if (cell.Task.HasStarted)
        {
            Wake(cell);
        }
        else
        {
            Begin(cell);
        }
    }

    /// <summary>
    /// Handles a request, and every parked one that it makes ready. The caller must be alone in the resource.
    /// Exceptions of the resource pass through: the caller reports them with <see cref="Fail"/> and never enters the
    /// resource again.
    /// </summary>
    protected void Handle(ResourceCell cell, Envelope envelope)
    {
        ArgumentNullException.ThrowIfNull(cell);
        ArgumentNullException.ThrowIfNull(envelope);
        LiveTurn turn = cell.Turn;
        Envelope? next = envelope;
        do
        {
            VisitIfDue(cell);
            turn.Enter(next);
            if (!LeavesTapOut && _isWatched)
            {
                DeliverWatched(cell, next, turn);
            }
            else
            {
                next.Deliver(cell.Resource, turn);
            }

            TaskCell caller = Unsafe.As<TaskCell>(next.Caller.EngineState!);
            if (turn.HasParked)
            {
                caller.IsWaitingForLock = turn.IsForLock;
                next.Caller.Outstanding = next;
                Go(-OneGoing);
            }
            else
            {
                cell.Steps++;
                next.CountHandled();
                _observer?.OnStep(next, cell.Resource, CoarseNowNs);
                Answer(cell, caller, next, turn.MustYield);
            }

            next = turn.TakeReady();
        }
        while (next is not null);
    }

    /// <summary>Has the task go on with its answer. On its own thread, outside of its code.</summary>
    protected static void GoOn(Envelope answered)
    {
        ArgumentNullException.ThrowIfNull(answered);
        answered.Caller.Outstanding = null;
        answered.MarkAnswered();
        answered.Resume();
    }

    /// <summary>Has the task go on after its sleep. On its own thread, outside of its code.</summary>
    protected static void GoOn(TaskCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        cell.Task.ResumeFromTime();
    }

    /// <summary>Visits a resource for the present cut, unless it was. The caller must be alone in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void VisitIfDue(ResourceCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        if (cell.Cut != Volatile.Read(ref _cut))
        {
            Visit(cell);
        }
    }

    /// <summary>
    /// True when the present cut has visited the resource already. A hint, unless the caller is alone in it.
    /// </summary>
    protected bool WasVisited(ResourceCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return Volatile.Read(ref cell.Cut) == CutNumber;
    }

    /// <summary>Reports that an actor failed: the run ends with the first failure.</summary>
    /// <param name="who">Name of the actor.</param>
    /// <param name="error">Exception that it threw.</param>
    protected void Fail(string who, Exception error)
    {
        _ = Interlocked.CompareExchange(ref _failure, new Failure(who, error), null);
        _changed.Set();
    }
}
