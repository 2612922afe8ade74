using System.Diagnostics;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Transport;
using EpcActors.Engine.Akka.Cluster;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// What a frame costs over Akka.Cluster: two members in this process ask and answer one another over the loopback, with
/// so many calls outstanding, as their exchanges would; nothing else is done with a frame.
/// </summary>
internal static class ClusterWireCost
{
    /// <summary>Figures of a round.</summary>
    /// <param name="FramesPerSecond">Requests and answers.</param>
    /// <param name="BytesPerFrame">On the wire, as the transport counts.</param>
    /// <param name="FramesPerWrite">How well they are bundled.</param>
    /// <param name="RoundTripUs">Of one call, microseconds: calls outstanding through calls per second.</param>
    /// <param name="Counts">Of the asking member.</param>
    public sealed record Figures(double FramesPerSecond, double BytesPerFrame, double FramesPerWrite, double RoundTripUs, WireCounts Counts)
    {
        public override string ToString() => $"{FramesPerSecond / 1e3:F0} k frames/s, {BytesPerFrame:F1} B/frame, {FramesPerWrite:F1} frames/write, {RoundTripUs:F0} us/call";
    }

    public static async Task<Figures> MeasureAsync(int calls, int window)
    {
        CoordinatorLog log = new([]);
        await using AkkaCoordinatorTransport coordinator = new(new AkkaClusterOptions());
        await coordinator.OpenAsync(log, CancellationToken.None);
        AkkaClusterOptions options = new() { Seed = coordinator.Address };
        await using AkkaMemberTransport asks = new(options);
        await using AkkaMemberTransport answers = new(options);
        Asker asker = new(asks, calls, window);
        Task<ControlMessage.Welcome> first = asks.JoinAsync(ClusterHarness.HelloOf(0), asker, CancellationToken.None);
        Arrival one = await log.Hellos.NextAsync();
        Task<ControlMessage.Welcome> second = answers.JoinAsync(ClusterHarness.HelloOf(1), new Answerer(answers), CancellationToken.None);
        Arrival other = await log.Hellos.NextAsync();
        ControlMessage.Membership view = ControlMessage.Membership.Of(ClusterView.First(2, [0]), [one.Hello.Address, other.Hello.Address]);
        coordinator.Tell(one.Link, new ControlMessage.Welcome(0, 1, [], [], [], view));
        coordinator.Tell(other.Link, new ControlMessage.Welcome(1, 1, [], [], [], view));
        await first;
        await second;
        asks.Connect(view);
        answers.Connect(view);

        // Once for the JIT.
        await asker.RunAsync();
        WireCounts before = asks.Counts;
        long start = Stopwatch.GetTimestamp();
        await asker.RunAsync();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        WireCounts counts = asks.Counts;
        double frames = counts.FramesOut - before.FramesOut;
        return new Figures(2 * calls / seconds, (counts.BytesOut - before.BytesOut) / frames, frames / (counts.Writes - before.Writes), seconds / calls * window * 1e6, counts);
    }

    private sealed class Asker(IMemberTransport transport, int calls, int window) : IMemberListener
    {
        private TaskCompletionSource _done = new();
        private int _asked;
        private int _answered;

        public async Task RunAsync()
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _answered = 0;
            Volatile.Write(ref _asked, window);
            for (int i = 0; i < window; i++)
            {
                transport.Send(ClusterHarness.FrameOf(0, 1, i));
            }

            await _done.Task.WaitAsync(ClusterHarness.Limit);
        }

        public void OnFrames(ReadOnlySpan<Frame> frames)
        {
            foreach (ref readonly Frame frame in frames)
            {
                if (++_answered == calls)
                {
                    _done.SetResult();
                }
                else if (_asked < calls)
                {
                    transport.Send(ClusterHarness.FrameOf(0, 1, ++_asked));
                }
            }
        }

        public void OnControl(ControlMessage message)
        {
        }

        public void OnCoordinatorLost(string reason) => _done.TrySetException(new ClusterException(reason));
    }

    private sealed class Answerer(IMemberTransport transport) : IMemberListener
    {
        public void OnFrames(ReadOnlySpan<Frame> frames)
        {
            foreach (ref readonly Frame frame in frames)
            {
                Frame reply = frame;
                reply.Kind = FrameKind.Reply;
                (reply.From, reply.To) = (frame.To, frame.From);
                transport.Send(in reply);
            }
        }

        public void OnControl(ControlMessage message)
        {
        }

        public void OnCoordinatorLost(string reason)
        {
        }
    }
}
