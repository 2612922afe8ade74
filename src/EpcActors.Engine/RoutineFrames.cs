using System.Reflection;
using System.Runtime.CompilerServices;

namespace EpcActors.Engine;

/// <summary>Hash of a state machine's position and its locals.</summary>
/// <param name="stateMachine">The state machine; not changed.</param>
/// <param name="context">Context for the maker of the function.</param>
internal delegate ulong FrameFingerprint<TStateMachine>(ref TStateMachine stateMachine, object context);

/// <summary>
/// Makes the function that fingerprints the state machines of one async method; asked once for each method and thread.
/// </summary>
internal interface IFrameFingerprints
{
    FrameFingerprint<TStateMachine> For<TStateMachine>();
}

/// <summary>Keeps what the locals of a state machine refer to.</summary>
/// <param name="stateMachine">The state machine; not changed.</param>
/// <param name="context">Context for the maker of the function.</param>
internal delegate void FrameLocals<TStateMachine>(ref TStateMachine stateMachine, object context);

/// <summary>
/// Makes the function that keeps the locals of the state machines of one async method; asked once for each method and
/// thread.
/// </summary>
internal interface IFrameLocals
{
    FrameLocals<TStateMachine> For<TStateMachine>();
}

/// <summary>A suspended async method as it stood once.</summary>
internal abstract class KeptFrame
{
    /// <summary>The frame further out, of the same position.</summary>
    public KeptFrame? Outer { get; set; }

    /// <summary>It stands there again, in the same box.</summary>
    public abstract void Restore();

    /// <summary>It is not restored any more.</summary>
    public abstract void Drop();
}

/// <summary>A suspended async method on the stack of a task.</summary>
internal abstract class RoutineFrame : Resumable
{
    /// <summary>Awaits this method: the frame further out, or the end of the task.</summary>
    public Resumable? Continuation;

    /// <summary>The frame further out; null for none.</summary>
    public RoutineFrame? Outer => Of(Continuation);

    /// <summary>The method as it was written.</summary>
    public abstract RoutineMethod Method { get; }

    /// <summary>
    /// False in a build without optimisation: there the compiler makes state machines classes, and a copy of one is the
    /// same object. Routines of a user may be of such a build while those of the package are not.
    /// </summary>
    public abstract bool CanBeKept { get; }

    /// <summary>What is resumed, as a frame; null for the end of a task, and for nothing.</summary>
    public static RoutineFrame? Of(Resumable? resumed) =>
        resumed is null or TaskActor.RoutineEnd ? null : Unsafe.As<RoutineFrame>(resumed);

    /// <summary>Hash of the position in the method and of its locals.</summary>
    public abstract ulong Fingerprint(IFrameFingerprints functions, object context);

    /// <summary>
    /// It is not gone on with: an engine goes back to an earlier moment. Its box is free for another one, unless a
    /// moment that is kept needs it.
    /// </summary>
    public abstract void Abandon();

    /// <summary>Keeps the position and the locals; what they refer to is for the functions.</summary>
    public abstract KeptFrame Keep(IFrameLocals locals, object context);
}

/// <summary>A routine's method as it was written.</summary>
/// <param name="Name">Its name, without that of its type.</param>
/// <param name="Linux">Kernel function that it models; null for none.</param>
/// <param name="IsOfTask">It is a method of a task: user space, where it models no kernel function.</param>
public sealed record RoutineMethod(string Name, LinuxAttribute? Linux, bool IsOfTask);

/// <summary>Methods behind the types that the compiler makes of async methods.</summary>
internal static class RoutineNames
{
    /// <summary>The method behind a state machine.</summary>
    public static RoutineMethod Of(Type stateMachine)
    {
        const BindingFlags All = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public
            | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        Type type = stateMachine.IsGenericType ? stateMachine.GetGenericTypeDefinition() : stateMachine;
        Type? declaring = stateMachine.DeclaringType;
        MethodInfo? method = declaring?.GetMethods(All).FirstOrDefault(candidate =>
            candidate.GetCustomAttribute<AsyncStateMachineAttribute>()?.StateMachineType == type);
        return new RoutineMethod(
            NameOf(stateMachine),
            method?.GetCustomAttribute<LinuxAttribute>(),
            typeof(TaskActor).IsAssignableFrom(declaring));
    }

    /// <summary>
    /// Its name: <c>Name</c> of <c>&lt;Name&gt;d__12</c>, <c>Outer.Local</c> of a local
    /// function (<c>&lt;&lt;Outer&gt;g__Local|0_1&gt;d</c>), <c>Outer.lambda</c> of a lambda.
    /// </summary>
    private static string NameOf(Type stateMachine)
    {
        string name = stateMachine.Name;
        int end = name.LastIndexOf(">d", StringComparison.Ordinal);
        if (name.Length < 2 || name[0] != '<' || end <= 0)
        {
            return name;
        }

        string method = name[1..end];
        if (method[0] != '<')
        {
            return method;
        }

        int close = method.LastIndexOf('>');
        string outer = method[1..close].TrimStart('<');
        string inner = method[(close + 1)..];
        if (!inner.StartsWith("g__", StringComparison.Ordinal))
        {
            return $"{outer}.lambda";
        }

        int bar = inner.IndexOf('|', StringComparison.Ordinal);
        return $"{outer}.{(bar < 0 ? inner[3..] : inner[3..bar])}";
    }
}

/// <summary>Engines' knowledge of the async method with this state machine.</summary>
internal static class RoutineFrames<TStateMachine>
    where TStateMachine : IAsyncStateMachine
{
    private static RoutineMethod? _method;

    // One for each thread, as the pools of boxes are: engines on different threads share nothing.
    [ThreadStatic]
    private static FrameFingerprint<TStateMachine>? _fingerprint;

    [ThreadStatic]
    private static FrameLocals<TStateMachine>? _locals;

    /// <summary>Found when it is first asked for: a run without a trace never does.</summary>
    public static RoutineMethod Method => _method ??= RoutineNames.Of(typeof(TStateMachine));

    public static ulong Fingerprint(ref TStateMachine stateMachine, IFrameFingerprints functions, object context) =>
        (_fingerprint ??= functions.For<TStateMachine>())(ref stateMachine, context);

    public static void Follow(ref TStateMachine stateMachine, IFrameLocals locals, object context) =>
        (_locals ??= locals.For<TStateMachine>())(ref stateMachine, context);
}
