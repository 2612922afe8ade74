using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Transport;
using EpcActors.Distribution.Transport.Sockets;
using EpcActors.Distribution.Wire;

namespace EpcActors.Tests.Distribution;

/// <summary>Who is not let in, what users are told, and what is left behind: nothing.</summary>
public sealed class SocketsRefusalTests
{
    private static readonly SocketOptions Short = SocketsRig.Quick with { JoinLimit = TimeSpan.FromMilliseconds(200) };

    [Theory]
    [InlineData("10.0.0.7:4711", "needs Akka.Cluster")]
    [InlineData("0.0.0.0:4711", "needs Akka.Cluster")]
    [InlineData("somewhere:4711", "needs Akka.Cluster")]
    [InlineData("127.0.0.1", "write it as HOST:PORT")]
    [InlineData("127.0.0.1:65536", "write it as HOST:PORT")]
    public void Other_addresses_are_refused_with_the_remedy(string address, string remedy) =>
        Assert.Contains(remedy, Assert.Throws<ClusterException>(() => SocketOptions.ParseAddress(address)).Message, StringComparison.Ordinal);

    [Fact]
    public void Constructors_refuse_other_hosts()
    {
        IPEndPoint other = new(IPAddress.Parse("192.0.2.1"), 4711);
        Assert.Contains("Akka.Cluster", Assert.Throws<ClusterException>(() => new SocketMemberTransport(other, Short)).Message, StringComparison.Ordinal);
        Assert.Contains("Akka.Cluster", Assert.Throws<ClusterException>(() => new SocketCoordinatorTransport(other, Short)).Message, StringComparison.Ordinal);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 80), SocketOptions.ParseAddress("localhost:80"));
        Assert.NotEqual(SocketOptions.NewToken(), SocketOptions.NewToken());
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_the_remedy()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        await using SocketCoordinatorTransport second = new(rig.Address, Short);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => second.OpenAsync(rig.Heard, CancellationToken.None));
        Assert.Contains($"port {rig.Address.Port}", error.Message, StringComparison.Ordinal);
        Assert.Contains("Name another port, or 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_with_another_token_is_refused_and_told_why()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest member = rig.New(rig.Options with { Token = "guess" });
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => member.JoinAsync());
        Assert.Contains("does not have the token", error.Message, StringComparison.Ordinal);
        Assert.Contains(rig.Coordinator.Address, error.Message, StringComparison.Ordinal);
        await rig.Log.LineAsync("is refused: it does not have the token");
        Assert.Equal(0, rig.Heard.Hellos.Waiting);
    }

    [Fact]
    public async Task A_process_without_the_token_cannot_send_frames()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);
        using Socket stranger = await ConnectedAsync(members[1].Address);
        ConnectionRefusedException error = await Assert.ThrowsAsync<ConnectionRefusedException>(
            () => new Preamble(ConnectionKind.Frames, 0, 1, 1, 1).SendAsync(stranger, "guess", CancellationToken.None));
        Assert.Contains("does not have the token", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await stranger.ReceiveAsync(new byte[1]));
        await members[0].ReachAsync(members[1], 0, 1);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Another_version_is_refused_and_told_why(int at)
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        using Socket old = await ConnectedAsync(rig.Coordinator.Address);
        byte[] preamble = [.. "EPCA"u8, Preamble.Version, Frame.CurrentVersion, .. new byte[14]];
        preamble[at]++;
        await old.SendAsync(preamble);
        byte[] answer = new byte[1024];
        int length = 0;
        while (await old.ReceiveAsync(answer.AsMemory(length)) is int count and > 0)
        {
            length += count;
        }

        Assert.Equal(1, answer[0]);
        Assert.Contains("all processes must be of the same build", Encoding.UTF8.GetString(answer, 3, length - 3), StringComparison.Ordinal);
        await rig.Log.LineAsync("is refused: it speaks version");
    }

    [Fact]
    public async Task A_refusal_of_the_coordinator_reaches_the_member()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest member = rig.New();
        Task<ControlMessage.Welcome> joining = member.JoinAsync();
        (MemberLink link, _) = await rig.Heard.Hellos.NextAsync();
        rig.Coordinator.Tell(link, new ControlMessage.Refused("another file"));
        rig.Coordinator.Drop(link);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => joining.WaitAsync(SocketsRig.Patience));
        Assert.Contains("another file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_said_after_the_time_limit()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        IPEndPoint address = rig.Address;
        await rig.Coordinator.DisposeAsync();
        await using SocketMemberTransport member = new(address, Short);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => member.JoinAsync(SocketsRig.Hello(0), new MemberOfTest(0, member), CancellationToken.None));
        Assert.Contains($"nobody listens at 127.0.0.1:{address.Port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_coordinator_that_comes_a_moment_later_is_found()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        IPEndPoint address = rig.Address;
        await rig.Coordinator.DisposeAsync();
        await using SocketMemberTransport member = new(address, SocketsRig.Quick);
        Task<ControlMessage.Welcome> joining = member.JoinAsync(SocketsRig.Hello(0), new MemberOfTest(0, member), CancellationToken.None);
        await using SocketCoordinatorTransport late = new(address, SocketsRig.Quick);
        await late.OpenAsync(rig.Heard, CancellationToken.None);
        (MemberLink link, _) = await rig.Heard.Hellos.NextAsync();
        late.Tell(link, new ControlMessage.Welcome(0, 1, [], [], [], SocketsRig.View(1, [1], [""])));
        Assert.Equal(0, (await joining.WaitAsync(SocketsRig.Patience)).Member);
    }

    [Fact]
    public async Task A_silent_coordinator_times_out()
    {
        using Socket silent = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        await using SocketMemberTransport member = new((IPEndPoint)silent.LocalEndPoint!, Short);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => member.JoinAsync(SocketsRig.Hello(0), new MemberOfTest(0, member), CancellationToken.None));
        Assert.Contains($"127.0.0.1:{((IPEndPoint)silent.LocalEndPoint!).Port} took the connection and does not answer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_welcome_that_does_not_come_times_out()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest member = rig.New(Short);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => member.JoinAsync());
        Assert.Contains($"the coordinator at {rig.Coordinator.Address} sends no welcome", error.Message, StringComparison.Ordinal);
        Assert.Contains("waited 0.2 s", error.Message, StringComparison.Ordinal);

        // It introduced itself before it went away.
        (MemberLink link, _) = await rig.Heard.Hellos.NextAsync();
        Assert.Same(link, (await rig.Heard.Losses.NextAsync()).Link);
    }

    [Fact]
    public async Task A_join_can_be_given_up()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        using CancellationTokenSource source = new();
        Task<ControlMessage.Welcome> joining = rig.New().JoinAsync(source.Token);
        await rig.Heard.Hellos.NextAsync();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => joining.WaitAsync(SocketsRig.Patience));
        await rig.Heard.Losses.NextAsync();
    }

    [Fact]
    public async Task A_lost_coordinator_is_reported_once()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(1);
        await rig.Coordinator.DisposeAsync();
        Assert.Contains("is gone", await members[0].Losses.NextAsync(), StringComparison.Ordinal);
        await members[0].Transport.DisposeAsync();
        Assert.Equal(0, members[0].Losses.Waiting);
    }

    [Fact]
    public async Task A_lost_member_is_reported_once_and_a_dropped_one_not_at_all()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);
        rig.Coordinator.Drop(members[0].Link);
        Assert.Contains("is gone", await members[0].Losses.NextAsync(), StringComparison.Ordinal);
        await members[0].Transport.DisposeAsync();
        await members[1].Transport.DisposeAsync();
        Assert.Same(members[1].Link, (await rig.Heard.Losses.NextAsync()).Link);
        await rig.Coordinator.DisposeAsync();
        Assert.Equal(0, rig.Heard.Losses.Waiting);
    }

    [Fact]
    public async Task Control_messages_come_once_and_in_order_and_leaving_loses_none()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(1);
        for (int i = 0; i < 200; i++)
        {
            rig.Coordinator.Tell(members[0].Link, new ControlMessage.BeginCut(i));
            members[0].Transport.Tell(new ControlMessage.Failed(new string('x', 10_000) + i));
        }

        await members[0].Transport.LeaveAsync(CancellationToken.None).WaitAsync(SocketsRig.Patience);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(new string('x', 10_000) + i, Assert.IsType<ControlMessage.Failed>((await rig.Heard.Controls.NextAsync()).Message).Message);
        }

        await rig.Heard.Losses.NextAsync();
        for (int i = 0; members[0].Controls.TryNext(out ControlMessage? message); i++)
        {
            Assert.Equal(i, Assert.IsType<ControlMessage.BeginCut>(message).Number);
        }

        Assert.Equal(0, members[0].Losses.Waiting);
    }

    [Fact]
    public async Task Closing_the_door_still_tells_everybody_what_was_said()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(2);
        const int Before = 200;
        foreach (MemberOfTest member in members)
        {
            // More than the kernel takes at once: it is still queued when the door closes.
            for (int i = 0; i < Before; i++)
            {
                rig.Coordinator.Tell(member.Link, new ControlMessage.Refused(new string('x', 100_000)));
            }

            rig.Coordinator.Tell(member.Link, new ControlMessage.Stop(RunEndKind.Finished));
        }

        Task closing = rig.Coordinator.CloseAsync(CancellationToken.None);
        foreach (MemberOfTest member in members)
        {
            for (int i = 0; i < Before; i++)
            {
                Assert.IsType<ControlMessage.Refused>(await member.Controls.NextAsync());
            }

            Assert.IsType<ControlMessage.Stop>(await member.Controls.NextAsync());
            await member.Transport.LeaveAsync(CancellationToken.None);
        }

        await closing.WaitAsync(SocketsRig.Patience);
        Assert.Equal(0, rig.Heard.Losses.Waiting);
    }

    [Fact]
    public async Task A_malicious_peer_closes_its_own_connection_only()
    {
        await using SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(3);
        await members[0].ReachAsync(members[1], 0, 1);

        // Member 2 speaks for itself, then as member 0, then nonsense.
        BundleWriter bundle = new();
        bundle.TryAdd(SocketsRig.Request(0, 1, 1));
        byte[][] evil = [bundle.Finish().ToArray(), [.. Enumerable.Repeat((byte)0xEE, 100)], [(byte)'E', (byte)'P', 1, 0xFF, 0xFF, 0xFF, 0x7F, 1, 0]];
        await members[2].Transport.DisposeAsync();
        foreach (byte[] bytes in evil)
        {
            using Socket socket = await ConnectedAsync(members[1].Address);
            await new Preamble(ConnectionKind.Frames, 2, 1, 1, 1).SendAsync(socket, SocketsRig.Token, CancellationToken.None);
            await socket.SendAsync(bytes);
            await rig.Log.LineAsync("member 1 closes the connection from member 2");
        }

        using (Socket socket = await ConnectedAsync(rig.Coordinator.Address))
        {
            await new Preamble { Kind = ConnectionKind.Control }.SendAsync(socket, SocketsRig.Token, CancellationToken.None);
            await socket.SendAsync(new byte[] { 5, 0, 0, 0, (byte)'{', 1, 2, 3, 4 });
            await rig.Log.LineAsync("a control message cannot be read");
        }

        while (members[1].Frames.TryNext(out _))
        {
        }

        Assert.Equal(0, (await members[0].ReachAsync(members[1], 0, 1)).From);
        rig.Coordinator.Tell(members[1].Link, new ControlMessage.BeginCut(1));
        await members[1].Controls.NextAsync();
    }

    [Fact]
    public async Task Who_says_nothing_is_not_waited_for()
    {
        await using SocketsRig rig = new(SocketsRig.Quick with { HandshakeLimit = TimeSpan.FromMilliseconds(100) });
        await rig.OpenAsync();
        using Socket mute = await ConnectedAsync(rig.Coordinator.Address);
        await rig.Log.LineAsync("it did not say who it is within 0.1 s");
        using Socket shy = await ConnectedAsync(rig.Coordinator.Address);
        await new Preamble { Kind = ConnectionKind.Control }.SendAsync(shy, SocketsRig.Token, CancellationToken.None);
        await rig.Log.LineAsync("it did not introduce itself within 0.1 s");
        Assert.Equal(0, rig.Heard.Hellos.Waiting + rig.Heard.Losses.Waiting);
    }

    [Fact]
    public async Task Nothing_listens_after_the_end()
    {
        SocketsRig rig = new();
        await rig.OpenAsync();
        MemberOfTest[] members = await rig.MembersAsync(3);
        await members[0].ReachAsync(members[1], 0, 1);
        int[] ports = [rig.Address.Port, .. members.Select(member => SocketOptions.ParseAddress(member.Address).Port)];
        Assert.Equal(4, Listening().Intersect(ports).Count());
        await rig.DisposeAsync();
        Assert.Empty(Listening().Intersect(ports));

        static int[] Listening() => [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(end => end.Port)];
    }

    private static async Task<Socket> ConnectedAsync(string address)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(SocketOptions.ParseAddress(address));
        return socket;
    }
}
