namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>Where suspended tasks stand.</summary>
internal sealed class RoutineImage : IFrameFingerprints
{
    private const ulong NotStarted = 0x1F83D9ABFB41BD6B;
    private const ulong Stopped = 0x5BE0CD19137E2179;
    private const ulong Time = 0x3C6EF372FE94F82B;

    private static readonly RoutineImage Functions = new();

    private RoutineImage()
    {
    }

    public FrameFingerprint<TStateMachine> For<TStateMachine>() => StateHashCompiler.Frame<TStateMachine>();

    public static ulong Fingerprint(TaskActor task, StateImage image)
    {
        if (task.WaitsFor is not { } awaiter)
        {
            return task.HasStarted ? Stopped : NotStarted;
        }

        ulong hash = awaiter is Envelope envelope ? OfRequest(envelope) : Time;
        for (RoutineFrame? frame = RoutineFrame.Of(awaiter.Waiting); frame is not null; frame = frame.Outer)
        {
            hash = StateMix.Add(hash, frame.Fingerprint(Functions, image));
        }

        return StateMix.Finish(hash);
    }

    public static void DescribeStack(TaskActor task, List<RoutineMethod> methods)
    {
        int start = methods.Count;
        for (RoutineFrame? frame = RoutineFrame.Of(task.WaitsFor?.Waiting); frame is not null; frame = frame.Outer)
        {
            methods.Add(frame.Method);
        }

        methods.Reverse(start, methods.Count - start);
    }

    /// <summary>
    /// The request as it stands. Whether it was parked before decides what its handler does the next time.
    /// </summary>
    private static ulong OfRequest(Envelope request)
    {
        ulong place =
            ((ulong)(uint)request.Target.Index << 32)
            | ((ulong)request.Code << 8)
            | (request.IsParked ? 1UL : 0)
            | (request.IsCompleted ? 2UL : 0);
        return StateMix.Add(StateMix.Add(StateMix.Multiplier, place), StateMix.Values(request.Payload));
    }
}
