using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Wire;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// A queue between two members, on a clock of the test; turns of the actor are taken when the test says so.
/// </summary>
public sealed class ClusterQueueTests
{
    private const int LongestBundle = FrameQueue.BundleBytes + BundleHead.MaxBytes;

    [Fact]
    public void Frames_that_are_added_before_the_turn_leave_in_one_bundle_and_in_order()
    {
        QueueEnd queue = new();
        queue.Add(1000);
        Assert.Equal(1, queue.Scheduled);
        Assert.Empty(queue.Sent);
        queue.Turn();
        Assert.Equal(1000, Assert.Single(queue.Sent).Frames);
        queue.Add(3);
        Assert.Equal(2, queue.Scheduled);
        queue.Turn();
        Assert.Equal(3, queue.Sent[^1].Frames);
        Assert.Equal(Enumerable.Range(1, 1003), queue.Numbers());
    }

    [Fact]
    public void An_idle_lane_sends_a_frame_at_once_and_a_busy_one_when_its_turn_comes()
    {
        QueueEnd queue = new();
        queue.AddOrSend();
        Assert.Equal((1, 0), (Assert.Single(queue.Sent).Frames, queue.Scheduled));

        // Under way: the next ones share a bundle.
        queue.AddOrSend();
        queue.AddOrSend();
        Assert.Equal((1, 1), (queue.Sent.Count, queue.Scheduled));
        queue.Turn();
        Assert.Equal(2, queue.Sent[^1].Frames);

        // Answered: idle again.
        queue.Arrive(0, queue.HeadOf(1).Sent, 0);
        queue.AddOrSend();
        Assert.Equal((3, 1), (queue.Sent.Count, queue.Scheduled));
        Assert.Equal(Enumerable.Range(1, 4), queue.Numbers());
    }

    [Fact]
    public void Without_credit_no_turn_is_asked_for_until_an_answer_comes()
    {
        QueueEnd queue = new();
        while (queue.SentBytes < FrameQueue.MostUnderWayBytes - (2 * LongestBundle))
        {
            queue.Add(1000);
            queue.Turn();
        }

        queue.Add(3000);
        queue.Turn();
        int scheduled = queue.Scheduled;
        queue.Add(1);
        queue.AddOrSend();
        Assert.Equal(scheduled, queue.Scheduled);
        queue.Arrive(0, queue.HeadOf(queue.Sent.Count - 1).Sent, 0);
        Assert.Equal(scheduled + 1, queue.Scheduled);
        queue.Turn();
        Assert.Equal(0, queue.Meter.Counts.FramesDropped);
        Assert.Equal(queue.Numbers().Count(), (int)queue.Meter.Counts.FramesOut);
    }

    [Fact]
    public void A_frame_does_not_overtake_those_that_wait_and_a_closed_lane_loses_it()
    {
        QueueEnd queue = new();
        queue.Add(2);
        queue.AddOrSend();
        Assert.Empty(queue.Sent);
        queue.Turn();
        Assert.Equal(Enumerable.Range(1, 3), queue.Numbers());
        queue.Arrive(0, queue.HeadOf(0).Sent, 0);
        queue.Queue.Close();
        queue.AddOrSend();
        Assert.Equal((1, 1L), (queue.Sent.Count, queue.Meter.Counts.FramesDropped));
    }

    [Fact]
    public void What_is_longer_than_a_bundle_leaves_in_several()
    {
        QueueEnd queue = new();
        queue.Add(4_000);
        queue.Turn();
        Assert.InRange(queue.Sent.Count, 2, 10);
        Assert.All(queue.Sent, bundle => Assert.InRange(bundle.Bytes.Length, 1, LongestBundle));
        Assert.Equal(Enumerable.Range(1, 4_000), queue.Numbers());
        Assert.Equal(0, queue.Meter.Counts.FramesDropped);
    }

    /// <summary>A process that was stopped: bytes are bounded, whatever the frames.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public void A_peer_that_takes_nothing_costs_a_bounded_number_of_bytes(int framesPerTurn)
    {
        const int Many = 200_000;
        QueueEnd queue = new();
        for (int i = 0; i < Many / framesPerTurn; i++)
        {
            queue.Add(framesPerTurn);
            queue.Turn();
        }

        const int Credit = FrameQueue.MostUnderWayBytes;
        Assert.InRange(queue.SentBytes, (Credit / 2) - LongestBundle, Credit);
        int sent = queue.Numbers().Count();

        // Silence: one bundle at a time, ever more rarely; what waited is all that there is.
        int before = queue.Sent.Count;
        for (long now = 0; now <= 60_000; now += 50)
        {
            queue.Tick(now);
        }

        Assert.InRange(queue.SentBytes, Credit, Credit + FrameQueue.MostWaitingBytes + (10 * BundleHead.MaxBytes));
        Assert.InRange(queue.Sent.Count - before, 5, 8);
        Assert.Equal(Many, queue.Numbers().Count() + (int)queue.Meter.Counts.FramesDropped);
        Assert.True(sent < queue.Numbers().Count());
    }

    [Fact]
    public void The_time_between_two_attempts_is_doubled_up_to_a_limit()
    {
        QueueEnd queue = new();
        queue.Add(20_000);
        queue.Turn();
        queue.Add(20_000);
        List<long> at = [];
        for (long now = 0; now <= 60_000; now += 50)
        {
            int before = queue.Sent.Count;
            queue.Tick(now);
            if (queue.Sent.Count > before)
            {
                Assert.Equal(before + 1, queue.Sent.Count);
                at.Add(now);
            }
        }

        Assert.Equal([250, 750, 1750, 3750, 7750], at.Take(5));
    }

    [Fact]
    public void An_answer_after_silence_gives_the_whole_credit_back()
    {
        QueueEnd queue = new();
        queue.Add(10);
        queue.Turn();
        queue.Tick(FrameQueue.FirstSilenceMs - 1);
        queue.Add(10);
        queue.Turn();
        Assert.Equal(2, queue.Sent.Count);
        queue.Tick(FrameQueue.FirstSilenceMs);
        queue.Add(1);
        queue.Turn();
        Assert.Equal(3, queue.Sent.Count);

        // One at a time, and an answer to one that was given up is not an answer to the one under way.
        queue.Add(1);
        queue.Turn();
        Assert.Equal(3, queue.Sent.Count);
        queue.Arrive(0, queue.HeadOf(1).Sent, 300);
        queue.TurnIfScheduled();
        Assert.Equal(3, queue.Sent.Count);
        queue.Arrive(0, queue.HeadOf(2).Sent, 310);
        queue.TurnIfScheduled();
        Assert.Equal(4, queue.Sent.Count);
        queue.Add(20_000);
        queue.Turn();
        Assert.True(queue.Sent.Count > 6);
    }

    [Fact]
    public void An_answer_to_more_than_was_sent_gives_no_credit()
    {
        QueueEnd queue = new();
        queue.Add(20_000);
        queue.Turn();
        int before = queue.Sent.Count;
        queue.Arrive(0, long.MaxValue, 0);
        queue.TurnIfScheduled();
        Assert.Equal(before, queue.Sent.Count);
        queue.Arrive(0, queue.HeadOf(before - 1).Sent, 0);
        queue.TurnIfScheduled();
        Assert.True(queue.Sent.Count > before);
    }

    [Fact]
    public void Answers_ride_with_bundles_and_go_alone_at_the_tick()
    {
        QueueEnd queue = new();
        queue.Arrive(500, 0, 0);
        Assert.Equal(0, queue.Scheduled);
        queue.Add(1);
        queue.Turn();
        Assert.Equal(500, queue.HeadOf(0).Taken);
        queue.Tick(50);
        Assert.Single(queue.Sent);

        queue.Arrive(700, 0, 60);
        queue.Tick(100);
        Assert.Equal(2, queue.Sent.Count);
        Assert.Equal(0, queue.Sent[1].Frames);
        Assert.Equal(700, queue.HeadOf(1).Taken);
        Assert.Equal(queue.HeadOf(0).Sent, queue.HeadOf(1).Sent);
        queue.Tick(150);
        Assert.Equal(2, queue.Sent.Count);
    }

    /// <summary>
    /// A stream in one direction: an answer for each quarter of the credit, and none for each bundle.
    /// </summary>
    [Fact]
    public void Answers_to_a_stream_are_grouped_by_bytes()
    {
        QueueEnd from = new();
        QueueEnd to = new();
        int bundles = 0;
        for (int i = 0; i < 1_000; i++)
        {
            from.Add(50);
            from.TurnIfScheduled();
            for (; bundles < from.Sent.Count; bundles++)
            {
                to.Arrive(from.HeadOf(bundles).Sent, 0, 0);
                int before = to.Sent.Count;
                to.TurnIfScheduled();
                if (to.Sent.Count > before)
                {
                    from.Arrive(0, to.HeadOf(before).Taken, 0);
                    from.TurnIfScheduled();
                }
            }
        }

        Assert.Equal(0, from.Meter.Counts.FramesDropped);
        Assert.Equal(Enumerable.Range(1, 50_000), from.Numbers());
        long most = from.SentBytes / FrameQueue.AnswerBytes;
        Assert.InRange(to.Sent.Count, most / 2, most + 1);
    }

    /// <summary>Both ends have used up their credit: answers need none, or nothing would ever go again.</summary>
    [Fact]
    public void Two_peers_without_credit_answer_one_another()
    {
        QueueEnd left = new();
        QueueEnd right = new();
        left.Add(20_000);
        right.Add(20_000);
        left.Turn();
        right.Turn();
        long before = left.SentBytes;
        left.Arrive(right.HeadOf(right.Sent.Count - 1).Sent, 0, 0);
        left.TurnIfScheduled();
        Assert.Equal(0, left.Sent[^1].Frames);
        right.Arrive(left.HeadOf(left.Sent.Count - 1).Sent, left.HeadOf(left.Sent.Count - 1).Taken, 0);
        right.TurnIfScheduled();
        Assert.True(right.SentBytes > before);
    }

    /// <summary>Bundles are lost: the head of a later one answers for them.</summary>
    [Fact]
    public void A_lost_bundle_does_not_stop_the_lane()
    {
        QueueEnd from = new();
        QueueEnd to = new();
        for (int i = 0; i < 2_000; i++)
        {
            from.Add(10);
            from.TurnIfScheduled();
            if (i % 3 != 0)
            {
                to.Arrive(from.HeadOf(from.Sent.Count - 1).Sent, 0, i);
            }

            to.TurnIfScheduled();
            if (to.Sent.Count > 0)
            {
                from.Arrive(0, to.HeadOf(to.Sent.Count - 1).Taken, i);
                from.TurnIfScheduled();
            }
        }

        Assert.Equal(0, from.Meter.Counts.FramesDropped);
        Assert.Equal(Enumerable.Range(1, 20_000), from.Numbers());
    }

    [Fact]
    public void A_closed_lane_loses_frames_and_answers_nothing()
    {
        QueueEnd queue = new();
        queue.Add(10);
        queue.Queue.Close();
        queue.Add(1);
        queue.Turn();
        queue.Arrive(10 * FrameQueue.AnswerBytes, 0, 0);
        queue.Tick(10_000);
        Assert.Empty(queue.Sent);
        Assert.Equal(1, queue.Scheduled);
        Assert.Equal(11, queue.Meter.Counts.FramesDropped);
    }

    /// <summary>
    /// Any thread adds while the actor takes its turns: nothing is lost on the way, and the frames of each thread stay
    /// in order.
    /// </summary>
    [Fact]
    public async Task Threads_add_while_the_actor_sends()
    {
        const int PerThread = 20_000;
        using SemaphoreSlim due = new(0);
        List<FrameBundle> sent = [];
        WireMeter meter = new();
        FrameQueue queue = new(new BundleHead(0, 1, 1, 1, 0, 0, Seal: 7), sent.Add, _ => due.Release(), meter);
        Task[] threads = [.. Enumerable.Range(0, 2).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < PerThread; i++)
            {
                Frame frame = ClusterHarness.FrameOf(0, 1, i);
                frame.Caller = thread;
                queue.Add(in frame);
            }
        }))];
        Task all = Task.WhenAll(threads);
        while (!all.IsCompleted || due.CurrentCount > 0)
        {
            if (await due.WaitAsync(TimeSpan.FromMilliseconds(10)))
            {
                queue.Flush(0);
            }

            if (sent.Count > 0)
            {
                queue.OnArrived(new BundleHead(1, 0, 1, 1, 0, BundleHead.Read(sent[^1].Bytes, out _).Sent, Seal: 7), 0);
            }
        }

        await all;
        List<Frame> frames = QueueEnd.FramesOf(sent);
        Assert.Equal(2 * PerThread, frames.Count + meter.Counts.FramesDropped);
        foreach (IGrouping<int, Frame> thread in frames.GroupBy(frame => frame.Caller))
        {
            Assert.True(thread.Zip(thread.Skip(1)).All(pair => pair.First.Sequence < pair.Second.Sequence));
        }
    }

    /// <summary>One end of a queue.</summary>
    private sealed class QueueEnd
    {
        private int _number;
        private int _turns;

        public QueueEnd() =>
            Queue = new FrameQueue(new BundleHead(0, 1, 1, 1, 0, 0, Seal: 7), Sent.Add, _ => Scheduled++, Meter);

        public List<FrameBundle> Sent { get; } = [];

        public WireMeter Meter { get; } = new();

        public FrameQueue Queue { get; }

        /// <summary>Turns that were asked for.</summary>
        public int Scheduled { get; private set; }

        public long SentBytes => Sent.Where(bundle => bundle.Frames > 0).Sum(bundle => (long)bundle.Bytes.Length);

        public static List<Frame> FramesOf(IEnumerable<FrameBundle> bundles)
        {
            BundleReader reader = new();
            List<Frame> frames = [];
            foreach (FrameBundle bundle in bundles)
            {
                _ = BundleHead.Read(bundle.Bytes, out int length);
                if (length < bundle.Bytes.Length)
                {
                    frames.AddRange(reader.Read(bundle.Bytes.AsSpan(length)));
                }
            }

            return frames;
        }

        public void Add(int count)
        {
            for (int i = 0; i < count; i++)
            {
                Queue.Add(ClusterHarness.FrameOf(0, 1, ++_number));
            }
        }

        public void AddOrSend() => Queue.AddOrSend(ClusterHarness.FrameOf(0, 1, ++_number), 0);

        public void Turn()
        {
            _turns = Scheduled;
            Queue.Flush(0);
        }

        public void TurnIfScheduled()
        {
            if (_turns < Scheduled)
            {
                Turn();
            }
        }

        public void Tick(long nowMs) => Queue.OnTick(nowMs);

        public void Arrive(long sent, long taken, long nowMs) =>
            Queue.OnArrived(new BundleHead(1, 0, 1, 1, sent, taken, Seal: 7), nowMs);

        public BundleHead HeadOf(int bundle) => BundleHead.Read(Sent[bundle].Bytes, out _);

        public IEnumerable<int> Numbers() => FramesOf(Sent).Select(frame => (int)frame.Sequence);
    }
}
