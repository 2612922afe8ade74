using System.Diagnostics;
using global::Akka.Actor;
using global::Akka.Dispatch;
using global::Akka.Dispatch.SysMsg;

namespace EpcActors.TestKit.Akka;

/// <content>What Akka hands over, and when nothing more of it is to be waited for.</content>
internal sealed partial class ActorWorld
{
    private static readonly TimeSpan LongestFollowUp = TimeSpan.FromSeconds(2);

    /// <summary>What the steps of this run gave to the thread pool.</summary>
    public PoolWork Pool { get; private set; } = new();

    /// <summary>A message is on its way to a mailbox.</summary>
    /// <param name="dispatcher">Puts it there.</param>
    /// <param name="cell">The actor to which.</param>
    /// <param name="envelope">The message.</param>
    /// <returns>How often it gets there now: 1, unless a fault was chosen, or it goes to another node.</returns>
    public int OnSend(LabDispatcher dispatcher, ActorCell cell, Envelope envelope)
    {
        if (IsFree || !IsLabThread)
        {
            return 1;
        }

        if (TaskOf(cell) is not { } receiver || receiver.IsInfrastructure)
        {
            _touches.Add(Shared);
            return 1;
        }

        if (receiver.IsGone)
        {
            return 0;
        }

        NoteSent(Names.OfMessage(envelope.Message), receiver);
        NoteAsk(envelope.Sender);
        if (_current is not { Ordinal: > 0 } sender)
        {
            _sentTo.Add(receiver);
            return 1;
        }

        if (Choose(sender.Ordinal, Faults.LosePoint, Faults.MayLose(sender, receiver)))
        {
            Happenings.Note($"{sender.Label}: {Names.OfMessage(envelope.Message)} to {receiver.Label} is lost");
            return 0;
        }

        int times = Choose(sender.Ordinal, Faults.DoublePoint, Faults.MayDouble(sender, receiver)) ? 2 : 1;
        if (!GoesByLink(sender, receiver))
        {
            _sentTo.Add(receiver);
            return times;
        }

        for (int i = 0; i < times; i++)
        {
            SendByLink(sender, receiver, new UnderWay(dispatcher, cell, envelope, StepIndex));
        }

        return 0;
    }

    /// <summary>A system message is on its way to a mailbox.</summary>
    public void OnSystemSend(ActorCell cell, SystemMessage message)
    {
        if (IsFree || TaskOf(cell) is not { } receiver)
        {
            return;
        }

        if (message.GetType().Name == AkkaInternals.Continuation)
        {
            TaskWatch.LastIsInMailbox();
        }

        lock (_gate)
        {
            receiver.AddSystem(message, IsLabThread ? StepIndex : -1);
        }

        if (!IsLabThread)
        {
            return;
        }

        (receiver.IsInfrastructure ? null : _touched)?.Add(receiver);
        NoteWatch(receiver, message);
        if (message is Failed failed && TaskOf(failed.Child) is { } child)
        {
            child.HasFailed = true;
            Happenings.OnFailure(LabelOf(failed.Child), failed.Cause);
        }
        else if (message is Recreate)
        {
            Happenings.OnRestart(LabelOf(cell.Self));
        }
    }

    /// <summary>A mailbox, or another piece of work, is to be run.</summary>
    public void OnReady(IRunnable run)
    {
        if (IsFree)
        {
            Interlocked.Increment(ref _freeRuns);
            ThreadPool.UnsafeQueueUserWorkItem(RunFreely, run, preferLocal: false);
            return;
        }

        lock (_gate)
        {
            if (run is Mailbox mailbox)
            {
                ActorTask task = OwnerOf(mailbox);
                task.Mailbox = mailbox;
                task.IsQueued = true;
                _fresh.Add(task);
            }
            else
            {
                _runnables.Enqueue(run);
            }
        }
    }

    /// <summary>The program has read the clock or set a timer.</summary>
    public void OnTime()
    {
        if (_current is not null && IsLabThread)
        {
            _touches.Add(TimeTask);
        }
    }

    /// <summary>The program has published or subscribed.</summary>
    public void OnPublished() => _touches.Add(Shared);

    private void RunFreely(IRunnable run)
    {
        try
        {
            run.Run();
        }
        finally
        {
            Interlocked.Decrement(ref _freeRuns);
        }
    }

    /// <summary>What the start of the system has set going is done.</summary>
    private void WaitForFreeRuns()
    {
        SpinWait spin = default;
        while (Volatile.Read(ref _freeRuns) > 0)
        {
            spin.SpinOnce();
        }
    }

    private static ActorTask? TaskOf(ActorCell cell) => (cell.Mailbox?.MessageQueue as LabQueue)?.Task;

    private bool IsLabThread => Environment.CurrentManagedThreadId == _labThread;

    /// <summary>The world whose step began the work of this thread; null for none.</summary>
    public static ActorWorld? OfThisFlow => Flow.Value;

    public void OnWorkBegun() => Interlocked.Increment(ref _outside);

    public void OnWorkDone() => Interlocked.Decrement(ref _outside);

    private static void OnFlow(AsyncLocalValueChangedArgs<ActorWorld?> change)
    {
        // A thread of the pool takes up work that began in a step, or has done it.
        if (change.ThreadContextChanged)
        {
            if (change.CurrentValue is { } now)
            {
                Interlocked.Increment(ref now._outside);
            }

            if (change.PreviousValue is { } before)
            {
                Interlocked.Decrement(ref before._outside);
            }

            TaskWatch.OnFlow(change.CurrentValue);
        }
    }

    private ActorTask OwnerOf(Mailbox mailbox)
    {
        if (mailbox.MessageQueue is LabQueue { Task: { } task })
        {
            return task;
        }

        if (!_foreign.TryGetValue(mailbox, out ActorTask? foreign))
        {
            foreign = NewTask(AkkaInternals.ActorOf(mailbox).Self);
            _foreign.Add(mailbox, foreign);
        }

        return foreign;
    }

    /// <summary>Everything that the last step brought about is known: who can go on, and whether time can.</summary>
    private void Settle()
    {
        do
        {
            RunEagerly(task => task.HasOnlyBookkeeping);
            while (IsWorkOutside(out ActorTask? who))
            {
                WaitForWork(who);
                RunEagerly(task => task.HasOnlyBookkeeping);
            }
        }
        while (IsFollowUpPossible());

        foreach (ActorTask receiver in _sentTo)
        {
            _sends.Add(IdOf(receiver));
        }

        foreach (ActorTask receiver in _touched)
        {
            _touches.Add(IdOf(receiver));
        }

        SettleNodes(canLeave: false);
        bool mayPass = _scheduler.HasTimers && (Enabled.Length == (IsTimeEnabled ? 1 : 0) || _overtakes < MaxOvertakes);
        if (mayPass != IsTimeEnabled)
        {
            if (mayPass)
            {
                Enable(TimeTask);
            }
            else
            {
                Disable(TimeTask);
            }
        }

        SettleNodes(canLeave: !Enabled.IsEmpty);
    }

    private bool IsTimeEnabled => IsEnabled(TimeTask);

    /// <summary>Actors that have not been able to make a step yet have no ordinal: a number below all others.</summary>
    private static int IdOf(ActorTask task) => task.Ordinal >= 0 ? task.Ordinal : -10 - task.Sequence;

    /// <summary>
    /// What is not a step of the program runs at once, in order: guardians, mailboxes with nothing to do, and what the
    /// caller says. The others can go on.
    /// </summary>
    private void RunEagerly(Func<ActorTask, bool> isEager)
    {
        for (int i = 0; i < MaxEager; i++)
        {
            ActorTask[] fresh;
            IRunnable? runnable = null;
            lock (_gate)
            {
                fresh = [.. InOrder(_fresh)];
                _fresh.Clear();
                if (fresh.Length == 0 && !_runnables.TryDequeue(out runnable))
                {
                    return;
                }
            }

            if (runnable is not null)
            {
                ActorWorld? before = Flow.Value;
                Flow.Value = this;
                runnable.Run();
                Flow.Value = before;
                continue;
            }

            foreach (ActorTask task in fresh)
            {
                if (task.IsGone)
                {
                    continue;
                }

                bool isIdle = task.HasStarted && task.SystemMessages.Count == 0 && !CanHandle(task);
                if (task.IsInfrastructure || (task.IsJournal && !task.HasStarted))
                {
                    LabelOf(task.IsJournal ? task.Owner : null);
                    task.HasStarted = true;
                    RunMailbox(task, isSystem: false);
                }
                else if (isIdle || isEager(task))
                {
                    RunMailbox(task, isSystem: true);
                }
                else
                {
                    MakeAble(task);
                }
            }
        }

        throw new InvalidOperationException("the actor system does not come to rest");
    }

    /// <summary>
    /// By creation, and journals last, by name: they are created once, in the first run that needs them.
    /// </summary>
    private static IEnumerable<ActorTask> InOrder(List<ActorTask> fresh) => fresh.Count == 1
        ? fresh.Where(task => task.IsQueued)
        : fresh.Where(task => task.IsQueued).Distinct()
            .OrderBy(task => task.IsJournal)
            .ThenBy(task => task.IsJournal ? 0 : task.Sequence)
            .ThenBy(task => task.IsJournal ? task.Owner.Path.ToStringWithoutAddress() : "", StringComparer.Ordinal);

    private static bool CanHandle(ActorTask task) =>
        task.Mailbox!.MessageQueue.HasMessages && !AkkaInternals.IsSuspended(task.Mailbox);

    private void MakeAble(ActorTask task)
    {
        if (task.Ordinal < 0)
        {
            task.Ordinal = AddTask();
            _tasks.Add(task);
            LabelOf(task.Owner);
        }

        if (!IsEnabled(task.Ordinal))
        {
            Enable(task.Ordinal);
        }
    }

    /// <summary>
    /// An actor awaits, and no message of this system can end that; or a thread of the pool is at work.
    /// </summary>
    private bool IsWorkOutside(out ActorTask? who)
    {
        who = _tasks.Find(task => task is { IsAwaiting: true, IsQueued: false } && !HasOpenAsk(task));
        return who is not null || Volatile.Read(ref _outside) > 0;
    }

    /// <summary>
    /// What was given to the pool is given the time to begin. True when it has brought something about, or has begun
    /// and is not done.
    /// </summary>
    private bool IsFollowUpPossible()
    {
        long begun = Stopwatch.GetTimestamp();
        while (!Pool.IsBegun())
        {
            if (Volatile.Read(ref _outside) > 0)
            {
                return true;
            }

            Thread.Yield();
            if (Stopwatch.GetElapsedTime(begun) > LongestFollowUp)
            {
                // Others keep the pool busy: what they do is not waited for any longer.
                Pool.ForgetAll();
                break;
            }
        }

        lock (_gate)
        {
            return Volatile.Read(ref _outside) > 0 || _fresh.Count > 0 || _runnables.Count > 0;
        }
    }

    private bool HasOpenAsk(ActorTask task)
    {
        task.Asks.RemoveAll(ask => !IsOpen(ask));
        return task.Asks.Count > 0;
    }

    private bool IsOpen(IActorRef ask) =>
        ((IInternalActorRef)ask).Provider.ResolveActorRef(ask.Path) is { } found && found.Equals(ask);

    private void NoteAsk(IActorRef? sender)
    {
        if (_current is { IsInfrastructure: false } asking
            && sender?.Path.Elements is ["temp", ..]
            && !asking.Asks.Contains(sender))
        {
            asking.Asks.Add(sender);
            if (AskTimeout is { } timeout)
            {
                _scheduler.At(timeout, $"ask-timeout->{asking.Label}", () => FailAsk(sender, timeout));
            }
        }
    }

    private void FailAsk(IActorRef ask, TimeSpan timeout)
    {
        if (IsOpen(ask))
        {
            ask.Tell(
                new Status.Failure(new AskTimeoutException($"Timeout after {timeout.TotalSeconds:F2} seconds")),
                ActorRefs.NoSender);
        }
    }

    private void WaitForWork(ActorTask? who)
    {
        long start = Environment.TickCount64;
        SpinWait spin = default;
        while (true)
        {
            lock (_gate)
            {
                if (_fresh.Count > 0 && (who is null || who.IsQueued))
                {
                    return;
                }
            }

            if (who is null && Volatile.Read(ref _outside) == 0)
            {
                return;
            }

            if (Environment.TickCount64 - start > OutsideLimit.TotalMilliseconds)
            {
                throw new OutsideWorkException(
                    who is null
                        ? $"work that an actor began on the thread pool is not done after {OutsideLimit.TotalSeconds} s"
                        : $"{who.Label} awaits something that does not come back after {OutsideLimit.TotalSeconds} s: "
                            + "no answer of an actor, no timer of the actor system");
            }

            spin.SpinOnce();
        }
    }
}
