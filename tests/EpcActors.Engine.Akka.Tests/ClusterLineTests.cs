using System.Globalization;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Transport;
using EpcActors.Distribution.Wire;
using EpcActors.Engine.Akka.Cluster;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>What makes once and in order of at most once, and what bounds frames under way; on a clock of the test.</summary>
public sealed class ClusterLineTests
{
    /// <summary>Parts and answers are lost, doubled and late at random, by seed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Control_messages_come_once_and_in_order_over_a_wire_that_loses_half(int seed)
    {
        Random random = new(seed);
        ControlLine from = new(1);
        ControlLine to = new(1);
        List<string> sent = [];
        List<string> arrived = [];
        List<object> wire = [];
        long now = 0;
        while (arrived.Count < 100)
        {
            if (sent.Count < 100)
            {
                sent.Add(new string((char)('a' + (sent.Count % 26)), random.Next(1, 3 * ControlLine.PartBytes)));
                from.Add(new ControlMessage.Failed(sent[^1]));
            }

            while (from.Next(now) is { } part)
            {
                Put(part);
            }

            foreach (ControlPart part in from.Overdue(now))
            {
                Put(part);
            }

            for (int i = 0; i < 10 && wire.Count > 0; i++)
            {
                // Mostly in order, as a connection is.
                int index = random.Next(4) == 0 ? random.Next(wire.Count) : 0;
                object message = wire[index];
                wire.RemoveAt(index);
                if (message is ControlTaken taken)
                {
                    from.OnTaken(taken.Number, now);
                    continue;
                }

                if (to.OnPart((ControlPart)message) is ControlMessage.Failed failed)
                {
                    arrived.Add(failed.Message);
                }

                Put(to.Taken);
            }

            now += random.Next(200);
            Assert.True(now < 10_000_000, "it does not get on");
        }

        Assert.Equal(sent, arrived);
        Assert.True(from.SentAgain > 0);

        void Put(object message)
        {
            for (int copies = random.Next(4) switch { 0 or 1 => 0, 2 => 1, _ => 2 }; copies > 0; copies--)
            {
                wire.Add(message);
            }
        }
    }

    [Fact]
    public void No_more_parts_are_under_way_than_the_window_has()
    {
        ControlLine line = new(1);
        line.Add(new ControlMessage.Failed(new string('x', 40 * ControlLine.PartBytes)));
        List<ControlPart> parts = [];
        Drain();
        Assert.Equal(ControlLine.Window, parts.Count);
        line.OnTaken(3, 0);
        Drain();
        Assert.Equal(ControlLine.Window + 3, parts.Count);
        Assert.Equal(Enumerable.Range(1, parts.Count), parts.Select(part => (int)part.Number));
        Assert.All(parts, part => Assert.False(part.IsLast));
        Assert.Empty(line.Overdue(ControlLine.ResendMs - 1));
        Assert.Equal(ControlLine.Window, line.Overdue(ControlLine.ResendMs).Count);
        Assert.Empty(line.Overdue(ControlLine.ResendMs + 1));

        void Drain()
        {
            while (line.Next(0) is { } part)
            {
                parts.Add(part);
            }
        }
    }

    [Fact]
    public void What_is_no_message_is_an_error() =>
        Assert.Throws<WireFormatException>(() => new ControlLine(1).OnPart(new ControlPart(1, 1, true, "{\"kind\":\"nothing\"}"u8.ToArray())));

    /// <summary>The first frame goes at once; those after it are collected while it is under way.</summary>
    [Fact]
    public void Frames_are_bundled_while_others_are_under_way()
    {
        LaneProbe probe = new();
        Send(probe, 1000);
        Assert.Equal([1, 1, 1, 1], probe.Sent.Select(bundle => bundle.Frames));
        probe.Lane.OnTaken(1, 0);
        Assert.Equal(FrameLane.Credit + 1, probe.Sent.Count);
        Assert.Equal(996, probe.Sent[^1].Frames);
        Assert.Equal(Enumerable.Range(1, 1000), probe.Numbers());
        Assert.Equal(0, probe.Meter.Counts.FramesDropped);
    }

    [Fact]
    public void A_peer_that_takes_nothing_costs_no_more_than_the_bound_and_frames_are_lost_and_counted()
    {
        LaneProbe probe = new();
        const int Many = 200_000;
        Send(probe, Many);
        Assert.Equal(FrameLane.Credit, probe.Sent.Count);
        long kept = Many - probe.Meter.Counts.FramesDropped - FrameLane.Credit;
        Assert.InRange(kept, 1, (FrameLane.MostWaiting + 1) * FrameLane.BundleBytes / FrameCodec.MinBytes);
        Assert.InRange(probe.Meter.Counts.FramesDropped, Many / 2, Many);

        // Silence: one bundle at a time, ever more rarely.
        for (long now = 0; now <= 60_000; now += 50)
        {
            probe.Lane.OnTick(now);
        }

        Assert.InRange(probe.Sent.Count, FrameLane.Credit + 5, FrameLane.Credit + FrameLane.MostWaiting + 1);
        Assert.All(probe.Sent, bundle => Assert.InRange(bundle.Bytes.Length, 1, FrameLane.BundleBytes));

        // It answers: everything that was kept goes, and frames have room again.
        int before = probe.Sent.Count;
        for (long number = before; probe.Numbers().Count() < kept + FrameLane.Credit; number++)
        {
            probe.Lane.OnTaken(number, 60_000);
        }

        long dropped = probe.Meter.Counts.FramesDropped;
        Send(probe, 10, 60_000);
        Assert.Equal(dropped, probe.Meter.Counts.FramesDropped);
        Assert.Equal(probe.Sent.Select(bundle => bundle.Number), Enumerable.Range(1, probe.Sent.Count).Select(number => (long)number));
    }

    [Fact]
    public void A_bundle_that_got_lost_does_not_stop_the_lane()
    {
        LaneProbe probe = new();
        Send(probe, 5);
        Assert.Equal(FrameLane.Credit, probe.Sent.Count);
        probe.Lane.OnTick(FrameLane.FirstSilenceMs - 1);
        Assert.Equal(FrameLane.Credit, probe.Sent.Count);
        probe.Lane.OnTick(FrameLane.FirstSilenceMs);
        Assert.Equal(FrameLane.Credit + 1, probe.Sent.Count);

        // What was given up arrives after all: that is an answer, but not to the last one.
        probe.Lane.OnTaken(4, 300);
        Send(probe, 1, 300);
        Assert.Equal(FrameLane.Credit + 1, probe.Sent.Count);
        probe.Lane.OnTaken(5, 310);
        Assert.Equal(FrameLane.Credit + 2, probe.Sent.Count);

        // An answer to what was never sent is none.
        probe.Lane.OnTaken(100, 310);
        Send(probe, 10, 310);
        Assert.Equal(5 + FrameLane.Credit, probe.Sent.Count);
    }

    [Fact]
    public void A_closed_lane_loses_what_waits_and_what_comes()
    {
        LaneProbe probe = new();
        Send(probe, 10);
        probe.Lane.Close();
        Send(probe, 1);
        probe.Lane.OnTaken(4, 0);
        Assert.Equal(FrameLane.Credit, probe.Sent.Count);
        Assert.Equal(10 - FrameLane.Credit + 1, probe.Meter.Counts.FramesDropped);
    }

    [Fact]
    public void Times_are_written_with_their_unit()
    {
        Assert.Equal("0.25 s", Words.Of(TimeSpan.FromMilliseconds(250)));
        Assert.Equal("5 s", Words.Of(TimeSpan.FromSeconds(5)));
        Assert.Equal("epc-socket-12", AkkaClusterOptions.SocketRole(int.Parse("12", CultureInfo.InvariantCulture)));
    }

    private static void Send(LaneProbe probe, int count, long nowMs = 0)
    {
        for (int i = 0; i < count; i++)
        {
            probe.Lane.Send(ClusterHarness.FrameOf(0, 1, ++probe.Number), nowMs);
        }
    }

    private sealed class LaneProbe
    {
        public LaneProbe() => Lane = new FrameLane(3, Sent.Add, Meter);

        public List<FrameBundle> Sent { get; } = [];

        public WireMeter Meter { get; } = new();

        public FrameLane Lane { get; }

        public int Number { get; set; }

        public IEnumerable<int> Numbers()
        {
            BundleReader reader = new();
            foreach (FrameBundle bundle in Sent)
            {
                foreach (Frame frame in reader.Read(bundle.Bytes).ToArray())
                {
                    yield return (int)frame.Sequence;
                }
            }
        }
    }
}
