using System.Runtime.CompilerServices;
using EpcActors.Exploration;

namespace EpcActors.Engine.Simulation.Exploring;

/// <content>How tasks and resources see the engine: their requests become steps to choose from.</content>
public sealed partial class ExploredEngine
{
    void IEngineDriver.Post(Envelope envelope)
    {
        TaskState state = Unsafe.As<TaskState>(envelope.Caller.EngineState!);
        state.Now.Pending = envelope;
        envelope.Caller.Outstanding = envelope;
        if (ReferenceEquals(state, _resumed))
        {
            GoOn(state);
        }
    }

    bool IEngineDriver.Spend(TaskActor task, int activity, long ns) => true;

    bool IEngineDriver.SpendCost(TaskActor task, int activity, int count, bool remote) => true;

    /// <summary>
    /// Time may pass at any moment: a step without a resource. A daemon that sleeps for a time does not keep a run
    /// alive.
    /// </summary>
    bool IEngineDriver.Sleep(TaskActor task, long ns)
    {
        TaskState state = Unsafe.As<TaskState>(task.EngineState!);
        state.Now.Pending = null;
        state.Now.IsTime = true;
        if (HasClocks)
        {
            state.Now.ClockNs += Math.Max(ns, 0);
        }

        if (task.IsDaemon && !state.IsOptional && !state.Now.IsIdle)
        {
            state.Now.IsIdle = true;
            _mustGoOn--;
        }

        return ReferenceEquals(state, _resumed) && GoOn(state);
    }

    long IEngineDriver.NowNs(TaskActor task) => Unsafe.As<TaskState>(task.EngineState!).Now.ClockNs;

    void IEngineDriver.Start(TaskActor task, long afterNs) => Start(task);

    bool IEngineDriver.Choose(TaskActor task, int point)
    {
        if (_strategy is null || !HasBudget(point))
        {
            return false;
        }

        bool value = MakeChoice(_strategy, OrdinalOf(task), point);
        Watcher?.OnChoice(task, point, value);
        return value;
    }

    void IEngineDriver.Report(TaskActor task, int what, long startNs, long detail) =>
        _observer?.OnReport(task, what, startNs, Steps, detail);

    void IEngineDriver.Stopped(TaskActor task, Exception? error)
    {
        TaskState state = (TaskState)task.EngineState!;
        state.Now.Pending = null;
        Disable(state);
        if (!task.IsDaemon)
        {
            _running--;
        }

        if (error is not null)
        {
            Failure = error;
            _end ??= ExploredEnd.Failed;
        }
    }

    private sealed class ExploredTurn(ExploredEngine engine) : Turn
    {
        public bool HasParked;
        public bool IsLock;
        private Envelope _envelope = null!;

        public void Enter(Envelope envelope, TaskState state)
        {
            _envelope = envelope;
            Caller = state.Task.Id;
            CallerNode = state.Task.Node;
            WasParked = state.Now.WasParked;
            HasParked = false;
        }

        public override long NowNs => 0;

        public override void Park(ref WaitQueue queue, int spinActivity = -1)
        {
            queue.Enqueue(_envelope);
            HasParked = true;
            IsLock = spinActivity >= 0;
        }

        public override void Ready(ref WaitQueue queue, int activity = -1, int count = 1)
        {
            Envelope envelope = queue.Dequeue();
            envelope.IsParked = false;
            TaskState waiter = Unsafe.As<TaskState>(envelope.Caller.EngineState!);
            waiter.Now.WasParked = true;
            waiter.Now.IsWaitingForLock = false;
            if (waiter.Now.IsHalted)
            {
                return;
            }

            engine.Enable(waiter);
            engine.Moved[waiter.Ordinal] = byte.MaxValue;
            engine.Watcher?.OnReady(envelope.Caller);
        }

        public override void Spend(int activity, int count, bool remote)
        {
        }

        public override void Hold(int activity, int count, bool remote)
        {
        }

        public override void Yield()
        {
        }

        public override void Interrupt(ActorId task, int activity)
        {
        }
    }
}
