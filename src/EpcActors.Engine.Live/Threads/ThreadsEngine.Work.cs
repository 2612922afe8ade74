using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace EpcActors.Engine.Live.Threads;

/// <content>Workers: threads that take tasks and mailboxes from queues, their own first.</content>
public sealed partial class ThreadsEngine
{
    private enum Next
    {
        None,
        Begin,
        Deliver,
        Answered,
        TimeIsOver,
    }

    private interface IWork
    {
        void Execute(ThreadsEngine engine);
    }

    private void RunTask(ThreadTask task)
    {
        task.Left = _options.TaskBatch;
        try
        {
            while (true)
            {
                task.State = ThreadTask.Running;
                Step(task);
                if (
                    task.Task.HasStopped
                    || Interlocked.CompareExchange(ref task.State, ThreadTask.Suspended, ThreadTask.Running)
                        == ThreadTask.Running)
                {
                    return;
                }

                // Signalled while it was still on its way out.
                if (task.MustQueue || IsStopping)
                {
                    task.MustQueue = false;
                    Enqueue(task);
                    return;
                }
            }
        }
        // What a routine throws is reported by its end; what comes here is an error of the engine, and ends the run
        // too.
#pragma warning disable CA1031
        catch (Exception error)
#pragma warning restore CA1031
        {
            Fail(task.Task.Name, error);
        }
    }

    private void Step(ThreadTask task)
    {
        Next next = task.Next;
        task.Next = Next.None;
        switch (next)
        {
            case Next.Begin:
                task.Task.Begin();
                break;
            case Next.Answered:
                GoOn(task.Pending!);
                break;
            case Next.TimeIsOver:
                GoOn(task);
                break;
            case Next.Deliver:
                Envelope envelope = task.Pending!;
                Deliver(envelope, Unsafe.As<MailboxCell>(CellOf(envelope.Target)));
                if (envelope.IsCompleted)
                {
                    GoOn(envelope);
                }

                break;
            case Next.None:
                throw new InvariantViolation($"{task.Task.Name} is to go on and waits for nothing");
        }
    }

    private void Work(Worker worker)
    {
        _current = worker;
        SpinWait spin = default;
        while (!Volatile.Read(ref _isClosing))
        {
            if (TryFind(worker, out IWork? work))
            {
                work.Execute(this);
                spin.Reset();
                continue;
            }

            if (!spin.NextSpinWillYield)
            {
                spin.SpinOnce();
                continue;
            }

            if (worker.IsCalled)
            {
                // The worker is still counted, as a permit or in place of a worker that has used it up.
                worker.IsCalled = false;
                Interlocked.MemoryBarrier();
            }
            else
            {
                Interlocked.Increment(ref _sleepers);
            }

            if (TryFind(worker, out work))
            {
                // No sleeper left to take: another thread has begun to wake this worker. It has work, so it must not
                // wait for that; another sleeper may take the permit.
                worker.IsCalled = !TryTakeSleeper();
                work.Execute(this);
                continue;
            }

            if (!Volatile.Read(ref _isClosing))
            {
                _idle.Wait();
            }

            spin.Reset();
        }
    }

    private bool TryFind(Worker worker, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IWork? work)
    {
        if (worker.Queue.TryDequeue(out work))
        {
            return true;
        }

        for (int i = 1; i < _workers.Length; i++)
        {
            if (_workers[(worker.Index + i) % _workers.Length].Queue.TryDequeue(out work))
            {
                return true;
            }
        }

        return false;
    }

    private sealed class Worker
    {
        public Worker(ThreadsEngine engine, int index)
        {
            Engine = engine;
            Index = index;
            Thread = new Thread(() => engine.Work(this)) { IsBackground = true, Name = $"epc-worker-{index}" };
        }

        public ThreadsEngine Engine { get; }

        public int Index { get; }

        public Thread Thread { get; }

        public ConcurrentQueue<IWork> Queue { get; } = new();

        /// <summary>
        /// Another thread woke this worker while it was about to sleep and found work by itself: one permit is too many
        /// until it sleeps. Only the worker itself uses this.
        /// </summary>
        public bool IsCalled { get; set; }
    }

    /// <summary>A half of a conducted step: nothing else is under way meanwhile, so any worker will do.</summary>
    private sealed class Piece(Performance performance) : IWork
    {
        public void Execute(ThreadsEngine engine) => performance.Do();
    }
}
