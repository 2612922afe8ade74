using EpcActors.Engine;

namespace EpcActors.Tests.Sharing;

/// <summary>Two or more threads that do the same rounds at the same time.</summary>
internal static class SideBySide
{
    /// <summary>
    /// Rounds: <paramref name="before"/> alone, then all of <paramref name="parts"/> at once, then <paramref
    /// name="after"/> alone.
    /// </summary>
    public static void Run(int rounds, Action? before, Action? after, params Action[] parts)
    {
        Exception? failure = null;
        using Barrier barrier = new(parts.Length);
        Thread[] threads = new Thread[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            int part = i;
            threads[i] = new Thread(() =>
            {
                for (int round = 0; round < rounds && Volatile.Read(ref failure) is null; round++)
                {
                    Do(part == 0 ? before : null);
                    barrier.SignalAndWait();
                    Do(parts[part]);
                    barrier.SignalAndWait();
                    Do(part == 0 ? after : null);

                    // Each thread sees whether there is another round.
                    barrier.SignalAndWait();
                }
            })
            { IsBackground = true, Name = $"part {part}" };
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        if (failure is not null)
        {
            throw new InvalidOperationException($"{failure.Message}\n{failure.StackTrace}", failure);
        }

        void Do(Action? action)
        {
            try
            {
                action?.Invoke();
            }
#pragma warning disable CA1031 // It is thrown again on the thread of the test.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, exception, null);
            }
        }
    }
}

/// <summary>
/// Two threads that come to each of many places at the same time, give or take a few nanoseconds: now one is first, now
/// the other.
/// </summary>
internal sealed class Meetings
{
    private const int MostSkew = 100;
    private const int MostSpins = 2_000;

    // Far apart, so that no cache line is waited for but the one that matters.
    private readonly int[] _arrived = new int[64];
    private readonly int[] _waste = new int[64];

    public void Meet(int part)
    {
        int place = Volatile.Read(ref _arrived[part * 32]) + 1;
        Volatile.Write(ref _arrived[part * 32], place);
        Interlocked.MemoryBarrier();

        // Not for ever: the other may have no CPU just now, or have failed.
        for (int spins = 0; spins < MostSpins && Volatile.Read(ref _arrived[(1 - part) * 32]) < place; spins++)
        {
            Thread.SpinWait(1);
        }

        int skew = (place % (2 * MostSkew)) - MostSkew;
        for (int i = part == 0 ? skew : -skew; i > 0; i--)
        {
            Volatile.Write(ref _waste[part * 32], i);
        }
    }
}

/// <summary>A turn of a caller that never meets another in a resource.</summary>
internal sealed class LoneTurn : Turn
{
    public LoneTurn(int caller) => Caller = new ActorId(caller);

    public override long NowNs => 0;

    public override void Park(ref WaitQueue queue, int spinActivity = -1) =>
        throw new InvalidOperationException("no other task is here");

    public override void Ready(ref WaitQueue queue, int activity = -1, int count = 1) =>
        throw new InvalidOperationException("no request waits here");

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
