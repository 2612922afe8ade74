using System.Runtime.CompilerServices;

namespace EpcActors.Engine.Simulation;

/// <summary>How tasks go on: their clocks, their requests, their CPUs.</summary>
public sealed partial class TimedEngine
{
    void IEngineDriver.Post(Envelope envelope)
    {
        TaskState state = Unsafe.As<TaskState>(envelope.Caller.EngineState!);
        if (_nowNs + state.DebtNs > state.GroupEndNs)
        {
            if (state.DebtNs != 0 && !TryAdvance(state))
            {
                state.Next = NextAction.Deliver;
                Await(state, envelope);
                return;
            }

            state.GroupEndNs = _nowNs + GroupNs;
        }

        Handle(envelope, state);
    }

    bool IEngineDriver.Spend(TaskActor task, int activity, long ns)
    {
        TaskState state = Unsafe.As<TaskState>(task.EngineState!);
        Account(state, activity, 1, ns);
        return Elapse(state);
    }

    bool IEngineDriver.SpendCost(TaskActor task, int activity, int count, bool remote)
    {
        TaskState state = Unsafe.As<TaskState>(task.EngineState!);
        Account(state, activity, count, Price(state, activity, count, remote));
        return Elapse(state);
    }

    bool IEngineDriver.Sleep(TaskActor task, long ns)
    {
        TaskState state = Unsafe.As<TaskState>(task.EngineState!);
        long wakeNs = Occupy(state) + Math.Max(ns, 0);
        state.Next = NextAction.ResumeTime;
        if (task.IsDaemon)
        {
            // Work that is done does not wait for it.
            state.IsSleepingDaemon = true;
            _sleepingDaemons++;
        }

        PushTask(state, wakeNs);
        return false;
    }

    long IEngineDriver.NowNs(TaskActor task) => _nowNs + Unsafe.As<TaskState>(task.EngineState!).DebtNs;

    void IEngineDriver.Start(TaskActor task, long afterNs)
    {
        Invariant.That(!task.HasStarted, $"{task.Name} is started twice");
        TaskState state = (TaskState)task.EngineState!;
        Invariant.That(state.Next == NextAction.None, $"{task.Name} is started twice");
        state.Next = NextAction.Begin;
        if (!task.IsDaemon)
        {
            _runningTasks++;
        }

        PushTask(state, _nowNs + (_dispatched?.DebtNs ?? 0) + Math.Max(afterNs, 0));
    }

    bool IEngineDriver.Choose(TaskActor task, int point) => false;

    void IEngineDriver.Report(TaskActor task, int what, long startNs, long detail) =>
        _observer?.OnReport(task, what, startNs, _nowNs + Unsafe.As<TaskState>(task.EngineState!).DebtNs, detail);

    void IEngineDriver.Stopped(TaskActor task, Exception? error)
    {
        TaskState state = (TaskState)task.EngineState!;
        state.Next = NextAction.None;
        _lastEndNs = Math.Max(_lastEndNs, Occupy(state));
        if (!task.IsDaemon)
        {
            _runningTasks--;
        }

        if (error is not null)
        {
            _failure = error;
            _failedTask = task;
        }
    }

    private void Dispatch(TaskState state)
    {
        NextAction next = state.Next;
        state.Next = NextAction.None;
        switch (next)
        {
            case NextAction.Begin:
                state.Task.Begin();
                break;
            case NextAction.ResumeTime:
                if (state.IsSleepingDaemon)
                {
                    state.IsSleepingDaemon = false;
                    _sleepingDaemons--;
                }

                state.Task.ResumeFromTime();
                break;
            case NextAction.ResumeEnvelope:
                state.Envelope!.MarkAnswered();
                Answer(state, state.Envelope);
                break;
            case NextAction.Deliver:
                Envelope envelope = state.Envelope!;
                state.GroupEndNs = _nowNs + GroupNs;
                Handle(envelope, state);
                if (envelope.IsCompleted)
                {
                    Answer(state, envelope);
                }

                break;
            case NextAction.None:
                throw new InvariantViolation($"an event for {state.Task.Name}, which waits for none");
        }
    }

    private void Handle(Envelope envelope, TaskState state)
    {
        Resource resource = _resources[envelope.Target.Index];
        if (resource.BusyUntilNs > _nowNs + state.DebtNs)
        {
            Account(state, EngineActivity.SpinWait, 1, resource.BusyUntilNs - _nowNs - state.DebtNs);
        }

        state.Enter(envelope);
        envelope.Deliver(resource, state);
        if (state.HasParked)
        {
            Await(state, envelope);
            state.ParkedAtNs = Occupy(state);
            return;
        }

        _steps++;
        envelope.CountHandled();
        ulong who = ((ulong)(uint)state.Id << 40) ^ ((ulong)(uint)envelope.Target.Index << 16) ^ envelope.Code;
        _hash.Add((ulong)(_nowNs + state.DebtNs), who, envelope.Fold());
        StepWatcher?[] watchers = _watchers;
        int type = envelope.TypeIndex;
        StepWatcher? watcher = (uint)type < (uint)watchers.Length ? watchers[type] : _findWatcher;
        watcher?.Invoke(envelope, resource, _nowNs + state.DebtNs);

        if (state.MustYield)
        {
            state.GroupEndNs = 0;
        }

        if ((state.MustYield || MustStop(state)) && !TryAdvance(state))
        {
            state.Next = NextAction.ResumeEnvelope;
            Await(state, envelope);
            return;
        }

        envelope.MarkAnswered();
    }

    /// <summary>
    /// Stands in the table for a message type that was not seen yet: asks the observer who watches it, and from then on
    /// a step is one look-up and one call, or none.
    /// </summary>
    private void FindWatcher(Envelope envelope, Resource resource, long nowNs)
    {
        int type = envelope.TypeIndex;
        if (type >= _watchers.Length)
        {
            int known = _watchers.Length;
            Array.Resize(ref _watchers, Math.Max(type + 1, known * 2));
            Array.Fill(_watchers, _findWatcher, known, _watchers.Length - known);
        }

        StepWatcher? watcher = _observer?.WatcherOf(envelope.Code);
        _watchers[type] = watcher;
        watcher?.Invoke(envelope, resource, nowNs);
    }

    /// <summary>The task's request is not answered at once: its envelope is its own until it is.</summary>
    private static void Await(TaskState state, Envelope envelope)
    {
        state.Envelope = envelope;
        if (state.Task.Outstanding is null)
        {
            state.Task.Outstanding = envelope;
            state.Task.Envelopes.TakeOut(envelope);
        }
    }

    /// <summary>
    /// The routine reads the answer before it can ask anything again, so the envelope is free from here on.
    /// </summary>
    private static void Answer(TaskState state, Envelope envelope)
    {
        state.Task.Outstanding = null;
        state.Task.Envelopes.PutBack(envelope);
        envelope.Resume();
    }

    private bool Elapse(TaskState state)
    {
        if (!MustStop(state) || TryAdvance(state))
        {
            return true;
        }

        state.Next = NextAction.ResumeTime;
        return false;
    }

    /// <summary>
    /// The task has gone far enough ahead. Inside a group of requests it goes on: what is a group must not depend on
    /// the quantum.
    /// </summary>
    private bool MustStop(TaskState state) => state.DebtNs > state.AheadNs && _nowNs + state.DebtNs > state.GroupEndNs;

    /// <summary>
    /// Lets the task's debt pass. True: nothing else happens before its end, so the clock was moved and the task goes
    /// on at once; false: the task was put into the event queue.
    /// </summary>
    private bool TryAdvance(TaskState state)
    {
        long endNs = Occupy(state);

        // A task that is alone with its work must still come by the event loop now and then: that is where a run ends.
        if (_events.FirstNs > endNs && endNs <= _limitNs && _end is null && --_stepsUntilEvent > 0)
        {
            _nowNs = endNs;
            return true;
        }

        if (_stepsUntilEvent <= 0)
        {
            _untilCheck = 0;
        }

        _stepsUntilEvent = CancellationInterval;
        PushTask(state, endNs);
        return false;
    }

    /// <summary>Has the task's CPU serve its debt; the time at which it will have done so.</summary>
    private long Occupy(TaskState state)
    {
        long debtNs = state.DebtNs + state.InterruptNs;
        state.DebtNs = 0;
        state.InterruptNs = 0;
        if (!state.SharesCpu)
        {
            return _nowNs + debtNs;
        }

        int cpu = state.Task.Cpu;
        long endNs = Math.Max(_nowNs, _cpuFreeAtNs[cpu]) + debtNs;
        if (debtNs > 0)
        {
            _cpuFreeAtNs[cpu] = endNs;
        }

        return debtNs > 0 ? endNs : _nowNs;
    }

    private void PushTask(TaskState state, long atNs)
    {
        _pendingTaskEvents++;
        _events.Push(atNs, state.Id);
    }

    private void Account(TaskState state, int activity, int count, long ns)
    {
        state.DebtNs += ns;
        state.BusyNs += ns;
        _timeByActivity[activity] += ns;
        _countByActivity[activity] += count;
    }

    private long Price(TaskState state, int activity, int count, bool remote)
    {
        long ns = _costs.Ns(activity, remote) * count;
        if (!_hasJitter || ns < 8)
        {
            return ns;
        }

        // SplitMix64, one draw a price: an integer share of the cost, so no rounding differs between machines. A stream
        // per task: what one draws does not depend on how far others have come.
        ulong z = state.JitterState += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z ^= z >> 27;
        long span = ns * _jitterShift / 100;
        return span == 0 ? ns : ns - span + (long)(((z & 0xFFFFFFFF) * (ulong)((2 * span) + 1)) >> 32);
    }

    private enum NextAction
    {
        None,
        Begin,
        Deliver,
        ResumeEnvelope,
        ResumeTime,
    }
}
