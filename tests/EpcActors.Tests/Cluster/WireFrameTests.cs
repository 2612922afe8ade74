using System.Reflection;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Wire;
using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// The wire format of frames: every message is known, its bytes are pinned, and what is read is what was written.
/// </summary>
public sealed class WireFrameTests
{
    /// <summary>The version that the bytes below are of.</summary>
    private const byte PinnedVersion = 2;

    private const string WhatToDo =
        "Processes of two builds would misread one another. If the change is meant, raise Frame.CurrentVersion, and "
            + "pin the new bytes and that version in WireFrameTests; if it is not, take it back. New: ";

    /// <summary>A bundle with one frame, by the message in it.</summary>
    private static readonly Dictionary<string, string> Pinned = new(StringComparer.Ordinal)
    {
        [""] = "4550020f00000001000300000102030405ac02f0a2040600",
        ["AddToCounter"] =
            "4550022f000000010001030e0102030405ac02f0a2040620feffffffffffffff"
                + "181716151413121108070605040302012423222101000000",
        ["BorrowPage"] = "4550021f000000010001090e0102030405ac02f0a204061004030201141312112423222101000000",
        ["ChargeCounter"] =
            "45500227000000010001010e0102030405ac02f0a2040618080706050403020118171615141312112423222101000000",
        ["ShareMax"] =
            "4550022f000000010001100e0102030405ac02f0a20406200807060504030201"
                + "181716151413121128272625242322213433323101000000",
        ["DrainStock"] =
            "455002270000000100010f0e0102030405ac02f0a2040618040302011413121128272625242322210100000034333231",
        ["LoadCounter"] = "4550021f000000010001040e0102030405ac02f0a204061008070605040302011817161514131211",
        ["QueueWorkAt"] =
            "455002270000000100010d0e0102030405ac02f0a2040618040302011413121128272625242322210100000034333231",
        ["ReadCounter"] =
            "45500237000000010001060e0102030405ac02f0a20406280807060504030201"
                + "1817161514131211ffffffffffffff7f28272625242322213433323101000000",
        ["ReadNodeAt"] = "4550021f0000000100010e0e0102030405ac02f0a204061004030201010000001817161514131211",
        ["ReclaimAt"] =
            "4550022b0000000100010b0e0102030405ac02f0a204061c0403020114131211"
                + "2423222101000000020000003433323101000000",
        ["ReportCounter"] =
            "45500237000000010001080e0102030405ac02f0a20406280807060504030201"
                + "1817161514131211282726252423222138373635343332314847464544434241",
        ["ReturnPage"] = "4550021f0000000100010a0e0102030405ac02f0a204061004030201141312112423222101000000",
        ["StoreCounter"] =
            "45500227000000010001050e0102030405ac02f0a2040618080706050403020118171615141312112827262524232221",
        ["UnchargeCounter"] = "4550021f000000010001020e0102030405ac02f0a204061008070605040302012423222101000000",
        ["WakeKsgxd"] = "455002170000000100010c0e0102030405ac02f0a20406080403020101000000",
        ["WriteCounterMax"] =
            "45500227000000010001070e0102030405ac02f0a2040618ffffffffffffffff08070605040302011817161514131211",
    };

    /// <summary>Meaning of the numbers of enums in messages.</summary>
    private static readonly string[] PinnedEnums =
    [
        "CallStatus: Ok = 0, Gone = 1",
        "CounterCharge: Fits = 0, Over = 1",
        "FrameKind: None = 0, Request = 1, Reply = 2, Fenced = 3, Pending = 4",
        "ReclaimPurpose: Reclaim = 0, Look = 1, OomKill = 2",
    ];

    public static TheoryData<string> Names => [.. WireMessages.All.Select(message => message.Name)];

    [Fact]
    public void Every_message_that_travels_is_registered_and_has_a_sample()
    {
        (ushort Code, string Name)[] protocol =
        [
            .. Messages()
                .Where(typeof(IFrameMessage).IsAssignableFrom)
                .Select(type => (CodeOf(type), type.Name))
                .Order(),
        ];
        Assert.True(protocol.Length >= 15);
        Assert.Equal(protocol, WireMessages.All.Select(message => (message.Code, message.Name)));
        Assert.Equal(
            protocol.Select(message => message.Name).Order(StringComparer.Ordinal),
            WireSamples.ByName.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_message_that_travels_says_who_takes_it()
    {
        // One mark each, from anywhere in the room: with two, the list would decide, and with none no receiver.
        Type[] marks = [typeof(IOwnerMessage), typeof(IWorkerMessage), typeof(INewsMessage)];
        Type[] travelling =
        [
            .. typeof(IFrameMessage).Assembly.GetTypes()
                .Where(type => type.IsValueType && typeof(IFrameMessage).IsAssignableFrom(type)),
        ];
        Assert.Equal(
            WireMessages.All.Select(message => message.Name).Order(StringComparer.Ordinal),
            travelling.Select(type => type.Name).Order(StringComparer.Ordinal));
        Assert.All(travelling, type => Assert.Single(marks, mark => mark.IsAssignableFrom(type)));
    }

    [Fact]
    public void A_request_that_does_not_travel_ends_the_process_that_hears_it()
    {
        PieceHistory history = new();
        history.Views.Add(new ClusterView(1, [1, 1], [1, 1], [0, 0], [1, 1]));
        Gateway gateway = new(
            new ActorId(0),
            new ClusterPort(0, 1, [0, 1], 1),
            new PieceOutbox(),
            history,
            [Limit.Max, Limit.Max],
            [1, 1],
            [0, 0]);
        Frame stray = new()
        {
            Kind = FrameKind.Request,
            From = 1,
            FromIncarnation = 1,
            ToIncarnation = 1,
            Sequence = 1,
        };
        stray.Write(default(ClusterProtocol.FindOwner));
        ClusterProtocol.Arrive arrive = new() { Frame = stray };
        Assert.Contains(
            "not a message that travels",
            Assert.Throws<InvariantViolation>(() => gateway.Handle(ref arrive, new PieceTurn())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Codes_find_their_message_and_no_other_code_finds_one()
    {
        for (int code = 0; code <= ushort.MaxValue; code++)
        {
            Assert.Equal(
                WireMessages.All.SingleOrDefault(message => message.Code == code),
                WireMessages.Find((ushort)code));
        }

        Assert.All(WireMessages.All, message => Assert.Equal(Frame.CurrentVersion, message.Version));
        Assert.Null(WireMessages.Find(ClusterProtocol.Arrive.Code));
    }

    [Theory, MemberData(nameof(Names))]
    public void The_bytes_of_a_message_are_pinned(string name) => AssertPinned(name, WireSamples.ByName[name]);

    [Fact]
    public void The_bytes_of_a_refusal_are_pinned() => AssertPinned("", WireSamples.Fenced);

    [Fact]
    public void The_word_that_an_answer_takes_longer_comes_as_it_was_sent()
    {
        Frame pending = WireSamples.Fenced with { Kind = FrameKind.Pending };
        ReadOnlySpan<Frame> read = new BundleReader().Read(WireSamples.Bundle(pending));
        Assert.True(WireSamples.Memory([pending]).SequenceEqual(WireSamples.Memory(read)));
    }

    [Fact]
    public void The_numbers_of_enums_are_pinned()
    {
        string[] enums =
        [
            .. Messages()
                .Where(typeof(IFrameMessage).IsAssignableFrom)
                .SelectMany(type => type.GetFields())
                .Select(field => field.FieldType)
                .Append(typeof(FrameKind))
                .Where(type => type.IsEnum)
                .Distinct()
                .Select(type => (type.Name, Members: Enum.GetNames(type)
                    .Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}")))
                .Select(one => $"{one.Name}: {string.Join(", ", one.Members)}")
                .Order(StringComparer.Ordinal),
        ];
        Assert.True(
            PinnedVersion == Frame.CurrentVersion && enums.SequenceEqual(PinnedEnums),
            $"{WhatToDo}\n{string.Join('\n', enums.Select(line => $"\"{line}\","))}");
    }

    [Theory, MemberData(nameof(Names))]
    public void A_message_with_extreme_values_comes_back(string name)
    {
        WireMessage message = WireMessages.All.Single(m => m.Name == name);
        foreach (byte fill in (byte[])[0x00, 0x01, 0x7F, 0x80, 0xFF])
        {
            foreach (
                int number in (int[])
                    [
                        0,
                        1,
                        127,
                        128,
                        16383,
                        16384,
                        (1 << 21) - 1,
                        1 << 21,
                        (1 << 28) - 1,
                        1 << 28,
                        int.MaxValue,
                        int.MinValue,
                        -1,
                    ])
            {
                Frame frame = new()
                {
                    Kind = fill < 0x80 ? FrameKind.Request : FrameKind.Reply,
                    Version = Frame.CurrentVersion,
                    Code = message.Code,
                    From = (short)(number & short.MaxValue),
                    To = short.MaxValue,
                    FromIncarnation = number,
                    ToIncarnation = ~number,
                    Epoch = number,
                    Caller = ~number,
                    Sequence = (uint)number,
                    Cut = number,
                };
                frame.PayloadBytes[..message.Size].Fill(fill);
                byte[] bytes = WireSamples.Bundle(frame, frame);
                ReadOnlySpan<Frame> read = new BundleReader().Read(bytes);
                Assert.True(
                    WireSamples.Memory([frame, frame]).SequenceEqual(WireSamples.Memory(read)),
                    $"{name} with {number} and {fill}");
            }
        }
    }

    [Fact]
    public void What_an_older_message_left_in_the_payload_does_not_travel()
    {
        Frame frame = WireSamples.ByName[nameof(ClusterProtocol.WakeKsgxd)];
        byte[] clean = WireSamples.Bundle(frame);
        frame.PayloadBytes[8..].Fill(0xEE);
        Assert.Equal(clean, WireSamples.Bundle(frame));
    }

    [Fact]
    public void A_frame_that_no_receiver_could_read_is_not_sent()
    {
        Frame good = WireSamples.ByName[nameof(ClusterProtocol.AddToCounter)];
        Refuses(good with { Kind = FrameKind.None });
        Refuses(good with { Kind = FrameKind.Fenced });
        Refuses(good with { Kind = FrameKind.Pending });
        Refuses(good with { Kind = (FrameKind)9 });
        Refuses(good with { Code = ClusterProtocol.Arrive.Code });
        Refuses(good with { Code = 0 });
        Refuses(good with { Version = 0 });
        Refuses(good with { From = -1 });
        Refuses(good with { To = -1 });

        static void Refuses(Frame frame) => Assert.Throws<InvariantViolation>(() => WireSamples.Bundle(frame));
    }

    [Fact]
    public void Frames_are_encoded_and_decoded_without_allocation()
    {
        Frame[] frames = [.. WireSamples.ByName.Values];
        BundleWriter writer = new();
        BundleReader reader = new(memberCount: 8);
        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Round()
        {
            for (int i = 0; i < 1000; i++)
            {
                foreach (ref Frame frame in frames.AsSpan())
                {
                    writer.TryAdd(in frame);
                }

                reader.Read(writer.Finish().Span);
                writer.Clear();
            }
        }
    }

    [Fact]
    public void A_writer_takes_frames_until_its_limit_and_is_used_again()
    {
        Frame frame = WireSamples.ByName[nameof(ClusterProtocol.ReportCounter)];
        BundleWriter writer = new(4096);
        while (writer.TryAdd(in frame))
        {
        }

        Assert.InRange(writer.Length, 4096 - FrameCodec.MaxBytes, 4096);
        Assert.Equal(writer.Count, new BundleReader().Read(writer.Finish().Span).Length);
        writer.Clear();
        Assert.True(writer.TryAdd(in frame));
        Assert.Equal(WireSamples.Bundle(frame), writer.Finish().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => new BundleWriter(50));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BundleWriter(BundleWriter.MaxBytes + 1));

        // The smallest frames: their number is what ends the bundle.
        BundleWriter refusals = new();
        Frame refusal = new() { Kind = FrameKind.Fenced, Version = Frame.CurrentVersion };
        while (refusals.TryAdd(in refusal))
        {
        }

        Assert.Equal(BundleWriter.MaxFrames, refusals.Count);
        Assert.Equal(BundleWriter.MaxFrames, new BundleReader().Read(refusals.Finish().Span).Length);
    }

    [Theory]
    [InlineData(0, 0x44, "begins with 44 50")]
    [InlineData(2, 99, "has version 99")]
    [InlineData(6, 0x7F, "bytes follow; it may have")]
    [InlineData(3, 0, "says that it has 1 frame in 0 bytes")]
    [InlineData(7, 0, "says that it has 0 frames")]
    [InlineData(8, 0xFF, "says that it has 65281 frames")]
    [InlineData(9, 0, "the kind 0 at byte 9")]
    [InlineData(9, 5, "the kind 5 at byte 9")]
    [InlineData(9, 3, "the kind Fenced has a message")]
    [InlineData(10, 0x20, "the code 0e20 at byte 10")]
    [InlineData(11, 0x0F, "the code 0f03 at byte 10")]
    [InlineData(12, 8, "member 8 at byte 13; there are 8")]
    [InlineData(13, 0x7F, "member 127")]
    [InlineData(23, 15, "the message AddToCounter has 15 bytes at byte 23; in version 2 it has 32")]
    public void A_wrong_byte_is_said_what_and_where(int at, byte value, string said)
    {
        byte[] bytes = WireSamples.Bundle(WireSamples.ByName[nameof(ClusterProtocol.AddToCounter)]);
        bytes[at] = value;
        WireFormatException error = Assert.Throws<WireFormatException>(() => new BundleReader(8).Read(bytes).Length);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bundle_that_is_cut_short_or_goes_on_is_refused()
    {
        byte[] bytes = WireSamples.Bundle([.. WireSamples.ByName.Values]);
        for (int length = 0; length < bytes.Length; length++)
        {
            byte[] part = bytes[..length];
            Assert.Throws<WireFormatException>(() => new BundleReader().Read(part).Length);
            if (length < BundleWriter.HeaderBytes)
            {
                Assert.False(BundleReader.TryMeasure(part, out _));
                continue;
            }

            Assert.True(BundleReader.TryMeasure(part, out int whole));
            Assert.Equal(bytes.Length, whole);

            // Cut, and the header changed to fit: a frame ends too early.
            BitConverter.TryWriteBytes(part.AsSpan(3), length - BundleWriter.HeaderBytes);
            Assert.Throws<WireFormatException>(() => new BundleReader().Read(part).Length);
        }

        Assert.Throws<WireFormatException>(() => new BundleReader().Read([.. bytes, 0]).Length);
        byte[] longer = [.. bytes, 0];
        longer[3]++;
        Assert.Contains(
            "has 1 bytes behind its 16 frames",
            Assert.Throws<WireFormatException>(() => new BundleReader().Read(longer).Length).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_in_a_longer_form_than_needed_is_refused()
    {
        byte[] bytes = WireSamples.Bundle(WireSamples.Fenced);
        foreach (
            byte[] number in (byte[][])
                [
                    [0x81, 0x00],
                    [0xFF, 0xFF, 0xFF, 0xFF, 0x10],
                    [0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
                    [0x80, 0x80, 0x80, 0x80, 0x00],
                ])
        {
            byte[] changed = [.. bytes[..14], .. number, .. bytes[15..]];
            changed[3] += (byte)(number.Length - 1);
            Assert.Contains(
                "in its shortest form",
                Assert.Throws<WireFormatException>(() => new BundleReader().Read(changed).Length).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_claimed_number_of_frames_takes_no_memory()
    {
        byte[] bytes = WireSamples.Bundle(WireSamples.Fenced);
        bytes[7] = bytes[8] = 0xFF;
        BundleReader reader = new();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<WireFormatException>(() => reader.Read(bytes).Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    private static void AssertPinned(string name, Frame frame)
    {
        string bytes = Convert.ToHexStringLower(WireSamples.Bundle(frame));
        Assert.True(
            PinnedVersion == Frame.CurrentVersion && Pinned.GetValueOrDefault(name) == bytes,
            $"The bytes of {(name.Length == 0 ? "a refusal" : name)} are not those of version {PinnedVersion}. "
                + $"{WhatToDo}\n[\"{name}\"] = \"{bytes}\",");
    }

    private static IEnumerable<Type> Messages() =>
        typeof(ClusterProtocol).GetNestedTypes().Where(type => typeof(IMessage).IsAssignableFrom(type));

    private static ushort CodeOf(Type message) =>
        (ushort)message.GetProperty("Code", BindingFlags.Static | BindingFlags.Public)!.GetValue(null)!;
}
