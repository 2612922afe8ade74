using EpcActors.Engine;
using EpcActors.Runs;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// A defect in the code of a resource, without changing that code: right behind the handling of a request it makes the
/// state what the defective code would have left behind, and the oracle looks at that; or it changes the answer that
/// the task is about to read, once the oracle has seen the true one.
/// </summary>
internal sealed class Meddler : IRunObserver
{
    private readonly TimedRun _run;
    private readonly Func<Envelope, Resource, Action?>? _before;
    private readonly Action<Envelope, Resource>? _after;

    private Meddler(TimedRun run, Func<Envelope, Resource, Action?>? before, Action<Envelope, Resource>? after)
    {
        _run = run;
        _before = before;
        _after = after;
    }

    /// <summary>Requests that it meddled with.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// Has a run meddled with.
    /// </summary>
    /// <param name="run">The run, not started.</param>
    /// <param name="before">
    /// Breaks a state before the oracle looks, and says how to mend it after that; null when it leaves a request alone.
    /// </param>
    public static Meddler BreakState(TimedRun run, Func<Envelope, Resource, Action?> before) =>
        Watch(run, new Meddler(run, before, null));

    /// <summary>Has answers of one type of message changed after the oracle looked.</summary>
    /// <param name="run">The run, not started.</param>
    /// <param name="change">Changes the answer; false when it leaves it alone.</param>
    public static Meddler BreakAnswer<TMessage>(TimedRun run, BreakAnswer<TMessage> change)
        where TMessage : unmanaged, IMessage
    {
        Meddler? meddler = null;
        meddler = new Meddler(run, null, (envelope, _) =>
        {
            if (envelope is Envelope<TMessage> typed && change(ref typed.Message, envelope.Caller))
            {
                meddler!.Count++;
            }
        });
        return Watch(run, meddler);
    }

    public void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        Action? mend = _before?.Invoke(envelope, resource);
        Count += mend is null ? 0 : 1;
        _run.OnStep(envelope, resource, nowNs);
        mend?.Invoke();
        _after?.Invoke(envelope, resource);
    }

    public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail) =>
        _run.OnReport(task, what, startNs, endNs, detail);

    private static Meddler Watch(TimedRun run, Meddler meddler)
    {
        run.Engine.Observe(meddler);
        return meddler;
    }
}

/// <summary>Changes an answer before its task reads it.</summary>
internal delegate bool BreakAnswer<TMessage>(ref TMessage message, TaskActor caller);
