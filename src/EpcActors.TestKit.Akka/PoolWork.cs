using System.Collections.Concurrent;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// What the steps of one run gave to the thread pool and no thread has begun yet. A piece is known by where it lies in
/// memory: the pool says so when it takes a piece, and again when a thread gets it.
/// </summary>
internal sealed class PoolWork
{
    /// <summary>A thread that got a piece so long ago has begun it, or the piece does not say whose it is.</summary>
    private const long LongestStartMs = 100;

    /// <summary>A thread that emptied the queue so long ago has said what it got.</summary>
    private const long LongestSilenceMs = 20;

    private static readonly ConcurrentDictionary<long, (PoolWork Work, int Collections)> Queued = new();
    private static readonly ConcurrentDictionary<int, (PoolWork Work, long AtMs)> TakenUp = new();

    private int _queued;
    private long _emptySince = -1;

    /// <summary>The pool got a piece of this run.</summary>
    public void OnEnqueued(long address)
    {
        if (Queued.TryAdd(address, (this, GC.CollectionCount(0))))
        {
            Interlocked.Increment(ref _queued);
        }
    }

    /// <summary>This thread got a piece, of whatever run.</summary>
    public static void OnDequeued(long address)
    {
        int thread = Environment.CurrentManagedThreadId;
        if (Queued.TryGetValue(address, out (PoolWork Work, int Collections) piece))
        {
            // Marked before it leaves the queue: in between it would look begun.
            TakenUp[thread] = (piece.Work, Environment.TickCount64);
            Forget(address, piece.Work, piece.Collections);
        }
        else
        {
            TakenUp.TryRemove(thread, out _);
        }
    }

    /// <summary>This thread has begun, or ended, work of a step.</summary>
    public static void OnFlow() => TakenUp.TryRemove(Environment.CurrentManagedThreadId, out _);

    /// <summary>
    /// A thread has begun each piece. A piece that the garbage collector may have moved is not recognized when a thread
    /// gets it: then the queue must have been empty for a while.
    /// </summary>
    public bool IsBegun()
    {
        if (Volatile.Read(ref _queued) > 0)
        {
            int collections = GC.CollectionCount(0);
            foreach ((long _, (PoolWork work, int before)) in Queued)
            {
                if (work == this && before == collections)
                {
                    return false;
                }
            }

            if (Volatile.Read(ref _queued) > 0 && !HasBeenEmpty())
            {
                return false;
            }
        }

        ForgetAll();
        long now = Environment.TickCount64;
        foreach ((int _, (PoolWork work, long atMs)) in TakenUp)
        {
            if (work == this && now - atMs < LongestStartMs)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Nothing of this run is waited for any longer.</summary>
    public void ForgetAll()
    {
        _emptySince = -1;
        if (Volatile.Read(ref _queued) == 0)
        {
            return;
        }

        foreach ((long address, (PoolWork work, int collections)) in Queued)
        {
            if (work == this)
            {
                Forget(address, work, collections);
            }
        }
    }

    private bool HasBeenEmpty()
    {
        if (ThreadPool.PendingWorkItemCount > 0)
        {
            _emptySince = -1;
            return false;
        }

        if (_emptySince < 0)
        {
            _emptySince = Environment.TickCount64;
        }

        return Environment.TickCount64 - _emptySince > LongestSilenceMs;
    }

    private static void Forget(long address, PoolWork work, int collections)
    {
        if (Queued.TryRemove(KeyValuePair.Create(address, (work, collections))))
        {
            Interlocked.Decrement(ref work._queued);
        }
    }
}
