using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace EpcActors.Engine;

/// <summary>A value of no interest.</summary>
public readonly record struct Nothing;

/// <summary>
/// A routine that an answered await resumes. A class, not an interface: one call site resumes routines of every type,
/// and there a virtual call costs a tenth of an interface call.
/// </summary>
internal abstract class Resumable
{
    public abstract void Resume();
}

/// <summary>
/// A struct awaiter that knows how to resume a routine without delegates, ExecutionContext or thread pool.
/// </summary>
internal interface IRoutineAwaiter
{
    void Attach(Resumable routine);
}

/// <summary>
/// Base of what a routine can await: completed at once (then the routine just goes on) or later. It is its own awaiter,
/// so that an await allocates nothing.
/// </summary>
public abstract class RoutineAwaiter : ICriticalNotifyCompletion
{
    private Resumable? _routine;

    public bool IsCompleted { get; internal protected set; }

    /// <summary>The innermost routine that waits for this; null for none.</summary>
    internal Resumable? Waiting => _routine;

    /// <summary>Resumes the routine that awaits this; the engine calls it after the answer is in.</summary>
    public void Resume()
    {
        Resumable routine = _routine ?? throw new InvariantViolation("an answer that no routine awaits");
        _routine = null;
        routine.Resume();
    }

    internal void Attach(Resumable routine) => _routine = routine;

    /// <summary>For engines that go back: the routine that waited for this once does so again; null for none.</summary>
    internal void WaitAgain(Resumable? routine) => _routine = routine;

    public void OnCompleted(Action continuation) => throw new NotSupportedException("Only a Routine can await this.");

    public void UnsafeOnCompleted(Action continuation) =>
        throw new NotSupportedException("Only a Routine can await this.");
}

/// <summary>The await of spent or slept time; every task owns one.</summary>
public sealed class TimeAwaiter : RoutineAwaiter
{
    internal TimeAwaiter()
    {
    }

    public TimeAwaiter GetAwaiter() => this;

    public void GetResult()
    {
    }

    internal TimeAwaiter After(bool isOver)
    {
        IsCompleted = isOver;
        return this;
    }

    internal void CompleteAndResume()
    {
        IsCompleted = true;
        Resume();
    }
}

/// <summary>
/// The result of a routine: an async method on the project's own awaitable. It runs on whatever thread its engine
/// resumes it on, on one at a time, allocates nothing in the steady state (boxes are pooled), and without a wait it
/// returns its value without any box.
/// </summary>
[AsyncMethodBuilder(typeof(RoutineBuilder))]
public readonly struct Routine
{
    private readonly RoutineBox<Nothing>? _box;

    internal Routine(RoutineBox<Nothing>? box) => _box = box;

    public RoutineAwaiter<Nothing> GetAwaiter() => new(_box, default);
}

/// <summary>As <see cref="Routine"/>, with a value.</summary>
[AsyncMethodBuilder(typeof(RoutineBuilder<>))]
public readonly struct Routine<T>
{
    private readonly RoutineBox<T>? _box;
    private readonly T _value;

    internal Routine(RoutineBox<T>? box, T value)
    {
        _box = box;
        _value = value;
    }

    public RoutineAwaiter<T> GetAwaiter() => new(_box, _value);
}

/// <summary>Awaits a routine once.</summary>
public readonly struct RoutineAwaiter<T> : ICriticalNotifyCompletion, IRoutineAwaiter
{
    private readonly RoutineBox<T>? _box;
    private readonly T _value;

    internal RoutineAwaiter(RoutineBox<T>? box, T value)
    {
        _box = box;
        _value = value;
    }

    public bool IsCompleted => _box is null || _box.IsCompleted;

    public T GetResult() => _box is null ? _value : _box.TakeResult();

    internal void Attach(Resumable routine) => _box!.Continuation = routine;

    void IRoutineAwaiter.Attach(Resumable routine) => Attach(routine);

    public void OnCompleted(Action continuation) => throw new NotSupportedException("Only a Routine can await this.");

    public void UnsafeOnCompleted(Action continuation) =>
        throw new NotSupportedException("Only a Routine can await this.");
}

/// <summary>Home of a suspended routine.</summary>
internal abstract class RoutineBox<T> : RoutineFrame
{
    private T _value = default!;
    private ExceptionDispatchInfo? _error;

    public bool IsCompleted { get; private set; }

    public void Complete(T value)
    {
        _value = value;
        IsCompleted = true;
        Continuation?.Resume();
    }

    public void Fail(Exception error)
    {
        _error = ExceptionDispatchInfo.Capture(error);
        IsCompleted = true;
        Continuation?.Resume();
    }

    public T TakeResult()
    {
        T value = _value;
        ExceptionDispatchInfo? error = _error;
        _value = default!;
        _error = null;
        IsCompleted = false;
        Continuation = null;
        Return();
        error?.Throw();
        return value;
    }

    public override RoutineMethod Method => new("?", null, false);

    public override ulong Fingerprint(IFrameFingerprints functions, object context) =>
        throw new InvariantViolation("a routine that has failed has no position");

    public override bool CanBeKept => false;

    public override KeptFrame Keep(IFrameLocals locals, object context) =>
        throw new InvariantViolation("a routine that has failed has no position");

    public override void Abandon()
    {
        WaitAgain(null);
        Return();
    }

    /// <summary>It waits again, as it did when it was kept.</summary>
    protected void WaitAgain(Resumable? continuation)
    {
        Continuation = continuation;
        _value = default!;
        _error = null;
        IsCompleted = false;
    }

    protected abstract void Return();
}

internal sealed class RoutineBox<TStateMachine, T> : RoutineBox<T>
    where TStateMachine : IAsyncStateMachine
{
    /// <summary>
    /// Most boxes that a thread keeps of one method. Where a routine ends on another thread than it began on, boxes
    /// move: a thread that only ends routines would collect them for ever.
    /// </summary>
    public const int MostInPool = 256;

    // A pool per thread. A box belongs to its routine until its end, and then goes to the pool of the thread that ends
    // it; two threads never share one.
    [ThreadStatic]
    private static RoutineBox<TStateMachine, T>? _pool;

    private RoutineBox<TStateMachine, T>? _nextInPool;

    // So many positions are kept: the box stays with them, and no other routine gets it from the pool.
    private int _kept;

    // Positions that are not kept any more, for the next ones.
    private Kept? _spare;

    // It would be in the pool if no position were kept.
    private bool _isFree;

    // How many are in the pool, this one included; the count is with the box on top, as a field of the thread would
    // cost another look-up.
    private int _inPool;

    public TStateMachine StateMachine = default!;

    public static RoutineBox<TStateMachine, T> Rent()
    {
        ref RoutineBox<TStateMachine, T>? pool = ref _pool;
        RoutineBox<TStateMachine, T>? box = pool;
        if (box is null)
        {
            return new RoutineBox<TStateMachine, T>();
        }

        pool = box._nextInPool;
        box._nextInPool = null;
        return box;
    }

    public override RoutineMethod Method => RoutineFrames<TStateMachine>.Method;

    public override void Resume() => StateMachine.MoveNext();

    public override ulong Fingerprint(IFrameFingerprints functions, object context) =>
        RoutineFrames<TStateMachine>.Fingerprint(ref StateMachine, functions, context);

    public override bool CanBeKept => typeof(TStateMachine).IsValueType;

    public override KeptFrame Keep(IFrameLocals locals, object context)
    {
        _kept++;
        RoutineFrames<TStateMachine>.Follow(ref StateMachine, locals, context);
        Kept kept = _spare ?? new Kept(this);
        _spare = kept.NextSpare;
        kept.Take();
        return kept;
    }

    protected override void Return()
    {
        StateMachine = default!;
        _isFree = _kept > 0;
        if (_isFree)
        {
            return;
        }

        ref RoutineBox<TStateMachine, T>? pool = ref _pool;
        int count = pool is null ? 1 : pool._inPool + 1;
        if (count <= MostInPool)
        {
            _inPool = count;
            _nextInPool = pool;
            pool = this;
        }
    }

    private sealed class Kept(RoutineBox<TStateMachine, T> box) : KeptFrame
    {
        private TStateMachine _stateMachine = default!;
        private Resumable? _continuation;

        public Kept? NextSpare { get; private set; }

        public void Take()
        {
            NextSpare = null;
            _stateMachine = box.StateMachine;
            _continuation = box.Continuation;
        }

        public override void Restore()
        {
            box.StateMachine = _stateMachine;
            box._isFree = false;
            box.WaitAgain(_continuation);
        }

        public override void Drop()
        {
            _stateMachine = default!;
            _continuation = null;
            NextSpare = box._spare;
            box._spare = this;
            box._kept--;
            if (box._isFree)
            {
                box.Return();
            }
        }
    }
}

/// <summary>A routine that failed before it ever waited.</summary>
internal sealed class FailedRoutine<T> : RoutineBox<T>
{
    public FailedRoutine(Exception error) => Fail(error);

    public override void Resume() => throw new InvariantViolation("a failed routine is resumed");

    protected override void Return()
    {
    }
}

/// <summary>Compiler plumbing of <see cref="Routine{T}"/>.</summary>
public struct RoutineBuilder<T>
{
    private RoutineBox<T>? _box;
    private T _value;

    public static RoutineBuilder<T> Create() => default;

    public readonly Routine<T> Task => new(_box, _value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public void SetResult(T result)
    {
        if (_box is null)
        {
            _value = result;
        }
        else
        {
            _box.Complete(result);
        }
    }

    public void SetException(Exception exception)
    {
        if (_box is null)
        {
            _box = new FailedRoutine<T>(exception);
        }
        else
        {
            _box.Fail(exception);
        }
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => RoutinePlumbing.Await(ref awaiter, ref stateMachine, ref _box);

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => RoutinePlumbing.Await(ref awaiter, ref stateMachine, ref _box);
}

/// <summary>Compiler plumbing of <see cref="Routine"/>.</summary>
public struct RoutineBuilder
{
    private RoutineBox<Nothing>? _box;

    public static RoutineBuilder Create() => default;

    public readonly Routine Task => new(_box);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public readonly void SetResult() => _box?.Complete(default);

    public void SetException(Exception exception)
    {
        if (_box is null)
        {
            _box = new FailedRoutine<Nothing>(exception);
        }
        else
        {
            _box.Fail(exception);
        }
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => RoutinePlumbing.Await(ref awaiter, ref stateMachine, ref _box);

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => RoutinePlumbing.Await(ref awaiter, ref stateMachine, ref _box);
}

internal static class RoutinePlumbing
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Await<TAwaiter, TStateMachine, T>(
        ref TAwaiter awaiter, ref TStateMachine stateMachine, ref RoutineBox<T>? box)
        where TStateMachine : IAsyncStateMachine
    {
        if (box is null)
        {
            RoutineBox<TStateMachine, T> rented = RoutineBox<TStateMachine, T>.Rent();

            // The builder lives inside the state machine: it must know its box before the copy, or the copy would rent
            // another.
            box = rented;
            rented.StateMachine = stateMachine;
        }

        // The JIT sees through the second pattern for a struct awaiter: no box is made (the framework's own builders
        // rely on it). A message or time is a class; for those the first one is a look at the type and no more.
        if (!typeof(TAwaiter).IsValueType && awaiter is RoutineAwaiter known)
        {
            known.Attach(box);
        }
        else if (awaiter is IRoutineAwaiter)
        {
            ((IRoutineAwaiter)awaiter).Attach(box);
        }
        else
        {
            throw new NotSupportedException("A routine awaits messages, time and other routines only.");
        }
    }
}
