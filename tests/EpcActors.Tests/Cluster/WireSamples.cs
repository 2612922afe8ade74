using System.Runtime.InteropServices;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Wire;
using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Random;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Tests.Cluster;

/// <summary>Frames to encode.</summary>
internal static class WireSamples
{
    /// <summary>Each message once, every field with another value.</summary>
    public static IReadOnlyDictionary<string, Frame> ByName { get; } =
        new Frame[]
        {
            Of(
                new ChargeCounter
                {
                    Bytes = 0x0102030405060708,
                    ExtraBytes = 0x1112131415161718,
                    Counter = 0x21222324,
                    Result = CounterCharge.Over,
                }),
            Of(
                new UnchargeCounter
                {
                    Bytes = 0x0102030405060708,
                    Counter = 0x21222324,
                    IsRollBack = true,
                }),
            Of(
                new AddToCounter
                {
                    Amount = -2,
                    Advance = 0x1112131415161718,
                    Value = 0x0102030405060708,
                    Counter = 0x21222324,
                    IsGivenBack = true,
                }),
            Of(new LoadCounter { Counter = 0x0102030405060708, Value = 0x1112131415161718 }),
            Of(
                new StoreCounter
                {
                    Value = 0x0102030405060708,
                    Amount = 0x1112131415161718,
                    Counter = 0x2122232425262728,
                }),
            Of(
                new ReadCounter
                {
                    Counter = 0x0102030405060708,
                    Value = 0x1112131415161718,
                    MaxBytes = long.MaxValue,
                    Advances = 0x2122232425262728,
                    Enough = 0x31323334,
                    IsLowerBound = true,
                }),
            Of(
                new WriteCounterMax
                {
                    Max = Limit.Max,
                    Counter = 0x0102030405060708,
                    Version = 0x1112131415161718,
                }),
            Of(
                new ReportCounter
                {
                    Counter = 0x0102030405060708,
                    Amount = 0x1112131415161718,
                    Max = Limit.Of(0x2122232425262728),
                    MaxVersion = 0x3132333435363738,
                    Since = 0x4142434445464748,
                }),
            Of(
                new BorrowPage
                {
                    Node = 0x01020304,
                    Page = new EpcPageIndex(0x11121314),
                    Incarnation = 0x21222324,
                    Status = CallStatus.Gone,
                }),
            Of(
                new ReturnPage
                {
                    Node = 0x01020304,
                    Page = new EpcPageIndex(0x11121314),
                    Incarnation = 0x21222324,
                    Status = CallStatus.Gone,
                }),
            Of(
                new ReclaimAt
                {
                    Member = 0x01020304,
                    Root = 0x11121314,
                    Wanted = 0x21222324,
                    IgnoreAge = true,
                    Purpose = ReclaimPurpose.OomKill,
                    Result = 0x31323334,
                    Status = CallStatus.Gone,
                }),
            Of(new WakeKsgxd { Member = 0x01020304, Status = CallStatus.Gone }),
            Of(
                new QueueWorkAt
                {
                    Member = 0x01020304,
                    Cgroup = 0x11121314,
                    Reserved = 0x2122232425262728,
                    Status = CallStatus.Gone,
                    Reserved2 = 0x31323334,
                }),
            Of(
                new ReadNodeAt
                {
                    Node = 0x01020304,
                    Status = CallStatus.Gone,
                    FreePages = 0x1112131415161718,
                }),
            Of(
                new ShareMax
                {
                    Counter = 0x0102030405060708,
                    Max = Limit.Of(0x1112131415161718),
                    Version = 0x2122232425262728,
                    Member = 0x31323334,
                    Status = CallStatus.Gone,
                }),
            Of(
                new DrainStock
                {
                    Member = 0x01020304,
                    Counter = 0x11121314,
                    Bytes = 0x2122232425262728,
                    Status = CallStatus.Gone,
                    Reserved = 0x31323334,
                }),
        }.ToDictionary(frame => WireMessages.Find(frame.Code)?.Name ?? $"{frame.Code:x4}");

    /// <summary>A refusal: no message in it.</summary>
    public static Frame Fenced => Header() with { Kind = FrameKind.Fenced };

    /// <summary>Frames of every kind, any values that fit into the fields, small ones more often.</summary>
    public static Frame[] Any(ref Prng prng, int most, int members = short.MaxValue + 1)
    {
        Frame[] frames = new Frame[1 + prng.NextBelow(most)];
        foreach (ref Frame frame in frames.AsSpan())
        {
            frame = new Frame
            {
                Kind = (FrameKind)(1 + prng.NextBelow(4)),
                Version = Frame.CurrentVersion,
                From = (short)prng.NextBelow(members),
                To = (short)prng.NextBelow(members),
                FromIncarnation = (int)Number(ref prng),
                ToIncarnation = (int)Number(ref prng),
                Epoch = (int)Number(ref prng),
                Caller = (int)Number(ref prng),
                Sequence = Number(ref prng),
                Cut = (int)Number(ref prng),
            };
            if (frame.Kind is FrameKind.Request or FrameKind.Reply)
            {
                WireMessage message = WireMessages.All[prng.NextBelow(WireMessages.All.Count)];
                frame.Code = message.Code;
                foreach (ref byte one in frame.PayloadBytes[..message.Size])
                {
                    one = (byte)prng.NextUInt64();
                }
            }
        }

        return frames;

        static uint Number(ref Prng prng) => (uint)prng.NextUInt64() >> prng.NextBelow(32);
    }

    public static byte[] Bundle(params ReadOnlySpan<Frame> frames)
    {
        BundleWriter writer = new();
        foreach (ref readonly Frame frame in frames)
        {
            Assert.True(writer.TryAdd(in frame));
        }

        return writer.Finish().ToArray();
    }

    /// <summary>Frames as they are in memory; they have no padding.</summary>
    public static ReadOnlySpan<byte> Memory(ReadOnlySpan<Frame> frames) => MemoryMarshal.AsBytes(frames);

    public static Frame Header() => new()
    {
        Kind = FrameKind.Request,
        Version = Frame.CurrentVersion,
        From = 1,
        To = 2,
        FromIncarnation = 3,
        ToIncarnation = 4,
        Epoch = 5,
        Caller = 300,
        Sequence = 70_000,
        Cut = 6,
    };

    private static Frame Of<TMessage>(TMessage message)
        where TMessage : unmanaged, IMessage
    {
        Frame frame = Header();
        frame.Write(in message);
        return frame;
    }
}
