using System.Globalization;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Once and in order out of at most once, on a clock of the test.</summary>
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
        Assert.Throws<WireFormatException>(() =>
            new ControlLine(1).OnPart(new ControlPart(1, 1, true, "{\"kind\":\"nothing\"}"u8.ToArray())));

    [Fact]
    public void Times_are_written_with_their_unit()
    {
        Assert.Equal("0.25 s", Words.Of(TimeSpan.FromMilliseconds(250)));
        Assert.Equal("5 s", Words.Of(TimeSpan.FromSeconds(5)));
        Assert.Equal("epc-socket-12", AkkaClusterOptions.SocketRole(int.Parse("12", CultureInfo.InvariantCulture)));
    }
}
