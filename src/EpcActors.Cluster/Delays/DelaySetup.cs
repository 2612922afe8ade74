using EpcActors.Scenarios;

namespace EpcActors.Cluster.Delays;

/// <summary>A cluster in virtual time: which machine, on how many processes, how far apart.</summary>
public sealed record DelaySetup
{
    /// <summary>
    /// The whole scenario. With more sockets than the driver knows when <see cref="RepeatedMachine"/> made it.
    /// </summary>
    public required Scenario Scenario { get; init; }

    /// <summary>Processes, 1 to the sockets with EPC.</summary>
    public required int Processes { get; init; }

    /// <summary>Time that a write takes from one process to another, one way, nanoseconds.</summary>
    public required long LinkDelayNs { get; init; }

    /// <summary>CPU that the wire takes at both ends.</summary>
    public WireCosts Wire { get; init; } = WireCosts.Measured;
}

/// <summary>
/// CPU time that one end of the wire takes: so much for each write, whatever is in it, and so much for each frame.
/// Nanoseconds.
/// </summary>
/// <param name="WriteNs">Of a write at its sender: serialisation, Akka.Remote, the socket.</param>
/// <param name="FrameOutNs">Of a frame at its sender.</param>
/// <param name="ReadNs">Of a write at its receiver.</param>
/// <param name="FrameInNs">Of a frame at its receiver: decoding, and the gateway's turn.</param>
public sealed record WireCosts(long WriteNs, long FrameOutNs, long ReadNs, long FrameInNs)
{
    /// <summary>
    /// As the benchmark <c>wire</c> has it (docs/performance.md): 257 us for a round trip of two writes with a frame
    /// each, and 0.3 us more for each further frame, divided evenly between both ends. The turn of the gateway, 0.85
    /// us, is an assumption.
    /// </summary>
    public static WireCosts Measured { get; } = new(WriteNs: 64_000, FrameOutNs: 150, ReadNs: 64_000, FrameInNs: 1_000);
}

/// <summary>Result of the run.</summary>
public sealed record DelayResult
{
    public required DelaySetup Setup { get; init; }

    /// <summary>Every thread came to its end; else the duration of the scenario cut the run off.</summary>
    public required bool IsFinished { get; init; }

    /// <summary>Page faults served.</summary>
    public required long Faults { get; init; }

    /// <summary>Pages written out.</summary>
    public required long Evictions { get; init; }

    /// <summary>Virtual time from the start to the last step of a thread, nanoseconds.</summary>
    public required long EndNs { get; init; }

    /// <summary>Frames that were sent, those that were sent again included.</summary>
    public required long Frames { get; init; }

    /// <summary>Of these, frames that were sent again.</summary>
    public required long SentAgain { get; init; }

    /// <summary>Writes that the frames went in.</summary>
    public required long Writes { get; init; }

    /// <summary>Calls to another process that were answered.</summary>
    public required long Calls { get; init; }

    /// <summary>Time between question and answer, all calls together, nanoseconds.</summary>
    public required long CallNs { get; init; }

    /// <summary>
    /// Time for which the wire of the busiest process was at work, in the direction that is busier, nanoseconds.
    /// </summary>
    public required long BusiestWireNs { get; init; }

    /// <summary>That process.</summary>
    public required int BusiestMember { get; init; }

    /// <summary>Critical sections of all processes.</summary>
    public required long Steps { get; init; }

    /// <summary>Rules that were broken; none, or the figures mean nothing.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>Hash over every step: the same for the same setup.</summary>
    public required ulong Hash { get; init; }

    /// <summary>Faults in a second of virtual time.</summary>
    public double FaultsPerSecond => EndNs == 0 ? 0 : Faults * 1e9 / EndNs;

    /// <summary>Frames for a fault.</summary>
    public double FramesPerFault => Faults == 0 ? 0 : (double)Frames / Faults;

    /// <summary>Calls for a fault: a thread waits for them one after the other.</summary>
    public double RoundTripsPerFault => Faults == 0 ? 0 : (double)Calls / Faults;

    /// <summary>Mean time of a call, nanoseconds.</summary>
    public double MeanCallNs => Calls == 0 ? 0 : (double)CallNs / Calls;

    /// <summary>Frames in a write.</summary>
    public double FramesPerWrite => Writes == 0 ? 0 : (double)Frames / Writes;

    /// <summary>
    /// Share of the run for which the busiest wire was at work. Work that has begun counts as done: no more than the
    /// run.
    /// </summary>
    public double BusiestWire => EndNs == 0 ? 0 : Math.Min(1, (double)BusiestWireNs / EndNs);
}
