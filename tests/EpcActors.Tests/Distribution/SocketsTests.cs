using System.Net;
using System.Net.Sockets;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Transport;
using EpcActors.Distribution.Transport.Sockets;

namespace EpcActors.Tests.Distribution;

/// <summary>Frames and control messages over real sockets of this machine, and what happens when they break.</summary>
public sealed class SocketsTests
{
    [Fact]
    public async Task Frames_go_both_ways_in_order_and_are_counted()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);

        const int Count = 2000;
        for (uint i = 1; i <= Count; i++)
        {
            members[0].Transport.Send(SocketsRig.Request(0, 1, i));
            members[1].Transport.Send(SocketsRig.Request(1, 0, i));
        }

        foreach (MemberOfTest member in members)
        {
            for (uint i = 1; i <= Count; i++)
            {
                Frame frame = await member.Frames.NextAsync();
                Assert.Equal(i, frame.Sequence);
                Assert.Equal(4096, frame.Read<ClusterProtocol.ChargeAccount>().Bytes);
            }
        }

        WireCounts zero = members[0].Transport.Counts;
        WireCounts one = members[1].Transport.Counts;
        Assert.Equal(Count, one.FramesIn);
        Assert.Equal(0, zero.FramesDropped + one.FramesDropped);
        Assert.InRange(one.BytesIn, Count * 36L, Count * 60L);
        Assert.Equal("sockets", members[0].Transport.Name);

        // The counts of what was sent follow behind the write.
        await members[0].Transport.DisposeAsync();
        zero = members[0].Transport.Counts;
        Assert.Equal((Count, one.BytesIn, Count), (zero.FramesOut, zero.BytesOut, zero.FramesIn));
        Assert.InRange(zero.Writes, 1, Count);
    }

    [Fact]
    public async Task What_waits_together_travels_together()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);
        await members[0].ReachAsync(members[1], 0, 1);

        // The receiver takes no more; the kernel's buffers fill, and with them the buffer of the sender.
        using ManualResetEventSlim stop = new();
        members[1].Stop = stop;
        const int Count = 20_000;
        for (uint i = 0; i < Count; i++)
        {
            members[0].Transport.Send(SocketsRig.Request(0, 1, i));
        }

        stop.Set();
        for (int came = 0; came < Count - members[0].Transport.Counts.FramesDropped;)
        {
            await members[1].Frames.NextAsync();
            came++;
        }

        await members[0].Transport.DisposeAsync();
        WireCounts counts = members[0].Transport.Counts;
        Assert.True(counts.Writes * 10 < counts.FramesOut, $"{counts.FramesOut} frames took {counts.Writes} writes");
    }

    [Fact]
    public async Task A_full_buffer_drops_and_counts_and_never_waits()
    {
        await using SocketsRig rig = new(SocketsRig.Quick with { BufferBytes = 8192 });
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);
        await members[0].ReachAsync(members[1], 0, 1);
        using ManualResetEventSlim stop = new();
        members[1].Stop = stop;

        long sent = members[0].Transport.Counts.FramesOut;
        for (uint i = 1; members[0].Transport.Counts is { } counts && (counts.FramesDropped < 1000 || counts.FramesOut == sent); i++)
        {
            members[0].Send(SocketsRig.Request(0, 1, i));
            Assert.True(i < 50_000_000, $"nothing is ever dropped, or nothing sent: {counts}");
        }

        stop.Set();
        await members[0].Transport.DisposeAsync();
        WireCounts end = members[0].Transport.Counts;

        // Every frame was sent or was dropped.
        Assert.Equal(members[0].Sends, end.FramesOut + end.FramesDropped);
    }

    [Fact]
    public async Task A_broken_connection_is_made_again()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);

        // Between the two stands somebody who can break what goes through.
        await using BreakableLink between = new(SocketOptions.ParseAddress(members[1].Address));
        members[0].Transport.Connect(SocketsRig.View(2, [1, 1], [members[0].Address, between.Address]));
        await members[0].ReachAsync(members[1], 0, 1);

        between.Break();
        await rig.Log.LineAsync("member 0 has no connection to member 1");
        while (members[1].Frames.TryNext(out _))
        {
        }

        await members[0].ReachAsync(members[1], 0, 1);
        Assert.Equal(2, between.Connections);
    }

    [Fact]
    public async Task Without_a_connection_frames_are_dropped_and_counted()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);
        using Socket nobody = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        members[0].Transport.Connect(SocketsRig.View(2, [1, 1], [members[0].Address, $"127.0.0.1:{((IPEndPoint)nobody.LocalEndPoint!).Port}"]));
        await rig.Log.LineAsync("member 0 has no connection to member 1");
        long before = members[0].Transport.Counts.FramesDropped;
        for (uint i = 0; i < 100; i++)
        {
            members[0].Transport.Send(SocketsRig.Request(0, 1, i));
        }

        Assert.Equal(before + 100, members[0].Transport.Counts.FramesDropped);
    }

    [Fact]
    public async Task Frames_for_a_life_that_is_not_in_the_view_are_dropped()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);
        await members[0].ReachAsync(members[1], 0, 1);
        members[0].Transport.Send(SocketsRig.Request(0, 1, 1, incarnation: 2));
        members[0].Transport.Send(SocketsRig.Request(0, 5, 1));
        Assert.Equal(2, members[0].Transport.Counts.FramesDropped);

        // The view takes the other out.
        members[0].Transport.Connect(SocketsRig.View(2, [1, 0], [members[0].Address, ""]));
        members[0].Transport.Send(SocketsRig.Request(0, 1, 2));
        Assert.Equal(3, members[0].Transport.Counts.FramesDropped);

        // An older view changes nothing.
        members[0].Transport.Connect(SocketsRig.View(1, [1, 1], [members[0].Address, members[1].Address]));
        members[0].Transport.Send(SocketsRig.Request(0, 1, 3));
        Assert.Equal(4, members[0].Transport.Counts.FramesDropped);
    }

    [Fact]
    public async Task A_cut_loses_frames_to_and_from_until_it_ends()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(3);
        await members[0].ReachAsync(members[1], 0, 1);
        await members[1].ReachAsync(members[0], 1, 0);
        await members[2].ReachAsync(members[0], 2, 0);
        members[0].Transport.Cut([1]);
        while (members[0].Frames.TryNext(out _))
        {
        }

        WireCounts before = members[0].Transport.Counts;
        members[0].Transport.Send(SocketsRig.Request(0, 1, 77));
        Assert.Equal(before.FramesDropped + 1, members[0].Transport.Counts.FramesDropped);
        members[1].Transport.Send(SocketsRig.Request(1, 0, 78));
        members[2].Transport.Send(SocketsRig.Request(2, 0, 79));

        // The third is not cut off; when its frame is here, whether that of the second is lost is seen by the counts.
        while ((await members[0].Frames.NextAsync()).Sequence != 79)
        {
        }

        using CancellationTokenSource limit = new(SocketsRig.Patience);
        while (members[0].Transport.Counts.FramesDropped < before.FramesDropped + 2)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal(0, members[0].Frames.Waiting);
        members[0].Transport.Cut([]);
        await members[0].ReachAsync(members[1], 0, 1);
        Assert.Equal(1, (await members[1].ReachAsync(members[0], 1, 0)).From);
    }

    [Fact]
    public async Task Another_life_takes_the_place_of_the_one_before()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);
        await members[0].ReachAsync(members[1], 0, 1);
        await members[1].Transport.DisposeAsync();
        Assert.Same(members[1].Link, (await rig.Heard.Losses.NextAsync()).Link);

        MemberOfTest again = rig.New();
        Task<ControlMessage.Welcome> joining = again.JoinAsync();
        (MemberLink link, ControlMessage.Hello hello) = await rig.Heard.Hellos.NextAsync();
        ControlMessage.Membership view = SocketsRig.View(3, [1, 2], [members[0].Address, hello.Address]);
        rig.Coordinator.Tell(link, new ControlMessage.Welcome(1, 2, [], [], [], view));
        await joining.WaitAsync(SocketsRig.Patience);
        again.Transport.Connect(view);
        members[0].Transport.Connect(view);
        Assert.Equal(2, (await members[0].ReachAsync(again, 0, 1, incarnation: 2)).ToIncarnation);
    }

    [Fact]
    public async Task Nothing_is_heard_before_the_member_is_ready()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = [rig.New(), rig.New()];
        Task<ControlMessage.Welcome>[] joining = [members[0].JoinAsync(), members[1].JoinAsync()];
        string[] addresses = new string[2];
        MemberLink[] links = new MemberLink[2];
        for (int i = 0; i < 2; i++)
        {
            (MemberLink link, ControlMessage.Hello hello) = await rig.Heard.Hellos.NextAsync();
            (links[hello.ProcessId], addresses[hello.ProcessId]) = (link, hello.Address);
        }

        ControlMessage.Membership view = SocketsRig.View(1, [1, 1], addresses);
        for (int i = 0; i < 2; i++)
        {
            rig.Coordinator.Tell(links[i], new ControlMessage.Welcome(i, 1, [], [], [], view));
            rig.Coordinator.Tell(links[i], new ControlMessage.Start());
        }

        await Task.WhenAll(joining).WaitAsync(SocketsRig.Patience);
        members[0].Transport.Connect(view);
        members[0].Transport.Send(SocketsRig.Request(0, 1, 1));
        Assert.IsType<ControlMessage.Start>(await members[0].Controls.NextAsync());
        Assert.Equal(0, members[1].Controls.Waiting + members[1].Frames.Waiting);
        members[1].Transport.Connect(view);
        Assert.IsType<ControlMessage.Start>(await members[1].Controls.NextAsync());
        Assert.Equal(1u, (await members[1].Frames.NextAsync()).Sequence);
    }
}

/// <summary>Passes bytes on from a port of its own, until it breaks the connections.</summary>
internal sealed class BreakableLink : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IPEndPoint _target;
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;

    public BreakableLink(IPEndPoint target)
    {
        _target = target;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = $"127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";
        _accepting = Task.Run(AcceptAsync);
    }

    public string Address { get; }

    public int Connections { get; private set; }

    public void Break()
    {
        lock (_sockets)
        {
            _sockets.ForEach(socket => socket.Dispose());
            _sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        Break();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket near = await _listener.AcceptAsync();
                Socket far = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await far.ConnectAsync(_target);
                lock (_sockets)
                {
                    _sockets.AddRange([near, far]);
                    Connections++;
                }

                _ = PassAsync(near, far);
                _ = PassAsync(far, near);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private static async Task PassAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await from.ReceiveAsync(buffer) is int count and > 0)
            {
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Broken, as intended.
        }
    }
}
