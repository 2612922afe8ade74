using System.Diagnostics;
using Akka.Actor;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// Cost of a shell on top of Akka.NET itself: pairs of task and resource against pairs of the smallest possible actors
/// that tell each other one object for ever, the same number of messages, on the same dispatchers, in turns in one
/// process.
/// </summary>
internal static class ShellCost
{
    /// <summary>Messages per second and bytes allocated per message, of the median round.</summary>
    public sealed record Figures(double BarePerSecond, double ShellPerSecond, double BareBytes, double ShellBytes)
    {
        /// <summary>Time relative to bare Akka.NET.</summary>
        public double Ratio => BarePerSecond / ShellPerSecond;

        public override string ToString() =>
            $"bare {BarePerSecond / 1e6:F2} M/s, {BareBytes:F3} B/message; shells {ShellPerSecond / 1e6:F2} M/s, "
                + $"{ShellBytes:F3} B/message; ratio {Ratio:F2}";
    }

    /// <summary>Measures both in turns.</summary>
    /// <param name="pairs">Pairs at the same time.</param>
    /// <param name="messages">Messages of all pairs in a round, requests and answers.</param>
    /// <param name="rounds">Rounds of each.</param>
    /// <param name="akka">An akka block for both.</param>
    public static Figures Compare(int pairs, long messages, int rounds, string akka = "")
    {
        List<(double PerSecond, double Bytes)> bare = [];
        List<(double PerSecond, double Bytes)> shells = [];
        for (int i = 0; i <= rounds; i++)
        {
            (double PerSecond, double Bytes) b = Bare(pairs, messages, akka);
            (double PerSecond, double Bytes) s = Shells(pairs, messages, akka);

            // The first round is for the JIT.
            if (i > 0)
            {
                bare.Add(b);
                shells.Add(s);
            }
        }

        return new Figures(
            Median(bare, m => m.PerSecond),
            Median(shells, m => m.PerSecond),
            Median(bare, m => m.Bytes),
            Median(shells, m => m.Bytes));
    }

    private static (double PerSecond, double Bytes) Shells(int pairs, long messages, string akka)
    {
        using AkkaEngine engine = new(new AkkaOptions { AkkaBlock = akka });
        Meter meter = new(messages, pairs);
        for (int i = 0; i < pairs; i++)
        {
            ProbeResource resource = new(i, $"resource-{i}");
            engine.Add(resource, $"resources/{i}");
            ProbeTask task = new(pairs + i, t => Ask(t, resource.Id, messages / pairs / 2, meter));
            engine.Add(task, $"tasks/{i}");
            engine.Start(task);
        }

        RunEnd end = engine.Run(long.MaxValue, CancellationToken.None);
        Invariant.That(end == RunEnd.Finished, $"the run ended with {end}");
        return meter.Result();
    }

    private static async Routine Ask(ProbeTask task, ActorId resource, long count, Meter meter)
    {
        meter.OnStart();
        for (long i = 0; i < count; i++)
        {
            await task.Ask(resource, new Probe.Add { Value = 1 });
        }

        meter.OnEnd();
    }

    private static (double PerSecond, double Bytes) Bare(int pairs, long messages, string akka)
    {
        using AkkaEngine engine = new(new AkkaOptions { AkkaBlock = akka });
        ActorSystem system = engine.ActorSystem;
        Meter meter = new(messages, pairs);
        for (int i = 0; i < pairs; i++)
        {
            IActorRef pong = system.ActorOf(
                Props.Create(() => new Pong()).WithDispatcher(engine.Options.ResourceDispatcher),
                $"pong-{i}");
            system
                .ActorOf(
                    Props
                        .Create(() => new Ping(pong, messages / pairs / 2, meter))
                        .WithDispatcher(engine.Options.TaskDispatcher),
                    $"ping-{i}")
                .Tell("start", ActorRefs.NoSender);
        }

        meter.Wait();
        return meter.Result();
    }

    private static double Median(
        List<(double PerSecond, double Bytes)> measured,
        Func<(double PerSecond, double Bytes), double> of)
    {
        double[] sorted = [.. measured.Select(of).Order()];
        return sorted[sorted.Length / 2];
    }

    private sealed class Meter
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly long _messages;
        private readonly int _pairs;
        private int _started;
        private int _ended;
        private long _from;
        private long _to;
        private long _bytesFrom;
        private long _bytesTo;

        public Meter(long messages, int pairs)
        {
            _messages = messages;
            _pairs = pairs;
        }

        public void OnStart()
        {
            if (Interlocked.Increment(ref _started) == 1)
            {
                _bytesFrom = GC.GetTotalAllocatedBytes(false);
                _from = Stopwatch.GetTimestamp();
            }
        }

        public void OnEnd()
        {
            if (Interlocked.Increment(ref _ended) == _pairs)
            {
                _to = Stopwatch.GetTimestamp();
                _bytesTo = GC.GetTotalAllocatedBytes(false);
                _done.SetResult();
            }
        }

        public void Wait() => _done.Task.GetAwaiter().GetResult();

        public (double PerSecond, double Bytes) Result() =>
            (
                _messages / Stopwatch.GetElapsedTime(_from, _to).TotalSeconds,
                (_bytesTo - _bytesFrom) / (double)_messages);
    }

    private sealed class Ball(IActorRef ping)
    {
        public IActorRef Ping { get; } = ping;
    }

    private sealed class Ping(IActorRef pong, long count, Meter meter) : ActorBase
    {
        private long _left = count;

        protected override bool Receive(object message)
        {
            object ball = message;
            if (message is not Ball)
            {
                meter.OnStart();
                ball = new Ball(Self);
            }
            else if (--_left == 0)
            {
                meter.OnEnd();
                return true;
            }

            pong.Tell(ball, ActorRefs.NoSender);
            return true;
        }
    }

    private sealed class Pong : ActorBase
    {
        protected override bool Receive(object message)
        {
            ((Ball)message).Ping.Tell(message, ActorRefs.NoSender);
            return true;
        }
    }
}
