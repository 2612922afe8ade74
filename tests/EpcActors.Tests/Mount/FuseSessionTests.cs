using System.Buffers.Binary;
using System.Text;
using EpcActors.Kernel;
using EpcActors.Kernel.Random;
using EpcActors.Mount.Fuse;

namespace EpcActors.Tests.Mount;

/// <summary>The protocol by its bytes, without a mount.</summary>
public sealed class FuseSessionTests
{
    [Fact]
    public void Init_steps_down_to_the_version_that_both_know()
    {
        Wire wire = new();
        byte[] answer = wire.Ask(FuseOpcode.Init, 0, U32(7, 45, 65536, 0xFFFFFFFF));
        Assert.Equal(80, answer.Length);
        Assert.Equal((0, 7u, FuseSession.Minor), (ErrorOf(answer), At(answer, 16), At(answer, 20)));
        Assert.Equal((uint)FuseSession.MaxWrite, At(answer, 16 + 20));
        Assert.Equal(31u, At(wire.Ask(FuseOpcode.Init, 0, U32(7, 31, 65536, 0)), 20));
        Assert.Equal(-22, ErrorOf(wire.Ask(FuseOpcode.Init, 0, U32(6, 9, 0, 0))));
    }

    [Fact]
    public void A_directory_is_found_made_listed_and_removed()
    {
        Wire wire = new();
        Assert.Equal(-2, ErrorOf(wire.Ask(FuseOpcode.Lookup, 1, Name("a"))));
        byte[] made = wire.Ask(FuseOpcode.MkDir, 1, [.. U32(0x1FF, 0x12), .. Name("a")]);
        Assert.Equal((0, 144), (ErrorOf(made), made.Length));
        ulong node = BinaryPrimitives.ReadUInt64LittleEndian(made.AsSpan(16));
        Assert.Equal(FuseAttr.Directory | 0x1EDu, At(made, 16 + 40 + 60));
        byte[] found = wire.Ask(FuseOpcode.Lookup, 1, Name("a"));
        Assert.Equal(node, BinaryPrimitives.ReadUInt64LittleEndian(found.AsSpan(16)));
        byte[] list = wire.Ask(FuseOpcode.ReadDir, node, [.. U64(0, 0), .. U32(4096, 0), .. U64(0), .. U32(0, 0)]);
        string text = Encoding.UTF8.GetString(list);
        Assert.Contains("cgroup.procs", text, StringComparison.Ordinal);

        // A second part goes on where the first one ended.
        byte[] first = wire.Ask(FuseOpcode.ReadDir, node, [.. U64(0, 0), .. U32(64, 0), .. U64(0), .. U32(0, 0)]);
        Assert.Equal(64, first.Length - 16);
        byte[] second = wire.Ask(FuseOpcode.ReadDir, node, [.. U64(0, 2), .. U32(4096, 0), .. U64(0), .. U32(0, 0)]);
        Assert.Equal(list.Length, first.Length + second.Length - 16);
        Assert.Equal(0, ErrorOf(wire.Ask(FuseOpcode.RmDir, 1, Name("a"))));
        Assert.Equal(-2, ErrorOf(wire.Ask(FuseOpcode.RmDir, 1, Name("a"))));
    }

    [Fact]
    public void A_file_is_opened_written_and_read()
    {
        Wire wire = new();
        ulong node = BinaryPrimitives.ReadUInt64LittleEndian(
            wire.Ask(FuseOpcode.Lookup, 1, Name("cgroup.subtree_control")).AsSpan(16));
        byte[] open = wire.Ask(FuseOpcode.Open, node, U32(2, 0));
        ulong handle = BinaryPrimitives.ReadUInt64LittleEndian(open.AsSpan(16));
        Assert.Equal(1u, At(open, 24) & 1);
        byte[] written = wire.Ask(
            FuseOpcode.Write, node, [.. U64(handle, 0), .. U32(6, 0), .. U64(0), .. U32(0, 0), .. "+misc\n"u8]);
        Assert.Equal((0, 6u), (ErrorOf(written), At(written, 16)));
        byte[] read = wire.Ask(FuseOpcode.Read, node, [.. U64(handle, 0), .. U32(100, 0), .. U64(0), .. U32(0, 0)]);
        Assert.Equal("misc\n", Encoding.UTF8.GetString(read.AsSpan(16)));
        Assert.Equal(0, ErrorOf(wire.Ask(FuseOpcode.Release, node, [.. U64(handle), .. U32(0, 0), .. U64(0)])));
        Assert.Equal(-22, ErrorOf(wire.Ask(FuseOpcode.Write, node, [.. U64(handle, 0), .. U32(6, 0), .. U64(0)])));
    }

    [Theory]
    [InlineData(FuseOpcode.Create, Errno.EACCES)]
    [InlineData(FuseOpcode.MkNod, Errno.EPERM)]
    [InlineData(FuseOpcode.Unlink, Errno.EPERM)]
    [InlineData(FuseOpcode.Rename2, Errno.EPERM)]
    [InlineData(FuseOpcode.GetXAttr, Errno.ENOSYS)]
    [InlineData((FuseOpcode)4711, Errno.ENOSYS)]
    [InlineData(FuseOpcode.Lookup, Errno.EINVAL)]
    [InlineData(FuseOpcode.Open, Errno.EINVAL)]
    public void What_a_cgroup_mount_does_not_do_has_its_error(FuseOpcode opcode, Errno errno) =>
        Assert.Equal(-(int)errno, ErrorOf(new Wire().Ask(opcode, 1, [])));

    [Fact]
    public void What_is_no_message_is_not_answered()
    {
        Wire wire = new();
        Assert.False(wire.Session.Handle([]));
        Assert.False(wire.Session.Handle(new byte[39]));
        byte[] lies = Wire.Message(FuseOpcode.GetAttr, 1, 1, new byte[16]);
        lies[0]++;
        Assert.False(wire.Session.Handle(lies));
        Assert.Empty(wire.Answers);
    }

    /// <summary>
    /// Requests that no kernel sends: each gets one answer of the length that it says, and the file system stays whole.
    /// </summary>
    [Fact]
    public void A_hundred_thousand_mutated_requests_are_survived()
    {
        Wire wire = new();
        Prng random = new(20261129);
        List<byte[]> seeds =
        [
            Wire.Message(FuseOpcode.Init, 0, 0, U32(7, 45, 65536, 0xFFFFFFFF)),
            Wire.Message(FuseOpcode.Lookup, 0, 1, Name("cgroup.procs")),
            Wire.Message(FuseOpcode.MkDir, 0, 1, [.. U32(0x1FF, 0), .. Name("d")]),
            Wire.Message(FuseOpcode.RmDir, 0, 1, Name("d")),
            Wire.Message(FuseOpcode.Open, 0, 2, U32(2, 0)),
            Wire.Message(FuseOpcode.Read, 0, 2, [.. U64(1, 0), .. U32(100, 0), .. U64(0), .. U32(0, 0)]),
            Wire.Message(
                FuseOpcode.Write, 0, 2, [.. U64(1, 0), .. U32(6, 0), .. U64(0), .. U32(0, 0), .. "+misc\n"u8]),
            Wire.Message(FuseOpcode.ReadDir, 0, 1, [.. U64(0, 0), .. U32(4096, 0), .. U64(0), .. U32(0, 0)]),
            Wire.Message(FuseOpcode.SetAttr, 0, 2, new byte[88]),
            Wire.Message(FuseOpcode.Poll, 0, 2, [.. U64(1, 1), .. U32(1, 0)]),
            Wire.Message(FuseOpcode.BatchForget, 0, 0, [.. U32(2, 0), .. U64(2, 1, 3, 1)]),
            Wire.Message(FuseOpcode.Interrupt, 0, 0, U64(3)),
            Wire.Message(FuseOpcode.Release, 0, 2, [.. U64(1), .. U32(0, 0), .. U64(0)]),
        ];
        int answered = 0;
        for (int i = 0; i < 100_000; i++)
        {
            byte[] message = [.. seeds[(int)random.NextBelow(seeds.Count)]];
            for (long changes = random.NextBelow(4); changes > 0; changes--)
            {
                // Numbers of nodes and handles that are there are worth more than any others.
                int at = 4 + (int)random.NextBelow(message.Length - 4);
                message[at] = random.NextBelow(2) == 0 ? (byte)random.NextBelow(8) : (byte)random.NextBelow(256);
            }

            if (random.NextBelow(8) == 0)
            {
                Array.Resize(ref message, 40 + (int)random.NextBelow(80));
                BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
            }

            BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), (ulong)i + 1);
            wire.Answers.Clear();
            Assert.True(wire.Session.Handle(message));
            uint opcode = BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(4));
            bool isSilent = (FuseOpcode)opcode is FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt
                or FuseOpcode.Destroy;
            Assert.Equal(isSilent ? 0 : 1, wire.Answers.Count);
            if (!isSilent)
            {
                byte[] answer = wire.Answers[0];
                Assert.Equal((uint)answer.Length, At(answer, 0));
                Assert.Equal((ulong)i + 1, BinaryPrimitives.ReadUInt64LittleEndian(answer.AsSpan(8)));
                Assert.InRange(ErrorOf(answer), -133, 0);
                answered += ErrorOf(answer) == 0 ? 1 : 0;
            }
        }

        // It must not be that everything was refused.
        Assert.InRange(answered, 10_000, 99_000);
        Assert.Null(wire.Session.LastError);
        Assert.Equal(0, wire.Session.UnderWay);
        Assert.Equal("sgx_epc 67108864\n", wire.Rig.Read("/misc.capacity"));
    }

    private static int ErrorOf(byte[] answer) => BinaryPrimitives.ReadInt32LittleEndian(answer.AsSpan(4));

    private static uint At(byte[] answer, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(answer.AsSpan(offset));

    private static byte[] Name(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    private static byte[] U32(params uint[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static byte[] U64(params ulong[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    /// <summary>A session whose answers are kept.</summary>
    private sealed class Wire
    {
        private ulong _unique;

        public Wire() => Session = new FuseSession(Rig.Files, Answers.Add);

        public FsRig Rig { get; } = new();

        public FuseSession Session { get; }

        public List<byte[]> Answers { get; } = [];

        public byte[] Ask(FuseOpcode opcode, ulong node, byte[] body)
        {
            Answers.Clear();
            Assert.True(Session.Handle(Message(opcode, ++_unique, node, body)));
            byte[] answer = Assert.Single(Answers);
            Assert.Equal(_unique, BinaryPrimitives.ReadUInt64LittleEndian(answer.AsSpan(8)));
            return answer;
        }

        public static byte[] Message(FuseOpcode opcode, ulong unique, ulong node, byte[] body) =>
            [.. U32((uint)(40 + body.Length), (uint)opcode), .. U64(unique, node), .. U32(0, 0, 20, 0), .. body];
    }
}
