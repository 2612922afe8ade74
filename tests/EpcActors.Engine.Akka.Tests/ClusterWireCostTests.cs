using System.Text;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Transport;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// Bytes and writes of frames, as <see cref="CountedTransport"/> counts them between two members. How fast they are is
/// the benchmark's business (<c>wire</c>).
/// </summary>
public sealed class ClusterWireCostTests
{
    /// <summary>
    /// Bytes that one end writes are the bytes that the other end reads, and the frames of a burst share a few writes.
    /// </summary>
    [Fact]
    public async Task Both_ends_count_the_same_bytes_and_a_burst_takes_few_writes()
    {
        await using ClusterHarness harness = await ClusterHarness.OpenAsync();
        IReadOnlyList<ClusterMember> members = await harness.JoinAsync(2);
        const int Frames = 2_000;
        for (int i = 0; i < Frames; i++)
        {
            members[0].Transport.Send(ClusterHarness.FrameOf(0, 1, i));
        }

        for (int i = 0; i < Frames; i++)
        {
            Assert.Equal(i, (int)(await members[1].Log.Frames.NextAsync()).Sequence);
        }

        // A write is counted when it has been handed over: its frames may be here before.
        await ClusterWait.UntilAsync(() => members[0].Transport.Counts.BytesOut >= members[1].Transport.Counts.BytesIn);
        WireCounts from = members[0].Transport.Counts;
        WireCounts to = members[1].Transport.Counts;
        Assert.Equal((Frames, Frames, 0), (from.FramesOut, to.FramesIn, from.FramesDropped));
        Assert.Equal(from.BytesOut, to.BytesIn);
        Assert.InRange(from.Writes, 1, Frames / 2);

        // A frame of this kind has 41 to 46 bytes; a write has 100 to 210 bytes beside its frames.
        Assert.InRange(from.BytesOut, (41 * Frames) + (100 * from.Writes), (46 * Frames) + (210 * from.Writes));

        // The answers, which are alone here, come at the tick at the latest.
        await ClusterWait.UntilAsync(() => members[0].Transport.Counts.BytesIn > 0);
        long answered = members[0].Transport.Counts.BytesIn;
        await ClusterWait.UntilAsync(() => members[1].Transport.Counts.BytesOut >= answered);
    }

    [Theory]
    [InlineData("/user/epc-wire", false, true)]
    [InlineData("/user/epc-wire", true, true)]
    [InlineData("/user/epc-member", false, false)]
    [InlineData("/system/cluster/core/daemon", true, false)]
    public void Only_messages_to_the_gateway_are_frames(string path, bool hasAnswer, bool isFrames)
    {
        byte[] recipient = Field(1, Field(1, Encoding.UTF8.GetBytes($"akka.tcp://epc-cluster@127.0.0.1:4711{path}")));
        byte[] envelope = Field(2, [.. recipient, .. Field(2, new byte[300])]);
        byte[] message = Field(1, [.. hasAnswer ? Field(1, [9, 1, 2, 3, 4, 5, 6, 7, 8]) : [], .. envelope]);
        Assert.Equal(isFrames, CountedTransport.IsFrames(message));

        // Whatever comes: cut short anywhere, it is looked at and no more.
        for (int length = 0; length < message.Length; length++)
        {
            Assert.False(CountedTransport.IsFrames(message.AsSpan(0, length)));
        }

        Assert.False(CountedTransport.IsFrames([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]));
    }

    private static byte[] Field(int number, byte[] bytes)
    {
        byte head = (byte)((number << 3) | 2);
        return bytes.Length < 0x80
            ? [head, (byte)bytes.Length, .. bytes]
            : [head, (byte)((bytes.Length & 0x7F) | 0x80), (byte)(bytes.Length >> 7), .. bytes];
    }
}
