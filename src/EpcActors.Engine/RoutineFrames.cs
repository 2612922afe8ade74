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

/// <summary>A suspended async method on the stack of a task.</summary>
internal interface IRoutineFrame
{
    /// <summary>Awaiter of this method: the frame further out, or the end of the task.</summary>
    Resumable? Caller { get; }

    /// <summary>Name of the method, without that of its type.</summary>
    string Method { get; }

    /// <summary>Hash of the position in the method and of its locals.</summary>
    ulong Fingerprint(IFrameFingerprints functions, object context);
}

/// <summary>Names of async methods, from the types that the compiler makes of them.</summary>
internal static class RoutineNames
{
    /// <summary>
    /// The method behind a state machine: <c>Name</c> of <c>&lt;Name&gt;d__12</c>, <c>Outer.Local</c> of a local
    /// function (<c>&lt;&lt;Outer&gt;g__Local|0_1&gt;d</c>), <c>Outer.lambda</c> of a lambda.
    /// </summary>
    public static string MethodOf(Type stateMachine)
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
    public static readonly string Method = RoutineNames.MethodOf(typeof(TStateMachine));

    // One for each thread, as the pools of boxes are: engines on different threads share nothing.
    [ThreadStatic]
    private static FrameFingerprint<TStateMachine>? _fingerprint;

    public static ulong Fingerprint(ref TStateMachine stateMachine, IFrameFingerprints functions, object context) =>
        (_fingerprint ??= functions.For<TStateMachine>())(ref stateMachine, context);
}
