namespace EpcActors.Engine.Simulation;

/// <summary>Calls of a handler in virtual time.</summary>
public sealed partial class TimedEngine
{
    /// <summary>
    /// What the engine keeps of a task, and the turn of its requests in one: both are touched by every step, and among
    /// hundreds of tasks each finds them cold.
    /// </summary>
    private sealed class TaskState : Turn
    {
        public readonly TaskActor Task;
        public Envelope? Envelope;
        public long DebtNs;
        public long AheadNs;
        public long GroupEndNs;
        public ulong JitterState;
        public long InterruptNs;
        public long BusyNs;
        public long ParkedAtNs;
        public readonly int Id;
        public int SpinActivity;
        public bool IsSleepingDaemon;
        public bool SharesCpu;
        public NextAction Next;
        private readonly TimedEngine _engine;
        private Envelope _handled = null!;

        public TaskState(TaskActor task, TimedEngine engine)
        {
            Task = task;
            Id = task.Id.Index;
            Caller = task.Id;
            CallerNode = task.Node;
            AheadNs = engine._quantumNs;
            JitterState = (engine._seed + (ulong)(uint)task.Id.Index) * 0xD1342543DE82EF95;
            _engine = engine;
        }

        public bool HasParked { get; private set; }

        public bool MustYield { get; private set; }

        public override long NowNs => _engine._nowNs + DebtNs;

        /// <summary>
        /// Another task is on its CPU: both are served piece by piece, and the pieces are the same at every quantum.
        /// </summary>
        public void Share()
        {
            SharesCpu = true;
            AheadNs = GroupNs;
        }

        public void Enter(Envelope envelope)
        {
            _handled = envelope;
            HasParked = false;
            MustYield = false;
            WasParked = envelope.IsParked;
            if (WasParked)
            {
                envelope.IsParked = false;
            }
        }

        public override void Park(ref WaitQueue queue, int spinActivity = -1)
        {
            queue.Enqueue(_handled);
            HasParked = true;
            SpinActivity = spinActivity;
        }

        public override void Ready(ref WaitQueue queue, int activity = -1, int count = 1)
        {
            bool isAlone = queue.Count == 1;
            Envelope envelope = queue.Dequeue();
            TaskState waiter = (TaskState)envelope.Caller.EngineState!;
            long atNs = Math.Max(NowNs, waiter.ParkedAtNs);
            if (waiter.SpinActivity >= 0)
            {
                bool slept = Wait(waiter, waiter.SpinActivity, atNs - waiter.ParkedAtNs);
                if (activity >= 0)
                {
                    atNs += Pay(waiter, activity, count);
                }

                if (slept && _engine._costs.WakeActivity >= 0)
                {
                    // The kernel wakes the first of several early: it is on its feet by the time the lock comes.
                    long wakeNs = Pay(waiter, _engine._costs.WakeActivity, 1);
                    atNs += isAlone ? wakeNs : 0;
                }
            }

            waiter.Next = NextAction.Deliver;
            waiter.Envelope = envelope;
            _engine.PushTask(waiter, atNs);
        }

        public override void WaitUntil(long untilNs, int spinActivity, int activity = -1)
        {
            long waitNs = untilNs - NowNs;
            if (waitNs > 0)
            {
                Wait(this, spinActivity, waitNs);
                DebtNs += waitNs;
                DebtNs += activity < 0 ? 0 : Pay(this, activity, 1);
            }
        }

        public override void Spend(int activity, int count, bool remote) =>
            _engine.Account(this, activity, count, _engine.Price(this, activity, count, remote));

        public override void Hold(int activity, int count, bool remote)
        {
            Spend(activity, count, remote);
            _engine._resources[_handled.Target.Index].BusyUntilNs = NowNs;
        }

        public override void Yield() => MustYield = true;

        public override void Interrupt(ActorId task, int activity)
        {
            TaskState hit = _engine._taskById[task.Index] ?? throw new InvariantViolation($"{task} is not a task");
            long ns = _engine.Price(this, activity, 1, false);
            hit.InterruptNs += ns;
            hit.BusyNs += ns;
            _engine._timeByActivity[activity] += ns;
            _engine._countByActivity[activity]++;
        }

        /// <summary>
        /// Counts waiting for a lock: a mutex's waiter spins as long as the kernel's would, then it sleeps. True: it
        /// slept.
        /// </summary>
        private bool Wait(TaskState waiter, int activity, long waitedNs)
        {
            long spunNs =
                activity == EngineActivity.MutexWait ? Math.Min(waitedNs, _engine._costs.MutexSpinNs) : waitedNs;
            waiter.BusyNs += spunNs;
            _engine._timeByActivity[activity] += spunNs;
            _engine._countByActivity[activity]++;
            return spunNs < waitedNs;
        }

        /// <summary>CPU time of a task that does not run just now.</summary>
        private long Pay(TaskState payer, int activity, int count)
        {
            long ns = _engine.Price(this, activity, count, false);
            payer.BusyNs += ns;
            _engine._timeByActivity[activity] += ns;
            _engine._countByActivity[activity] += count;
            return ns;
        }
    }
}
