using Akka.Actor;
using Akka.Cluster;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Admission to a run: only processes with its token may join and are heard.</summary>
[Trait("tier", "slow")] // Members wait for one another in real time.
public sealed class ClusterTokenTests
{
    private const string Token = "0123456789abcdef0123456789abcdef";

    private static readonly UniqueAddress Coordinator = new(Address.Parse("akka.tcp://epc-cluster@first:1"), 1);
    private static readonly UniqueAddress Member = new(Address.Parse("akka.tcp://epc-cluster@second:2"), 2);
    private static readonly Introduction Between = new(
        Coordinator,
        Member,
        [.. Enumerable.Repeat((byte)1, 16)],
        [.. Enumerable.Repeat((byte)2, 16)]);

    /// <summary>Whatever is replayed, turned round or passed on differs in one of these.</summary>
    [Fact]
    public void A_proof_holds_for_one_end_of_one_handshake_between_two_lives()
    {
        RunToken token = new(Token);
        byte[] proof = token.ProofOfMember(Between);
        byte[][] others =
        [
            token.ProofOfCoordinator(Between),
            new RunToken(Token + "0").ProofOfMember(Between),
            token.ProofOfMember(Between with { NonceOfCoordinator = [.. Enumerable.Repeat((byte)3, 16)] }),
            token.ProofOfMember(Between with { NonceOfMember = [.. Enumerable.Repeat((byte)3, 16)] }),
            token.ProofOfMember(
                Between with
                {
                    NonceOfCoordinator = Between.NonceOfMember,
                    NonceOfMember = Between.NonceOfCoordinator,
                }),
            token.ProofOfMember(Between with { Member = new UniqueAddress(Member.Address, 3) }),
            token.ProofOfMember(Between with { Member = Coordinator, Coordinator = Member }),
            [],
            proof[..31],
        ];
        Assert.True(RunToken.AreEqual(proof, new RunToken(Token).ProofOfMember(Between)));
        Assert.All(others, other => Assert.False(RunToken.AreEqual(proof, other)));
        Assert.NotEqual(RunToken.NewNonce(), RunToken.NewNonce());
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef0123456789abcdeF")]
    public async Task A_process_with_another_token_is_turned_away_and_both_users_hear_why(string token)
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(token: Token);
        var (stranger, _, refused) = cluster.Begin(cluster.Options with { Token = token }, 0);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => refused);
        Assert.StartsWith(
            $"the token of this process is not that of the coordinator at {cluster.Coordinator.Address}",
            error.Message,
            StringComparison.Ordinal);
        Assert.Equal(ClusterErrorKind.Usage, error.Kind);
        string place = ClusterSystem.Place(AkkaCluster.Get(stranger.System!).SelfAddress);
        Assert.Equal(
            $"a process at {place} was turned away: it does not have the token of this run",
            Assert.Single(cluster.Log.Notes, note => note.Contains("token", StringComparison.Ordinal)));

        // The coordinator's listener never heard of it, and a process that has the token comes in.
        Assert.Equal(0, cluster.Log.Hellos.Left);
        var (_, _, joined) = cluster.Begin(1);
        Arrival arrival = await cluster.Log.Hellos.NextAsync();
        Assert.Equal([1], arrival.Hello.Sockets);
        cluster.Coordinator.Tell(arrival.Link, new ControlMessage.Welcome(0, 1, [], [], [], ClusterHarness.View([])));
        await joined;
        Assert.Equal(0, cluster.Log.Losses.Left);
    }

    /// <summary>
    /// The member asks first: a coordinator that cannot prove anything gets no proof, no hello and no frame.
    /// </summary>
    [Fact]
    public async Task A_member_tells_nothing_to_a_coordinator_without_the_token()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        var (_, _, refused) = cluster.Begin(cluster.Options with { Token = Token }, 0);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => refused);
        Assert.Contains("is not that of the coordinator", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, cluster.Log.Hellos.Left);
    }

    /// <summary>
    /// A node that speaks the protocol and leaves the handshake out, or ends it with something else than a proof.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Control_messages_without_a_proof_are_not_heard(bool withWrongProof)
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(
            ClusterHarness.FailureTimeout, token: Token);
        await using StrangerNode stranger = await StrangerNode.JoinAsync(
            cluster.Options,
            AkkaClusterOptions.MemberRole);
        if (withWrongProof)
        {
            stranger.Tell(CoordinatorActor.Name, new Handshake(stranger.Life, RunToken.NewNonce(), []));
            Handshake answer = Assert.IsType<Handshake>(await stranger.Heard.NextAsync());
            Assert.Equal(RunToken.ProofBytes, answer.Proof.Length);

            // The coordinator's own proof is not a proof of a member.
            stranger.Tell(CoordinatorActor.Name, new Handshake(stranger.Life, [], answer.Proof));
            LifeOver over = Assert.IsType<LifeOver>(await stranger.Heard.NextAsync());
            Assert.Contains("--token-file", over.Reason, StringComparison.Ordinal);
        }

        ControlLine line = new(stranger.Life);
        line.Add(ClusterHarness.HelloOf(0));
        stranger.Tell(CoordinatorActor.Name, line.Next(0)!);

        // A member that comes after it is heard, and it is not.
        cluster.Begin(1);
        Assert.Equal([1], (await cluster.Log.Hellos.NextAsync()).Hello.Sockets);
        Assert.Equal(0, cluster.Log.Hellos.Left);
        if (withWrongProof)
        {
            // It did not leave by itself.
            await stranger.Gone.WaitAsync(ClusterHarness.Limit);
        }
    }

    /// <summary>A node of the cluster that is neither in the view nor the coordinator says what those say.</summary>
    [Fact]
    public async Task Frames_and_orders_of_a_stranger_are_not_heard()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(token: Token);
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(2);
        await using StrangerNode stranger = await StrangerNode.JoinAsync(
            cluster.Options,
            AkkaClusterOptions.MemberRole);
        int life = AkkaCluster.Get(members[0].Transport.System!).SelfUniqueAddress.Uid;
        ControlLine line = new(life);
        line.Add(new ControlMessage.Stop(RunEndKind.Cancelled));
        stranger.TellAt(members[0].Address, MemberActor.Name, new LifeOver(life, "go"));
        stranger.TellAt(members[0].Address, MemberActor.Name, line.Next(0)!);
        stranger.TellAt(members[0].Address, WireActor.Name, Bundle(new RunToken("another")));

        // What a member and the coordinator say afterwards is heard; nothing else was.
        await ClusterWait.UntilAsync(() =>
            cluster.Log.Notes.Any(note => note.Contains("does not have the token", StringComparison.Ordinal)));
        members[1].Transport.Send(ClusterHarness.FrameOf(1, 0, 5));
        Assert.Equal(5u, (await members[0].Log.Frames.NextAsync()).Sequence);
        cluster.Coordinator.Tell(members[0].Link, new ControlMessage.BeginCut(7));
        Assert.Equal(new ControlMessage.BeginCut(7), await members[0].Log.Controls.NextAsync());
        Assert.Equal((0, 0, 0), (members[0].Log.Losses.Left, members[0].Log.Controls.Left, members[0].Log.Frames.Left));
    }

    [Fact]
    public void A_token_is_not_in_what_is_written_of_options() =>
        Assert.DoesNotContain(Token, new AkkaClusterOptions { Token = Token }.ToString(), StringComparison.Ordinal);

    /// <summary>A frame from member 1 to member 0, as a process with that token sends it.</summary>
    private static FrameBundle Bundle(RunToken token)
    {
        byte[] head = new byte[BundleHead.MaxBytes];
        int length = new BundleHead(1, 0, 1, 1, 0, 0, token.Seal(1, 0, 1, 1)).Write(head);
        BundleWriter writer = new();
        writer.TryAdd(ClusterHarness.FrameOf(1, 0, 99));
        return new FrameBundle([.. head.AsSpan(0, length), .. writer.Finish().Span], 1);
    }
}
