using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Wire;
using EpcActors.Kernel.Random;
using FsCheck;
using FsCheck.Fluent;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// Any bytes over the wire: frames that would be written the same, or a <see cref="WireFormatException"/>.
/// </summary>
public sealed class WireFuzzTests
{
    [Fact]
    public void What_is_read_is_what_was_written() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            Prng prng = new((ulong)seed);
            Frame[] frames = WireSamples.Any(ref prng, 40);
            byte[] bytes = WireSamples.Bundle(frames);
            Assert.True(BundleReader.TryMeasure(bytes, out int length));
            Assert.Equal(bytes.Length, length);
            Assert.True(WireSamples.Memory(frames).SequenceEqual(WireSamples.Memory(new BundleReader().Read(bytes))));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_frame_is_never_longer_than_it_says() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            Prng prng = new((ulong)seed);
            Frame frame = WireSamples.Any(ref prng, 1)[0];
            byte[] bytes = new byte[FrameCodec.MaxBytes];
            int message = frame.Kind is FrameKind.Fenced or FrameKind.Pending ? 0 : WireMessages.Find(frame.Code)!.Size;
            Assert.InRange(FrameCodec.Encode(in frame, bytes), FrameCodec.MinBytes + message, FrameCodec.MaxBytes);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Random_bytes_are_read_or_refused()
    {
        Prng prng = new(20_260_501);
        BundleReader reader = new(8);
        int[] ends = new int[2];
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = new byte[prng.NextBelow(200)];
            foreach (ref byte one in bytes.AsSpan())
            {
                one = (byte)prng.NextUInt64();
            }

            // Most would end at the first byte: give three in four a beginning, and every second a header that fits.
            byte[] header =
            [
                (byte)'E',
                (byte)'P',
                Frame.CurrentVersion,
                (byte)Math.Max(0, bytes.Length - BundleWriter.HeaderBytes),
                0,
                0,
                0,
                (byte)(1 + prng.NextBelow(5)),
                0,
                1,
                1,
                0x0E,
            ];
            int kept = prng.NextBelow(4) switch
            {
                0 => 0,
                1 => 3,
                2 => 9,
                _ => 12,
            };
            header.AsSpan(0, Math.Min(kept, bytes.Length)).CopyTo(bytes);
            ends[Feed(reader, bytes) ? 1 : 0]++;
        }

        Assert.True(ends[0] > 90_000);
    }

    [Fact]
    public void Valid_bundles_with_mistakes_are_read_or_refused()
    {
        Prng prng = new(20_260_502);
        BundleReader reader = new(8);
        int[] ends = new int[2];
        for (int i = 0; i < 150_000; i++)
        {
            byte[] bytes = Mutate(WireSamples.Bundle(WireSamples.Any(ref prng, 4, members: 8)), ref prng);
            ends[Feed(reader, bytes) ? 1 : 0]++;
        }

        // Both happen a lot: a changed message is a message, a changed header is none.
        Assert.True(ends[0] > 10_000 && ends[1] > 10_000, $"{ends[0]} refused, {ends[1]} read");
    }

    [Fact]
    public void A_head_is_read_as_it_was_written_and_has_one_encoding()
    {
        Prng prng = new(20_261_128);
        int[] ends = new int[2];
        for (int i = 0; i < 100_000; i++)
        {
            BundleHead head = AnyHead(ref prng);
            byte[] bytes = new byte[BundleHead.MaxBytes];
            int length = head.Write(bytes);
            Assert.Equal(head, BundleHead.Read(bytes.AsSpan(0, length), out int read));
            Assert.Equal(length, read);

            byte[] changed = Mutate(bytes[..length], ref prng);
            try
            {
                BundleHead other = BundleHead.Read(changed, out read);
                byte[] again = new byte[BundleHead.MaxBytes];
                Assert.Equal(read, other.Write(again));
                Assert.Equal(changed[..read], again[..read]);
                Assert.True(other is { From: >= 0, To: >= 0, Sent: >= 0, Taken: >= 0 });
                ends[1]++;
            }
            catch (WireFormatException)
            {
                ends[0]++;
            }
        }

        Assert.True(ends[0] > 10_000 && ends[1] > 10_000, $"{ends[0]} refused, {ends[1]} read");
    }

    [Fact]
    public void A_bundle_stands_unchanged_behind_its_head()
    {
        Prng prng = new(20_261_129);
        for (int i = 0; i < 1_000; i++)
        {
            BundleHead head = AnyHead(ref prng);
            Frame[] frames = WireSamples.Any(ref prng, 400);
            BundleWriter writer = new();
            Array.ForEach(frames, frame => Assert.True(writer.TryAdd(in frame)));
            byte[] bytes = writer.Finish(in head);
            Assert.Equal(head, BundleHead.Read(bytes, out int length));
            Assert.True(bytes.AsSpan(length).SequenceEqual(writer.Finish().Span));
            Assert.Equal(WireSamples.Bundle(frames), bytes[length..]);
        }
    }

    [Fact]
    public void Control_messages_with_mistakes_are_read_or_refused()
    {
        Prng prng = new(20_260_503);
        byte[][] valid = [.. WireControlTests.Samples.Values.Select(ControlCodec.Encode)];
        int read = 0;
        for (int i = 0; i < 10_000; i++)
        {
            byte[] bytes = Mutate(valid[prng.NextBelow(valid.Length)], ref prng);
            try
            {
                ControlCodec.Decode(bytes);
                read++;
            }
            catch (WireFormatException)
            {
                // As it should.
            }
        }

        Assert.InRange(read, 1, 9_500);
    }

    /// <summary>Numbers of every length, the largest included.</summary>
    private static BundleHead AnyHead(ref Prng prng)
    {
        long Any(ref Prng from, int bits) => (long)(from.NextUInt64() >> (64 - (1 + from.NextBelow(bits))));
        return new BundleHead(
            (short)Any(ref prng, 15),
            (short)Any(ref prng, 15),
            (int)Any(ref prng, 31),
            (int)Any(ref prng, 31),
            Any(ref prng, 63),
            Any(ref prng, 63),
            prng.NextUInt64());
    }

    /// <summary>True: it was read.</summary>
    private static bool Feed(BundleReader reader, byte[] bytes)
    {
        try
        {
            _ = BundleReader.TryMeasure(bytes, out _);
            ReadOnlySpan<Frame> frames = reader.Read(bytes);
            Assert.Equal(bytes, WireSamples.Bundle(frames));
            return true;
        }
        catch (WireFormatException)
        {
            return false;
        }
    }

    private static byte[] Mutate(byte[] bytes, ref Prng prng)
    {
        List<byte> changed = [.. bytes];
        for (int mistakes = 1 + prng.NextBelow(3); mistakes > 0; mistakes--)
        {
            int at = prng.NextBelow(changed.Count);
            switch (prng.NextBelow(7))
            {
                case 0 or 1:
                    changed[at] ^= (byte)(1 << prng.NextBelow(8));
                    break;
                case 2:
                    changed[at] = (byte)prng.NextUInt64();
                    break;
                case 3:
                    changed.Insert(at, (byte)prng.NextUInt64());
                    break;
                case 4 when changed.Count > 1:
                    changed.RemoveAt(at);
                    break;
                case 5 when changed.Count > 1:
                    changed.RemoveRange(at, changed.Count - at - (at == 0 ? 1 : 0));
                    break;
                default:
                    changed.InsertRange(at, changed.GetRange(at, Math.Min(changed.Count - at, 1 + prng.NextBelow(20))));
                    break;
            }
        }

        return [.. changed];
    }
}
